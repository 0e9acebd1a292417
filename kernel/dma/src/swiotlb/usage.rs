//! How full a pool is (ST-1, ST-2).

use super::layout::Kind;
use super::pool::Pool;
use super::{CHUNK_SLOTS, SLOT};
use crate::error::Refusal;
use core::sync::atomic::Ordering::Relaxed;
use hal::{Cpu, Irq, PhysRange};

/// Occupancy of a pool at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Slots there are.
    pub total: u32,
    /// Slots in use, padding included.
    pub used: u32,
    /// The most that ever were at one moment since the mark was reset (ST-1): exact.
    pub high_water: u32,
    /// Upper bound of the longest free run in one chunk.
    pub largest_run: u32,
    /// Runs of slots that were handed out so far.
    pub runs: u64,
    /// Bytes that they were for.
    pub bytes: u64,
    /// Requests of its devices that were refused so far, by kind in the order of [`Refusal::ALL`].
    pub refused: [u64; Refusal::COUNT],
}

/// How large a pool is and may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Chunks there are.
    pub chunks: usize,
    /// Slots that never go.
    pub floor: u32,
    /// Slots that there are at most.
    pub ceiling: u32,
    /// Microseconds for which a chunk stays empty before it goes back.
    pub idle_us: u64,
    /// A chunk is kept ready.
    pub spare: bool,
    /// Chunks that came since the start.
    pub grown: u64,
    /// Chunks that went back since the start.
    pub returned: u64,
}

/// Parts of a chunk whose occupancy is told one by one: 64 KiB each.
pub const PARTS: usize = 32;

/// One chunk at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkUsage {
    /// Its memory.
    pub memory: PhysRange,
    /// Slots there are.
    pub total: u32,
    /// Slots in use.
    pub used: u32,
    /// It never goes.
    pub stays: bool,
    /// Slots in use of each part; `None` where the part has no slots.
    pub parts: [Option<u8>; PARTS],
}

impl<I: Irq + Cpu> Pool<I> {
    /// Occupancy: slots in use at one moment, the rest chunk after chunk, so that what other cores do
    /// meanwhile may be in it or not.
    pub fn usage(&self) -> Usage {
        let mut usage = Usage {
            used: self.level.used(),
            high_water: self.level.most(),
            refused: self.refusals.each_ref().map(|count| count.load(Relaxed)),
            ..Usage::default()
        };
        for index in 0..self.chunks().len() {
            let chunk = self.open(index);
            let [runs, bytes] = chunk.state().served;
            let slots = &chunk.state().chunk;
            usage.total += slots.total();
            usage.largest_run = usage.largest_run.max(slots.longest(Kind::Any));
            usage.runs += runs;
            usage.bytes += bytes;
        }
        usage
    }

    /// A request of one of its devices was refused.
    pub(crate) fn refused(&self, kind: Refusal) {
        self.refusals[kind as usize].fetch_add(1, Relaxed);
    }

    /// Chunk `index`, if there is one.
    pub fn chunk_usage(&self, index: usize) -> Option<ChunkUsage> {
        if index >= self.chunks().len() {
            return None;
        }
        let chunk = self.open(index);
        let memory = chunk.state().memory.as_ref()?.range();
        let first = memory.start().get() / SLOT % u64::from(CHUNK_SLOTS);
        let present = first as u32..first as u32 + chunk.state().chunk.total();
        Some(ChunkUsage {
            memory,
            total: chunk.state().chunk.total(),
            used: chunk.state().chunk.total() - chunk.state().chunk.free_slots(),
            stays: index < self.floor(),
            parts: chunk.state().chunk.used_by_part(&present),
        })
    }

    /// How large the pool is and may become.
    pub fn extent(&self) -> Extent {
        let floor = (self.range().len() / SLOT) as u32;
        let filled = self.chunks().iter().filter(|chunk| chunk.hints.is_filled());
        let fixed = Extent {
            chunks: filled.count(),
            floor,
            ceiling: floor,
            idle_us: 0,
            spare: false,
            grown: 0,
            returned: 0,
        };
        let Some(growing) = self.growing_state() else {
            return fixed;
        };
        Extent {
            ceiling: growing.room_above(self.range()) as u32 * CHUNK_SLOTS + floor,
            idle_us: growing.growth().idle_us,
            spare: self.spare().is_there(),
            grown: growing.grown.load(Relaxed),
            returned: growing.returned.load(Relaxed),
            ..fixed
        }
    }

    /// Lets the high-water mark start anew: from nothing, as Linux does (ST-1).
    pub fn reset_high_water(&self) {
        self.level.reset();
    }
}
