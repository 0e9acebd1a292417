//! How a pool comes to be.

use super::Pool;
use crate::boxed::boxed;
use crate::error::Refusal;
use crate::level::Level;
use crate::swiotlb::atomic::AtomicU8;
use crate::swiotlb::descriptor::Descriptor;
use crate::swiotlb::growing::Growing;
use crate::swiotlb::reserve::Reserved;
use crate::swiotlb::shared::Shared;
use crate::swiotlb::spare::KeptSpare;
use crate::swiotlb::supply::Growth;
use crate::swiotlb::waiting::Waiting;
use crate::swiotlb::{BadRegion, CHUNK, CHUNK_SLOTS, CHUNKS, LONGEST, SLOT};
use core::sync::atomic::AtomicU64;
use hal::{Cpu, Irq, MAX_CPUS, PhysRange, RamRegion};

impl<I: Irq + Cpu> Pool<I> {
    /// A pool in `memory`, which starts on a chunk's boundary in the low GiB and has room for a slot
    /// at least and [`CHUNKS`] chunks at most. What is left of its last slot is not used.
    pub fn new(memory: RamRegion) -> Result<Self, BadRegion> {
        Self::with(memory, None, MAX_CPUS)
    }

    /// As [`new`](Self::new) for a pool that is never smaller than that, but grows. `areas`: how many
    /// chunks at most the cores prefer.
    pub fn growing(memory: RamRegion, growth: Growth, areas: usize) -> Result<Self, BadRegion> {
        Self::with(memory, Some(growth), areas)
    }

    fn with(memory: RamRegion, growth: Option<Growth>, areas: usize) -> Result<Self, BadRegion> {
        let range = memory.range();
        let low = range.end().get() <= hal::GIB;
        let chunks = range.len().div_ceil(CHUNK);
        if !low || !range.start().is_aligned(CHUNK) || range.len() < SLOT || chunks > CHUNKS as u64
        {
            return Err(BadRegion { region: memory });
        }
        let pool = Self::empty(range, growth, areas);
        pool.attach_all(memory);
        pool.settle_areas();
        Ok(pool)
    }

    pub(super) fn empty(first: PhysRange, growth: Option<Growth>, areas: usize) -> Self {
        let floor = first.len().div_ceil(CHUNK) as usize;
        let growing = growth.map(|growth| Growing::new(growth, floor));
        Self {
            chunks: boxed(Descriptor::new),
            areas: [(); MAX_CPUS].map(|()| AtomicU8::new(0)),
            area_count: areas.clamp(1, MAX_CPUS),
            spare: KeptSpare::none(),
            reserved: Reserved::new(),
            waiting: Waiting::new(),
            capacity: capacity(first, growing.as_ref()),
            level: Level::new(),
            refusals: [const { AtomicU64::new(0) }; Refusal::COUNT],
            floor,
            first,
            shared: Shared::new(growing),
        }
    }

    /// Makes chunks of a region, block by block.
    fn attach_all(&self, memory: RamRegion) {
        for (index, block) in blocks_of(memory).enumerate() {
            if block.range().len() >= SLOT {
                let base = block.range().start();
                let entered = self.shared.blocks.enter(base, index);
                assert!(
                    entered,
                    "the first chunks lie in the low GiB, one beside the other"
                );
                self.open(index).attach(block);
            }
        }
    }
}

/// The blocks of a region, of which the first and the last may be parts.
pub(in crate::swiotlb) fn blocks_of(memory: RamRegion) -> impl Iterator<Item = RamRegion> {
    let mut rest = Some(memory);
    core::iter::from_fn(move || {
        let memory = rest.take()?;
        let to_boundary = CHUNK - memory.range().start().get() % CHUNK;
        match memory.split_at(to_boundary) {
            Ok((block, more)) => {
                rest = Some(more);
                Some(block)
            }
            Err(last) => Some(last),
        }
    })
}

/// Slots of the longest run that a pool which starts with `first` could ever have: in its first memory,
/// or in what it grows by at once.
fn capacity(first: PhysRange, growing: Option<&Growing>) -> u32 {
    let floor = first.len() / SLOT;
    let chunks = growing.map_or(0, |growing| growing.room_above(first));
    let grown = chunks.min(LONGEST) as u64 * u64::from(CHUNK_SLOTS);
    floor
        .max(grown)
        .min(LONGEST as u64 * u64::from(CHUNK_SLOTS)) as u32
}
