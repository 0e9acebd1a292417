//! Bounce buffers: RAM a device can reach, standing in for RAM it cannot.
//!
//! A pool is made of 2 MiB chunks, cut into 2 KiB slots; a buffer takes a run of neighbouring slots,
//! aligned as its device asks. There is no 256 KiB wall: a run may be as long as a chunk, and longer
//! where chunks are neighbours.
//!
//! | file | what |
//! |---|---|
//! | `layout` | what a request needs, as slot numbers |
//! | `chunk` | the slots of one chunk, and the search for a run |
//! | `descriptor`, `open` | a chunk's place in the pool, and what is done with its lock held |
//! | `classes`, `blocks` | which chunks may serve, and which chunk an address lies in: without a lock |
//! | `rare` | the shape that was looked for in vain |
//! | `pool`, `long` | where a request is served, in one chunk or over several |
//! | `pool::restricted`, `split` | the pool of a region that is some devices' own |
//! | `growing`, `grow`, `spare`, `tend` | places that come and go: who asks, how it grows, what is kept, how it shrinks |
//! | `reserve` | private cells of one device, which the rest of the pool cannot take away |
//! | `terms`, `quota`, `admit` | what one device was promised, and how much it may have |
//! | `waiting` | those who wait for slots, and who is served when |
//! | `supply` | what that needs from the kernel around |
//! | `options` | `swiotlb=` |
//!
//! Context: `alloc` and `release` hold one chunk's lock for some hundred instructions, wait for nothing
//! else and never allocate, so both are fine in an interrupt handler. Cache maintenance and copies are
//! the caller's (`mapping`).

mod admit;
mod atomic;
mod bits;
mod blocks;
mod bounds;
mod chunk;
mod classes;
mod descriptor;
mod grow;
mod growing;
mod layout;
mod long;
#[cfg(test)]
mod model;
mod open;
mod options;
mod origins;
mod place;
mod pool;
mod quota;
mod rare;
mod reserve;
mod shared;
mod spare;
mod split;
mod supply;
mod tend;
mod terms;
mod usage;
mod waiting;

pub(crate) use admit::Denied;
pub(crate) use classes::bits;
pub(crate) use layout::room_at;
pub use layout::{Layout, NeverFits, linux_max_len, max_len};
pub use options::{Complaint, Complaints, Options};
pub use origins::NoOrigins;
pub(crate) use origins::{Found, Notes, Taken};
pub use pool::Pool;
pub(crate) use quota::{Budget, OverQuota};
pub(crate) use reserve::{NoShape, SetNumber, Short, cell};
pub use reserve::{SETS, SetUsage};
pub use split::{Remark, Split, Unusable};
pub use supply::{Growth, Supply};
pub(crate) use terms::Terms;
pub use usage::{ChunkUsage, Extent, PARTS, Usage};
pub use waiting::Grants;
pub(crate) use waiting::{Served, Ticket, Want};

use crate::restricted::PoolNumber;
use core::fmt;
use hal::{PAGE, PhysRange, RamRegion};

/// Bytes in a slot, the unit of allocation.
pub const SLOT: u64 = 2 * hal::KIB;
/// Slots in a chunk.
pub const CHUNK_SLOTS: u32 = 1024;
/// Bytes in a chunk, and its alignment in physical and bus space.
pub const CHUNK: u64 = SLOT * CHUNK_SLOTS as u64;
/// Chunks that a pool can have.
pub const CHUNKS: usize = 64;
/// Chunks of the longest run: what a pool that grows fetches at once, and the longest mapping that can
/// bounce (16 MiB).
pub const LONGEST: usize = 8;
/// Slots in a page.
const PAGE_SLOTS: u32 = (PAGE / SLOT) as u32;

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
            "{range} cannot be a bounce pool: it must start on 2 MiB, end below 1 GiB and be 2 KiB to \
             {} MiB long",
            CHUNKS as u64 * CHUNK / hal::MIB
        )
    }
}

/// A run of slots that one mapping holds. Not `Clone`: giving it back ends it. Losing it leaks the
/// slots until the next boot, and nothing worse.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "slots that are not released stay used"]
pub struct Slots {
    pool: PoolNumber,
    chunk: u8,
    first: u16,
    count: u32,
    data: PhysRange,
}

impl Slots {
    /// Which pool they are of.
    #[inline]
    pub(crate) fn pool(&self) -> PoolNumber {
        self.pool
    }

    /// Where the data are.
    #[inline]
    pub fn data(&self) -> PhysRange {
        self.data
    }
}

#[cfg(test)]
mod tests;
