//! The list of live mappings, in order of bus addresses for each device, and of lines for all (DM-3, OV-1).

extern crate alloc;

use super::tree::Tree;
use crate::device::DeviceId;
use crate::direction::Dir;
use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use hal::{LINE, PhysRange};

/// Return addresses that an entry keeps.
pub(crate) const CALLERS: usize = 3;

/// By which calls a mapping is made and ended (DBG-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A buffer that its mapping owns.
    Single,
    /// A piece of a list.
    List,
    /// Memory that a driver knows by its bus address.
    Address,
}

/// A live mapping (DM-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live {
    /// Whose.
    pub device: &'static str,
    pub(crate) id: DeviceId,
    /// By which call.
    pub call: Call,
    /// Which way.
    pub dir: Dir,
    /// Where the device finds it.
    pub bus: u64,
    /// Bytes that map was given.
    pub len: u64,
    /// The buffer.
    pub block: PhysRange,
    /// Where the bytes are for the device: the buffer, or slots.
    pub side: PhysRange,
    /// Return addresses of the call that mapped it, innermost first; 0 where there is none.
    pub callers: [u64; CALLERS],
    /// Sharing lines with others of the kind is meant to be (OV-4).
    pub(crate) shares: bool,
}

impl Live {
    /// Is it known by its lines (OV-2)?
    fn has_lines(&self) -> bool {
        self.dir != Dir::ToDevice
    }

    fn lines(&self) -> (u64, u64) {
        lines(self.side)
    }
}

/// First and last line.
pub(super) fn lines(range: PhysRange) -> (u64, u64) {
    (range.start().get() / LINE, range.last().get() / LINE)
}

/// The list.
#[derive(Debug)]
pub(super) struct List {
    entries: Vec<Option<Live>>,
    free: Vec<u32>,
    by_bus: Tree,
    by_line: Tree,
    /// The most that ever were.
    pub(super) most: u32,
}

/// There is no room for another mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListFull;

impl List {
    /// Reserves memory for so many, once and for all (DM-5).
    pub(super) fn with_capacity(entries: u32) -> Result<Self, TryReserveError> {
        let mut list = Self {
            entries: Vec::new(),
            free: Vec::new(),
            by_bus: Tree::with_capacity(entries)?,
            by_line: Tree::with_capacity(entries)?,
            most: 0,
        };
        list.entries.try_reserve_exact(entries as usize)?;
        list.entries.resize(entries as usize, None);
        list.free.try_reserve_exact(entries as usize)?;
        list.free.extend((0..entries).rev());
        Ok(list)
    }

    pub(super) fn capacity(&self) -> u32 {
        self.entries.len() as u32
    }

    pub(super) fn used(&self) -> u32 {
        self.capacity() - self.free.len() as u32
    }

    pub(super) fn add(&mut self, live: Live) -> Result<(), ListFull> {
        let at = self.free.pop().ok_or(ListFull)?;
        self.entries[at as usize] = Some(live);
        let last = live.bus.saturating_add(live.len - 1);
        self.by_bus.insert(at, live.id.number(), live.bus, last);
        if live.has_lines() {
            let (first, last) = live.lines();
            self.by_line.insert(at, 0, first, last);
        }
        self.most = self.most.max(self.used());
        Ok(())
    }

    /// Takes out the mapping that `fits` best of those of a device that start at `bus`: the first with
    /// the most points. A tie between mappings that differ is no match (DM-3).
    pub(super) fn take(
        &mut self,
        device: DeviceId,
        bus: u64,
        fits: impl Fn(&Live) -> u32,
    ) -> Option<Live> {
        let mut best: Option<(u32, u32)> = None;
        let mut tie = false;
        self.by_bus
            .overlapping(device.number(), bus, bus, &mut |at| {
                let Some(live) = self.entries[at as usize].filter(|live| live.bus == bus) else {
                    return;
                };
                let points = fits(&live);
                match best {
                    Some((most, known)) if most == points => {
                        tie |= self.entries[known as usize] != Some(live);
                    }
                    Some((most, _)) if most > points => {}
                    _ => (best, tie) = (Some((points, at)), false),
                }
            });
        let (points, at) = best?;
        let exact = points == EXACT;
        (exact || !tie).then(|| self.drop_entry(at))?
    }

    fn drop_entry(&mut self, at: u32) -> Option<Live> {
        let live = self.entries[at as usize].take()?;
        self.by_bus.remove(at);
        if live.has_lines() {
            self.by_line.remove(at);
        }
        self.free.push(at);
        Some(live)
    }

    /// The mapping of a device that has the byte at `bus`; of several, the one that `wanted` picks.
    pub(super) fn holding(
        &self,
        device: DeviceId,
        bus: u64,
        wanted: impl Fn(&Live) -> bool,
    ) -> Option<Live> {
        let mut found: Option<Live> = None;
        self.by_bus
            .overlapping(device.number(), bus, bus, &mut |at| {
                let live = self.entries[at as usize];
                if found.is_none_or(|found| !wanted(&found)) {
                    found = live;
                }
            });
        found
    }

    /// How many mappings share a line with `new`, and the first.
    pub(super) fn sharing(&self, new: &Live) -> (u32, Option<Live>) {
        let (mut count, mut one) = (0, None);
        let (first, last) = new.lines();
        if !new.has_lines() {
            return (count, one);
        }
        self.by_line.overlapping(0, first, last, &mut |at| {
            let old = self.entries[at as usize];
            // OV-4: both have to carry it.
            if let Some(old) = old.filter(|old| !(old.shares && new.shares)) {
                count += 1;
                one = one.or(Some(old));
            }
        });
        (count, one)
    }

    /// Live mappings of a device, and the one with the lowest address.
    pub(super) fn of(&self, device: DeviceId) -> (u32, Option<Live>) {
        let (mut count, mut one) = (0, None);
        self.by_bus
            .overlapping(device.number(), 0, u64::MAX, &mut |at| {
                count += 1;
                one = one.or(self.entries[at as usize]);
            });
        (count, one)
    }

    /// Entry `at`, if there is one.
    pub(super) fn get(&self, at: u32) -> Option<Live> {
        self.entries.get(at as usize).copied().flatten()
    }
}

/// The points of a mapping that fits in every way: of length, direction and call.
pub(super) const EXACT: u32 = 3;

#[cfg(test)]
mod tests;
