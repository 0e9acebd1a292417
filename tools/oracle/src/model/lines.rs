//! The state of every line of RAM: some bits, and two numbers of cores.

use crate::LINE;
use std::ops::RangeInclusive;

/// The CPU stored to it, and nobody wrote it back.
pub(super) const DIRTY: u16 = 1 << 0;
/// The CPU has had it in its caches.
pub(super) const PRESENT: u16 = 1 << 1;
/// A device wrote to memory, and a copy in the caches may be older.
pub(super) const STALE: u16 = 1 << 2;
/// A clean has begun that nobody has waited for.
pub(super) const CLEANING: u16 = 1 << 3;
/// The invalidation of a stale copy has begun, and nobody has waited for it.
pub(super) const DROPPING: u16 = 1 << 4;
/// Stored to since the core last published.
pub(super) const UNPUBLISHED: u16 = 1 << 5;
/// A device wrote, and no core has ordered its loads behind the device's status.
pub(super) const UNACQUIRED: u16 = 1 << 6;
/// A device reads it now.
pub(super) const READ: u16 = 1 << 7;
/// A device writes to it now.
pub(super) const WRITTEN: u16 = 1 << 8;
/// It was reached by a cacheable mapping.
pub(super) const CACHED: u16 = 1 << 9;
/// It was reached by a mapping that is not cacheable.
pub(super) const UNCACHED: u16 = 1 << 10;

/// The core that began maintenance.
const MAINTAINER: u32 = 12;
/// The core that stored last.
const STORER: u32 = 14;

/// The lines of RAM from 0.
pub(super) struct Lines(Vec<u16>);

impl Lines {
    /// Memory that nothing touches costs nothing: the system gives zero pages as they are used.
    pub(super) fn new(ram: u64) -> Self {
        Self(vec![0; (ram / LINE) as usize])
    }

    /// The state of a line; of one beyond RAM, nothing.
    #[inline]
    pub(super) fn get(&self, line: u64) -> u16 {
        self.0.get(line as usize).copied().unwrap_or(0)
    }

    #[inline]
    pub(super) fn set(&mut self, line: u64, state: u16) {
        if let Some(place) = self.0.get_mut(line as usize) {
            *place = state;
        }
    }

    pub(super) fn change(&mut self, line: u64, clear: u16, set: u16) {
        self.set(line, self.get(line) & !clear | set);
    }
}

/// The lines that hold some byte of `phys..phys + len`.
#[inline]
pub(super) fn lines_of(phys: u64, len: u64) -> RangeInclusive<u64> {
    phys / LINE..=phys.saturating_add(len.saturating_sub(1)) / LINE
}

pub(super) const fn maintainer(state: u16) -> u8 {
    (state >> MAINTAINER & 3) as u8
}

pub(super) const fn with_maintainer(state: u16, core: u8) -> u16 {
    state & !(3 << MAINTAINER) | (core as u16 & 3) << MAINTAINER
}

pub(super) const fn storer(state: u16) -> u8 {
    (state >> STORER & 3) as u8
}

pub(super) const fn with_storer(state: u16, core: u8) -> u16 {
    state & !(3 << STORER) | (core as u16 & 3) << STORER
}
