//! Small bounce buffers: cells of 64 bytes in memory that no cache holds.
//!
//! A 16-byte object in a slot of the pool costs 2 KiB, a clean on the way out, an invalidation on the
//! way back and a wait for each. In uncached memory there is nothing to maintain: the bytes are copied,
//! and a barrier puts them in order. Any reason to bounce will do; the order is cell, then pool. What
//! finds no cell takes slots, which is counted and told to nobody.
//!
//! * **Order** ([`hal::UncachedRegion`] says why). Copying in ends with `publish`, copying out begins
//!   with `acquire`. Drivers have both of their own around a doorbell and a status, but a mapping that
//!   took slots would have waited for its maintenance here, and no driver can tell which it has: so
//!   what the layer did is ordered by the layer, for one instruction each.
//! * **Owners.** A cell is a line, in bus space as well, so no two transfers share one. It is filled in
//!   every direction, and has a canary up to its end, so that no other owner's bytes are in sight (CP-3, CP-4).
//! * **Who gets cells.** Up to the device's [`CellLimits`], 0 turning them off: uncached loads are slow
//!   on silicon, and only a measurement there says where slots begin to win. A device that snoops has no
//!   maintenance to save, one with an alignment mask needs offsets that a cell does not have, and one
//!   with a segment boundary below [`WORD_BYTES`] could find a run across it: these use slots.
//! * **Bookkeeping** (`bits`) is one bit per cell, in ordinary memory (atomics need not work in uncached
//!   memory), without a lock: an allocation is one exchange of a word, a release another. Each core
//!   has a word that it looks at first, in a line that it shares with nobody; so a core that frees
//!   what it took does not meet the others. The longest search, of a full set, is 64 loads.
//!
//! Context: any, handlers included: nothing waits.

mod bits;
mod limits;
mod take;
#[cfg(test)]
mod tests;

pub use limits::CellLimits;

use crate::restricted::PoolNumber;
use bits::{WORDS, Words};
use core::fmt;
use hal::{CpuId, LINE, PhysAddr, PhysRange, UncachedRegion};

/// Bytes in a cell: a line, so that it has no neighbours.
pub const CELL: u64 = LINE;
/// The most bytes that a run of cells holds.
pub const MOST_BYTES: u64 = 4 * CELL;
/// Bytes of the cells that one word keeps. A run lies within, and they start on a multiple of it.
pub const WORD_BYTES: u64 = CELL * u64::BITS as u64;
/// The most memory that is of use to one set of cells.
pub const MOST_MEMORY: u64 = WORD_BYTES * WORDS as u64;

/// Memory that cannot be cells.
#[derive(Debug, PartialEq, Eq)]
pub struct BadMemory {
    /// The memory, back.
    pub memory: UncachedRegion,
}

impl fmt::Display for BadMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = self.memory.range();
        write!(
            f,
            "{range} cannot be bounce cells: give a page or more, on a page"
        )
    }
}

/// A run of neighbouring cells that one mapping holds. Not `Clone`: giving it back ends it. Losing it
/// leaks the cells until the next boot, and nothing worse.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "cells that are not released stay used"]
pub struct Run {
    pool: PoolNumber,
    data: PhysRange,
}

impl Run {
    /// Which pool's cells they are.
    #[inline]
    pub(crate) fn pool(&self) -> PoolNumber {
        self.pool
    }

    /// Where the data are: from the start of the first cell.
    #[inline]
    pub(crate) fn data(&self) -> PhysRange {
        self.data
    }
}

/// Occupancy at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Cells there are.
    pub total: u32,
    /// Cells in use.
    pub used: u32,
}

/// A set of cells and the memory under them.
#[derive(Debug)]
pub struct Cells {
    memory: UncachedRegion,
    number: PoolNumber,
    total: u32,
    words: Words,
}

impl Cells {
    /// Cells in `memory`, which starts on a page. What is not a whole cell, or beyond [`MOST_MEMORY`],
    /// is not used.
    pub fn new(memory: UncachedRegion) -> Result<Self, BadMemory> {
        let range = memory.range();
        let total = (range.len().min(MOST_MEMORY) / CELL) as u32;
        if !range.start().is_aligned(WORD_BYTES) || range.len() < WORD_BYTES {
            return Err(BadMemory { memory });
        }
        Ok(Self {
            memory,
            number: PoolNumber::SHARED,
            total,
            words: Words::new(total),
        })
    }

    /// The same cells, as those of the pool of this number.
    pub(crate) fn numbered(mut self, number: PoolNumber) -> Self {
        self.number = number;
        self
    }

    /// The memory under the cells.
    #[inline]
    pub fn range(&self) -> PhysRange {
        self.memory.range()
    }

    /// Occupancy. What other cores take meanwhile may be missing.
    pub fn usage(&self) -> Usage {
        Usage {
            total: self.total,
            used: self.total - self.words.free(),
        }
    }

    /// Takes cells for `len` bytes (1 to [`MOST_BYTES`]) on core `cpu`, if as many are free side by side
    /// in one word.
    #[inline]
    pub fn alloc(&self, cpu: CpuId, len: u64) -> Option<Run> {
        debug_assert!((1..=MOST_BYTES).contains(&len));
        let first = self.words.take(cpu, len.div_ceil(CELL) as u32)?;
        // Cells that do not exist are never free.
        let start = self.range().start().get() + u64::from(first) * CELL;
        let data = PhysRange::new(PhysAddr::new(start), len);
        let data = data.expect("cells do not reach the end of the address space");
        let pool = self.number;
        Some(Run { pool, data })
    }

    /// Gives cells back, on core `cpu`.
    #[inline]
    pub fn release(&self, cpu: CpuId, run: Run) {
        let offset = run.data.start().get() - self.range().start().get();
        let count = run.data.len().div_ceil(CELL) as u32;
        self.words.give(cpu, (offset / CELL) as u32, count);
    }
}
