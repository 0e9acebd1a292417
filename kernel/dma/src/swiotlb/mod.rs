//! Bounce buffers: RAM a device can reach, standing in for RAM it cannot.
//!
//! A pool is made of 2 MiB chunks, cut into 2 KiB slots; a buffer takes a run of neighbouring slots,
//! aligned as its device asks. There is no 256 KiB wall: a run may be as long as a chunk. Today the
//! pool is one chunk and does not grow.
//!
//! Context: the pool is plain data behind the lock of [`Dma`](crate::Dma). `alloc` and `release` never wait
//! and never allocate, so both are fine in an interrupt handler. Cache maintenance and copies are
//! the caller's (`mapping`).

mod bits;
mod bounds;
mod chunk;
mod layout;
mod options;
mod origins;

pub use layout::{Layout, NeverFits, max_len};
pub use options::{Complaint, Complaints, Options};
pub use origins::NoOrigins;
pub(crate) use origins::{Found, Origins, Taken};

use chunk::Chunk;
use core::fmt;
use hal::{PhysAddr, PhysRange, RamRegion};

/// Bytes in a slot, the unit of allocation.
pub const SLOT: u64 = 2 * hal::KIB;
/// Slots in a chunk.
pub const CHUNK_SLOTS: u32 = 1024;
/// Bytes in a chunk, and its alignment in physical and bus space.
pub const CHUNK: u64 = SLOT * CHUNK_SLOTS as u64;

/// No run of slots has the shape that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// Slots wanted in one run.
    pub wanted: u32,
    /// Slots free.
    pub free: u32,
    /// Upper bound of the longest free run.
    pub largest_run: u32,
}

/// Memory that cannot be a pool.
#[derive(Debug, PartialEq, Eq)]
pub struct BadRegion {
    /// The memory, back.
    pub region: RamRegion,
}

impl fmt::Display for BadRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = self.region.range();
        write!(
            f,
            "{range} cannot be a bounce pool: it must start on 2 MiB and be 2 KiB to 2 MiB long"
        )
    }
}

/// A run of slots that one mapping holds. Not `Clone`: giving it back ends it. Losing it leaks the
/// slots until the next boot, and nothing worse.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "slots that are not released stay used"]
pub struct Slots {
    first: u32,
    count: u32,
    data: PhysRange,
}

impl Slots {
    /// Where the data are.
    pub(crate) fn data(&self) -> PhysRange {
        self.data
    }
}

/// Occupancy of a pool at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Slots there are.
    pub total: u32,
    /// Slots in use, padding included.
    pub used: u32,
    /// The most that ever were (ST-1).
    pub high_water: u32,
    /// Upper bound of the longest free run.
    pub largest_run: u32,
}

/// The slots and the memory under them.
#[derive(Debug)]
pub struct Pool {
    memory: RamRegion,
    chunk: Chunk,
    high_water: u32,
}

impl Pool {
    /// A pool in `memory`, which starts on a chunk boundary and is at most a chunk long. What is
    /// left of its last slot is not used.
    pub fn new(memory: RamRegion) -> Result<Self, BadRegion> {
        let range = memory.range();
        let slots = range.len() / SLOT;
        if !range.start().is_aligned(CHUNK) || range.len() > CHUNK || slots == 0 {
            return Err(BadRegion { region: memory });
        }
        Ok(Self {
            memory,
            chunk: Chunk::new(slots as u32),
            high_water: 0,
        })
    }

    /// The memory under the slots.
    pub fn range(&self) -> PhysRange {
        self.memory.range()
    }

    /// Slots there are: the longest run that could ever be had.
    pub fn capacity(&self) -> u32 {
        self.chunk.total()
    }

    /// Occupancy.
    pub fn usage(&self) -> Usage {
        Usage {
            total: self.chunk.total(),
            used: self.used(),
            high_water: self.high_water,
            largest_run: self.chunk.longest(),
        }
    }

    fn used(&self) -> u32 {
        self.chunk.total() - self.chunk.free_slots()
    }

    /// Takes slots for `len` bytes of the given shape.
    pub fn alloc(&mut self, layout: &Layout, len: u64) -> Result<Slots, Full> {
        let first = self.chunk.alloc(layout)?;
        self.high_water = self.high_water.max(self.used());
        let data = self.data(first, layout.offset, len);
        Ok(Slots {
            first,
            count: layout.slots,
            data,
        })
    }

    fn data(&self, first: u32, offset: u64, len: u64) -> PhysRange {
        let start: PhysAddr = self.range().start();
        let at = u64::from(first) * SLOT + offset;
        let data = self.range().slice(at, len);
        data.unwrap_or_else(|| panic!("slot {first} + {offset} + {len} leaves the pool at {start}"))
    }

    /// Gives slots back.
    pub fn release(&mut self, slots: Slots) {
        self.chunk.release(slots.first, slots.count);
    }
}
