//! Who has how much of the bounce pool: for the one line that tells that it is full.
//!
//! Counted where something bounces alone. A device's row is its number modulo the rows: two devices that
//! share one count as one, under the name of whoever came last.

use crate::device::{DeviceId, DmaDevice};
use crate::swiotlb::{SLOT, Slots};
use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};
use hal::{IrqLock, Platform, Rank};

/// More than a machine has masters.
const ROWS: usize = 32;

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
    slots: AtomicU32,
}

impl Row {
    const fn new() -> Self {
        Self {
            owner: AtomicU32::new(0),
            slots: AtomicU32::new(0),
        }
    }
}

/// All of them.
pub(crate) struct Users<P: Platform> {
    rows: [Row; ROWS],
    names: IrqLock<[&'static str; ROWS], P>,
}

impl<P: Platform> Users<P> {
    pub(crate) const fn new() -> Self {
        Self {
            rows: [const { Row::new() }; ROWS],
            names: IrqLock::new(Rank::Layer, "users of the pool", [""; ROWS]),
        }
    }

    fn row(&self, id: DeviceId) -> &Row {
        &self.rows[id.number() as usize % ROWS]
    }

    /// A device has taken slots.
    pub(crate) fn took(&self, device: &DmaDevice, slots: &Slots) {
        if !slots.are_private() {
            self.took_many(device, count(slots));
        }
    }

    /// A device has taken so many slots. What it reserves counts as a whole, not as it is used.
    pub(crate) fn took_many(&self, device: &DmaDevice, slots: u32) {
        let (row, owner) = (self.row(device.id()), device.id().number().wrapping_add(1));
        if row.owner.load(Ordering::Relaxed) != owner {
            self.names.lock()[device.id().number() as usize % ROWS] = device.name();
            row.owner.store(owner, Ordering::Relaxed);
        }
        row.slots.fetch_add(slots, Ordering::Relaxed);
    }

    /// A device has given slots back.
    pub(crate) fn gave(&self, id: DeviceId, slots: &Slots) {
        if !slots.are_private() {
            self.gave_many(id, count(slots));
        }
    }

    /// A device has given so many slots back.
    pub(crate) fn gave_many(&self, id: DeviceId, slots: u32) {
        self.row(id).slots.fetch_sub(slots, Ordering::Relaxed);
    }

    /// The name in a device's row.
    pub(crate) fn name(&self, id: DeviceId) -> &'static str {
        self.names.lock()[id.number() as usize % ROWS]
    }

    /// Who has most, if anybody has any.
    pub(crate) fn top(&self) -> Option<Consumer> {
        let slots = |row: &Row| row.slots.load(Ordering::Relaxed);
        let rows = self.rows.iter().enumerate();
        let (at, row) = rows.max_by_key(|(_, row)| slots(row))?;
        let device = self.names.lock()[at];
        (slots(row) > 0).then_some(Consumer {
            device,
            slots: slots(row),
        })
    }
}

fn count(slots: &Slots) -> u32 {
    slots.data().len().div_ceil(SLOT) as u32
}
