//! How full a pool is (ST-1, ST-2).

use super::layout::Kind;
use super::pool::Pool;
use super::{CHUNK_SLOTS, SLOT};
use core::sync::atomic::Ordering::Relaxed;
use hal::{Cpu, Irq, PhysRange};

/// Occupancy of a pool at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Slots there are.
    pub total: u32,
    /// Slots in use, padding included.
    pub used: u32,
    /// The most that ever were since the mark was reset, chunk by chunk (ST-1): the sum of what each had
    /// at most.
    pub high_water: u32,
    /// Upper bound of the longest free run in one chunk.
    pub largest_run: u32,
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
    /// Its slots.
    pub usage: Usage,
    /// It never goes.
    pub stays: bool,
    /// Slots in use of each part; `None` where the part has no slots.
    pub parts: [Option<u8>; PARTS],
}

impl<I: Irq + Cpu> Pool<I> {
    /// Occupancy, chunk after chunk: what other cores do meanwhile may be in it or not.
    pub fn usage(&self) -> Usage {
        (0..self.chunks().len()).fold(Usage::default(), |sum, index| {
            let of = self.usage_of(index);
            Usage {
                total: sum.total + of.total,
                used: sum.used + of.used,
                high_water: sum.high_water + of.high_water,
                largest_run: sum.largest_run.max(of.largest_run),
            }
        })
    }

    fn usage_of(&self, index: usize) -> Usage {
        let chunk = self.open(index);
        let (state, slots) = (chunk.state(), &chunk.state().chunk);
        Usage {
            total: slots.total(),
            used: slots.total() - slots.free_slots(),
            high_water: state.most,
            largest_run: slots.longest(Kind::Any),
        }
    }

    /// Chunk `index`, if there is one.
    pub fn chunk_usage(&self, index: usize) -> Option<ChunkUsage> {
        if index >= self.chunks().len() {
            return None;
        }
        let usage = self.usage_of(index);
        let chunk = self.open(index);
        let memory = chunk.state().memory.as_ref()?.range();
        let first = memory.start().get() / SLOT % u64::from(CHUNK_SLOTS);
        let present = first as u32..first as u32 + chunk.state().chunk.total();
        Some(ChunkUsage {
            memory,
            usage,
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
            spare: self.spare().lock().is_some(),
            grown: growing.grown.load(Relaxed),
            returned: growing.returned.load(Relaxed),
            ..fixed
        }
    }

    /// Lets the high-water mark start anew: from nothing, as Linux does (ST-1).
    pub fn reset_high_water(&self) {
        for index in 0..self.chunks().len() {
            self.open(index).reset_mark();
        }
    }
}
