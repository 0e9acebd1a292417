//! Who has how much of the bounce pools, and had at most: for statistics (ST-2), and for the one line that
//! tells that a pool is full.
//!
//! Counted where something bounces alone. A device has a row of its own from its first bounce on, for
//! good; those that come when there is none left share the last one, and count as one.

extern crate alloc;

use crate::boxed::boxed;
use crate::device::{DeviceId, DmaDevice};
use crate::level::Level;
use crate::restricted::PoolNumber;
use crate::swiotlb::bits;
use crate::swiotlb::{SLOT, Slots};
use alloc::boxed::Box;
use core::fmt;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use hal::{IrqLock, Platform, Rank};
use spin::Once;

/// More than a machine has masters, and a self-test makes of them.
const ROWS: usize = 64;
/// The row of all that have none of their own.
const OTHERS: usize = ROWS - 1;
/// A device and the slots that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// Its name.
    pub device: &'static str,
    /// Slots in use, padding aside.
    pub slots: u32,
}

impl fmt::Display for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has {}", self.device, self.slots)
    }
}

/// One device's.
struct Row {
    /// The device's number and one more; 0 before there was one.
    owner: AtomicU32,
    slots: Level,
}

#[derive(Clone, Copy)]
struct Name {
    device: &'static str,
    /// What it bounces through.
    pool: PoolNumber,
}

impl Row {
    const fn new() -> Self {
        Self {
            owner: AtomicU32::new(0),
            slots: Level::new(),
        }
    }
}

/// All of them.
pub(crate) struct Users<P: Platform> {
    rows: [Row; ROWS],
    /// Bit by bit the rows that are somebody's: most are nobody's, and a refusal looks at them all.
    used: AtomicU64,
    /// For refusals and statistics alone, so they lie elsewhere.
    names: Box<[Once<Name>; ROWS]>,
    settling: IrqLock<(), P>,
}

const fn owner(id: DeviceId) -> u32 {
    id.number().wrapping_add(1)
}

/// The row that a device gets, unless somebody has it. Not the last one, which is many devices'.
#[inline]
const fn first_row(id: DeviceId) -> usize {
    match id.number() as usize % ROWS {
        OTHERS => 0,
        row => row,
    }
}

impl<P: Platform> Users<P> {
    /// Context: thread; allocates.
    pub(crate) fn new() -> Self {
        Self {
            names: boxed(Once::new),
            rows: [const { Row::new() }; ROWS],
            used: AtomicU64::new(0),
            settling: IrqLock::new(Rank::Layer, "users of the pool", ()),
        }
    }

    /// The row of a device, or that of all who have none.
    #[inline]
    fn row(&self, id: DeviceId) -> usize {
        let first = first_row(id);
        if self.rows[first].owner.load(Ordering::Relaxed) == owner(id) {
            return first;
        }
        self.find(id)
    }

    #[cold]
    fn find(&self, id: DeviceId) -> usize {
        let is = |row: &Row| row.owner.load(Ordering::Relaxed) == owner(id);
        self.rows.iter().position(is).unwrap_or(OTHERS)
    }

    /// The row of a device from now on.
    #[cold]
    fn settle(&self, device: &DmaDevice) -> usize {
        let (id, _alone) = (device.id(), self.settling.lock());
        let at = self.find(id);
        if at != OTHERS {
            return at;
        }
        let mut places = (first_row(id)..OTHERS).chain(0..OTHERS);
        let free = |at: &usize| self.rows[*at].owner.load(Ordering::Relaxed) == 0;
        let found = places.find(free);
        let (at, name) = match found {
            Some(at) => (at, device.name()),
            None => (OTHERS, "(others)"),
        };
        let pool = device.pool_number();
        let name = Name { device: name, pool };
        self.names[at].call_once(|| name);
        self.used.fetch_or(1 << at, Ordering::Relaxed);
        if at != OTHERS {
            self.rows[at].owner.store(owner(id), Ordering::Relaxed);
        }
        at
    }

    /// A device has taken slots.
    #[inline]
    pub(crate) fn took(&self, device: &DmaDevice, slots: &Slots) {
        if !slots.are_private() {
            self.took_many(device, count(slots));
        }
    }

    /// A device has taken so many slots. What it reserves counts as a whole, not as it is used.
    pub(crate) fn took_many(&self, device: &DmaDevice, slots: u32) {
        let at = match self.row(device.id()) {
            OTHERS => self.settle(device),
            at => at,
        };
        self.rows[at].slots.took(slots);
    }

    /// A device has given slots back.
    #[inline]
    pub(crate) fn gave(&self, id: DeviceId, slots: &Slots) {
        if !slots.are_private() {
            self.gave_many(id, count(slots));
        }
    }

    /// A device has given so many slots back.
    #[inline]
    pub(crate) fn gave_many(&self, id: DeviceId, slots: u32) {
        self.rows[self.row(id)].slots.gave(slots);
    }

    /// The name in a device's row.
    pub(crate) fn name(&self, id: DeviceId) -> &'static str {
        let name = self.names[self.row(id)].get();
        name.map_or("", |name| name.device)
    }

    /// Slots that a device has, and the most that it had since the mark was reset.
    pub(crate) fn of(&self, id: DeviceId) -> (u32, u32) {
        let at = self.find(id);
        if at == OTHERS {
            return (0, 0);
        }
        let slots = &self.rows[at].slots;
        (slots.used(), slots.most())
    }

    /// Lets the marks of all devices start anew.
    pub(crate) fn reset(&self) {
        self.rows.iter().for_each(|row| row.slots.reset());
    }

    /// Who has most of a pool, if anybody has any.
    pub(crate) fn top(&self, pool: PoolNumber) -> Option<Consumer> {
        let places = bits(self.used.load(Ordering::Relaxed)).map(|at| at % ROWS);
        let named =
            places.filter_map(|at| Some((self.rows[at].slots.used(), self.names[at].get()?)));
        let of_pool = named.filter(|(_, name)| name.pool == pool);
        let used = of_pool.map(|(slots, name)| (slots, name.device));
        let (slots, device) = used.max_by_key(|(slots, _)| *slots)?;
        (slots > 0).then_some(Consumer { device, slots })
    }
}

#[inline]
fn count(slots: &Slots) -> u32 {
    slots.data().len().div_ceil(SLOT) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::BOARD;
    use sim::Machine;

    #[test]
    fn st_2_who_has_most_is_told_while_anybody_has_any() {
        let users = Users::<Machine>::new();
        let device = |name| DmaDevice::builder(name).build(&BOARD).expect("valid");
        let (few, most) = (device("few"), device("most"));
        users.took_many(&few, 1);
        users.took_many(&most, 2);
        let top = users.top(PoolNumber::SHARED).expect("two have some");
        assert_eq!((top.device, top.slots), ("most", 2));
        users.gave_many(few.id(), 1);
        users.gave_many(most.id(), 2);
        assert_eq!(users.top(PoolNumber::SHARED), None);
    }

    #[test]
    fn st_2_a_device_of_whichever_number_is_counted_without_a_lock_once_it_has_a_row() {
        // Of as many numbers that follow one another, two stand for each row.
        let devices = if cfg!(miri) { 2 } else { 2 * ROWS };
        for _ in 0..devices {
            let users = Users::<Machine>::new();
            let device = DmaDevice::builder("any").build(&BOARD).expect("valid");
            users.took_many(&device, 1);
            let locks = sim::irq_masks();
            users.took_many(&device, 1);
            users.gave_many(device.id(), 2);
            assert_eq!(sim::irq_masks(), locks, "{:?}", device.id());
            assert_eq!(users.of(device.id()), (0, 2));
        }
    }
}
