//! The pool: chunks, and where in them a request is served.
//!
//! Each core has a preferred chunk, its *area*: that is tried first, without waiting for its lock, then
//! every other that may serve, lowest first, so that high ones fall empty; a core waits only where
//! all that is left is locked. No chunk is anybody's own, so nobody is refused while there is room.

extern crate alloc;

use super::atomic::AtomicU8;
use super::blocks::Blocks;
use super::classes::{Classes, bits};
use super::descriptor::Descriptor;
use super::layout::Layout;
use super::open::Open;
use super::{BadRegion, CHUNK, CHUNK_SLOTS, CHUNKS, Full, SLOT, Slots};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;
use hal::{Cpu, Irq, MAX_CPUS, PhysRange, RamRegion};

/// The slots and the memory under them.
pub struct Pool<I> {
    chunks: Box<[Descriptor<I>; CHUNKS]>,
    shared: Shared,
    /// The chunk that each core prefers.
    areas: [AtomicU8; MAX_CPUS],
    capacity: u32,
    first: PhysRange,
}

/// What all chunks have in common, read without a lock.
pub(super) struct Shared {
    pub(super) classes: Classes,
    pub(super) blocks: Blocks,
}

/// Why a chunk that may serve did not.
enum Missed {
    /// Another core has it.
    Locked,
    /// It has no such run after all.
    NoRun,
}

impl<I: Irq + Cpu> Pool<I> {
    /// A pool in `memory`, which starts on a chunk's boundary in the low GiB and has room for a slot
    /// at least and [`CHUNKS`] chunks at most. What is left of its last slot is not used.
    pub fn new(memory: RamRegion) -> Result<Self, BadRegion> {
        let range = memory.range();
        let low = range.end().get() <= hal::GIB;
        let chunks = range.len().div_ceil(CHUNK);
        if !low || !range.start().is_aligned(CHUNK) || range.len() < SLOT || chunks > CHUNKS as u64
        {
            return Err(BadRegion { region: memory });
        }
        let pool = Self::empty(range);
        pool.attach_all(memory);
        Ok(pool)
    }

    fn empty(first: PhysRange) -> Self {
        let chunks: Vec<_> = (0..CHUNKS).map(|_| Descriptor::new()).collect();
        let Ok(chunks) = chunks.into_boxed_slice().try_into() else {
            unreachable!("as many as were made");
        };
        Self {
            chunks,
            shared: Shared {
                classes: Classes::new(),
                blocks: Blocks::new(),
            },
            areas: [(); MAX_CPUS].map(|()| AtomicU8::new(0)),
            capacity: u32::try_from(first.len() / SLOT).unwrap_or(u32::MAX),
            first,
        }
    }

    /// Makes chunks of a region, block by block.
    fn attach_all(&self, memory: RamRegion) {
        let (mut rest, mut index) = (Some(memory), 0);
        while let Some(region) = rest.take() {
            let block = match region.split_at(CHUNK) {
                Ok((block, more)) => {
                    rest = Some(more);
                    block
                }
                Err(last) => last,
            };
            if block.range().len() >= SLOT {
                self.attach(index, block);
            }
            index += 1;
        }
    }

    fn attach(&self, index: usize, memory: RamRegion) {
        let base = memory.range().start();
        self.open(index).attach(memory);
        let known = self.shared.blocks.set(base, Some(index));
        assert!(known, "chunks lie in the low GiB");
    }

    /// Where the pool's first memory is.
    pub fn range(&self) -> PhysRange {
        self.first
    }

    /// Slots of the longest run that could ever be had: a constant.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Chunk `index`, once its lock is free.
    pub(super) fn open(&self, index: usize) -> Open<'_, I> {
        let chunk = &self.chunks[index];
        Open::new(index, &chunk.hints, &self.shared, chunk.state.lock())
    }

    /// Chunk `index`, if its lock is free.
    pub(super) fn try_open(&self, index: usize) -> Option<Open<'_, I>> {
        let chunk = &self.chunks[index];
        let state = chunk.state.try_lock()?;
        Some(Open::new(index, &chunk.hints, &self.shared, state))
    }

    pub(super) fn chunks(&self) -> &[Descriptor<I>; CHUNKS] {
        &self.chunks
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Takes slots for `len` bytes of the given shape.
    ///
    /// Context: any; may wait for another core's call, and for nothing else.
    pub fn alloc(&self, layout: &Layout, len: u64) -> Result<Slots, Full> {
        if layout.is_long() {
            return self
                .alloc_long(layout, len)
                .ok_or_else(|| self.full(layout));
        }
        let may = self.candidates(layout);
        let area = usize::from(self.areas[I::cpu_id().index()].load(Relaxed)) % CHUNKS;
        if may >> area & 1 == 1
            && let Some(mut chunk) = self.try_open(area)
            && let Some(slots) = chunk.alloc(layout, len)
        {
            return Ok(slots);
        }
        self.alloc_elsewhere(layout, len)
    }

    fn candidates(&self, layout: &Layout) -> u64 {
        self.shared.classes.candidates(layout.kind(), layout.slots)
    }

    /// Looks into every chunk that may serve; those that were locked come last and are waited for.
    fn alloc_elsewhere(&self, layout: &Layout, len: u64) -> Result<Slots, Full> {
        let mut locked = 0;
        for index in bits(self.candidates(layout)) {
            match self.alloc_in(index, layout, len) {
                Ok(slots) => return Ok(slots),
                Err(Missed::Locked) => locked |= 1 << index,
                Err(Missed::NoRun) => {}
            }
        }
        let found = bits(locked).find_map(|index| self.open(index).alloc(layout, len));
        found.ok_or_else(|| self.full(layout))
    }

    fn alloc_in(&self, index: usize, layout: &Layout, len: u64) -> Result<Slots, Missed> {
        if self.chunks[index].hints.longest(layout.kind()) < layout.slots {
            return Err(Missed::NoRun);
        }
        let mut chunk = self.try_open(index).ok_or(Missed::Locked)?;
        let slots = chunk.alloc(layout, len).ok_or(Missed::NoRun)?;
        drop(chunk);
        self.areas[I::cpu_id().index()].store(index as u8, Relaxed);
        Ok(slots)
    }

    /// The refusal, from what is known without a lock.
    #[cold]
    fn full(&self, layout: &Layout) -> Full {
        let mut full = Full {
            wanted: layout.slots,
            free: 0,
            largest_run: 0,
        };
        // What is in none of the classes has no slot.
        for index in bits(self.shared.classes.candidates(super::layout::Kind::Any, 1)) {
            let hints = &self.chunks[index].hints;
            let free = hints.free();
            full.free += free;
            full.largest_run = full
                .largest_run
                .max(free.min(hints.longest(super::layout::Kind::Any)));
        }
        full
    }

    /// Gives slots back.
    pub fn release(&self, slots: Slots) {
        let Slots {
            chunk,
            first,
            count,
            data: _,
        } = slots;
        if u32::from(first) + count > CHUNK_SLOTS {
            return self.release_long(slots);
        }
        self.open(usize::from(chunk) % CHUNKS)
            .release(u32::from(first), count);
    }
}
