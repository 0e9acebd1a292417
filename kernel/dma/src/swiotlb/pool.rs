//! The pool: chunks, and where in them a request is served.
//!
//! Each core has a preferred chunk, its *area*: that is tried first, without waiting for its lock, then
//! every other that may serve, lowest first, so that high ones fall empty; a core waits only where
//! all that is left is locked. No chunk is anybody's own, so nobody is refused while there is room.

extern crate alloc;

mod restricted;

use super::atomic::AtomicU8;
use super::classes::bits;
use super::descriptor::Descriptor;
use super::grow::Spare;
use super::growing::Growing;
use super::layout::{Kind, Layout};
use super::open::Open;
use super::origins::{NoOrigins, Notes, Places};
use super::reserve::Reserved;
use super::shared::Shared;
use super::supply::Growth;
use super::waiting::Waiting;
use super::{BadRegion, CHUNK, CHUNK_SLOTS, CHUNKS, Full, LONGEST, SLOT, Slots};
use crate::error::Refusal;
use crate::level::Level;
use crate::restricted::PoolNumber;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::Relaxed;
use hal::{Cpu, Irq, IrqLock, MAX_CPUS, PhysAddr, PhysRange, RamRegion, Rank};

/// The slots and the memory under them.
pub struct Pool<I> {
    chunks: Box<[Descriptor<I>; CHUNKS]>,
    shared: Shared,
    /// The chunk that each core prefers.
    areas: [AtomicU8; MAX_CPUS],
    area_count: usize,
    spare: IrqLock<Option<Spare>, I>,
    reserved: Reserved<I>,
    waiting: Waiting<I>,
    capacity: u32,
    /// Slots in use.
    pub(super) level: Level,
    pub(super) refusals: [AtomicU64; Refusal::COUNT],
    /// Chunks that never go.
    floor: usize,
    first: PhysRange,
}

/// How often a request looks into all chunks while others take slots and give them back.
const ROUNDS: usize = 4;

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

    fn empty(first: PhysRange, growth: Option<Growth>, areas: usize) -> Self {
        let chunks: Vec<_> = (0..CHUNKS).map(|_| Descriptor::new()).collect();
        let Ok(chunks) = chunks.into_boxed_slice().try_into() else {
            unreachable!("as many as were made");
        };
        let floor = first.len().div_ceil(CHUNK) as usize;
        let growing = growth.map(|growth| Growing::new(growth, floor));
        Self {
            chunks,
            areas: [(); MAX_CPUS].map(|()| AtomicU8::new(0)),
            area_count: areas.clamp(1, MAX_CPUS),
            spare: IrqLock::new(Rank::Layer, "spare chunk of the bounce pool", None),
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

    /// Where the pool's first memory is.
    pub fn range(&self) -> PhysRange {
        self.first
    }

    /// Slots of the longest run that could ever be had: a constant.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Chunk `index`, once its lock is free.
    #[inline(always)]
    pub(super) fn open(&self, index: usize) -> Open<'_, I> {
        let chunk = &self.chunks[index];
        Open::new(index, &chunk.hints, &self.shared, chunk.state.lock())
    }

    /// Chunk `index`, if its lock is free.
    #[inline(always)]
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

    /// The pool's growth, if it grows.
    pub(super) fn growing_state(&self) -> Option<&Growing> {
        self.shared.growing.as_ref()
    }

    pub(super) fn spare(&self) -> &IrqLock<Option<Spare>, I> {
        &self.spare
    }

    pub(super) fn waiting(&self) -> &Waiting<I> {
        &self.waiting
    }

    pub(super) fn waiting_mut(&mut self) -> &mut Waiting<I> {
        &mut self.waiting
    }

    pub(super) fn reserved(&self) -> &Reserved<I> {
        &self.reserved
    }

    pub(super) fn floor(&self) -> usize {
        self.floor
    }

    pub(super) fn area_count(&self) -> usize {
        self.area_count
    }

    pub(super) fn set_area(&self, core: usize, chunk: usize) {
        self.areas[core].store(chunk as u8, Relaxed);
    }

    /// Notes for drivers that keep addresses alone, from now on for every chunk.
    ///
    /// Context: thread; allocates.
    pub(crate) fn notes(&self) -> Result<Notes<'_>, NoOrigins> {
        let origins = &self.shared.origins;
        // First, so that a chunk that comes meanwhile has notes as well.
        origins.start_using();
        (0..CHUNKS)
            .filter(|chunk| self.chunks[*chunk].hints.is_filled())
            .try_for_each(|chunk| origins.provide(chunk))?;
        Ok(origins.by_address(self))
    }

    /// Takes slots for `len` bytes of the given shape.
    ///
    /// Context: any; may wait for another core's call, and for nothing else.
    pub fn alloc(&self, layout: &Layout, len: u64) -> Result<Slots, Full> {
        let at_once = self.alloc_at_once(layout, len);
        let slots = at_once.or_else(|| self.alloc_with_care(layout, len));
        self.counted(slots, layout)
    }

    /// Counts what was taken, or says what there is instead.
    #[inline]
    pub(super) fn counted(&self, slots: Option<Slots>, layout: &Layout) -> Result<Slots, Full> {
        let slots = slots.ok_or_else(|| self.full_of(layout))?;
        self.level.took(slots.count);
        Ok(slots)
    }

    /// As `alloc`, of the chunk that this core prefers, if nobody has that locked.
    #[inline]
    pub(crate) fn take_at_once(&self, layout: &Layout, len: u64) -> Option<Slots> {
        let slots = self.alloc_at_once(layout, len)?;
        self.level.took(slots.count);
        Some(slots)
    }

    /// The same, uncounted.
    #[inline(always)]
    fn alloc_at_once(&self, layout: &Layout, len: u64) -> Option<Slots> {
        let area = usize::from(self.areas[I::cpu_id().index()].load(Relaxed)) % CHUNKS;
        // No chunk is a candidate for what is longer than a chunk.
        if self.candidates(layout) >> area & 1 == 0 {
            return None;
        }
        self.try_open(area)?.alloc(layout, len)
    }

    /// As `alloc`, of any chunk, and of those to come.
    #[inline(never)]
    fn alloc_with_care(&self, layout: &Layout, len: u64) -> Option<Slots> {
        let present = self.alloc_present(layout, len);
        present.or_else(|| self.alloc_grown(layout, len))
    }

    /// As `alloc`, of the chunks there are.
    pub(super) fn alloc_present(&self, layout: &Layout, len: u64) -> Option<Slots> {
        if layout.is_long() {
            return self.alloc_long_aloud(layout, len);
        }
        if layout.kind() == Kind::Rare {
            return self.alloc_rare(layout, len);
        }
        for _ in 0..ROUNDS {
            let before = self.shared.rises();
            let slots = self.look_everywhere(self.candidates(layout), layout, len);
            // Where nothing rose, nothing came back behind the search.
            if slots.is_some() || self.shared.rises() == before {
                return slots;
            }
        }
        None
    }

    /// The same for a shape of which no chunk knows whether it has a run.
    fn alloc_rare(&self, layout: &Layout, len: u64) -> Option<Slots> {
        let rare = &self.shared.rare;
        if rare.is_in_vain(layout) {
            return None;
        }
        let search = rare.looks(layout);
        let slots = self.look_everywhere(self.candidates(layout), layout, len);
        if slots.is_none() {
            rare.found_nothing(layout, search);
        }
        slots
    }

    #[inline(always)]
    fn candidates(&self, layout: &Layout) -> u64 {
        self.shared.classes.candidates(layout.kind(), layout.slots)
    }

    /// Looks into `chunks`, lowest first; those that were locked come last and are waited for.
    fn look_everywhere(&self, chunks: u64, layout: &Layout, len: u64) -> Option<Slots> {
        let mut locked = 0;
        for index in bits(chunks) {
            match self.alloc_in(index, layout, len) {
                Ok(slots) => return Some(slots),
                Err(Missed::Locked) => locked |= 1 << index,
                Err(Missed::NoRun) => {}
            }
        }
        bits(locked).find_map(|index| self.open(index).alloc(layout, len))
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
    pub(crate) fn full(&self, wanted: u32) -> Full {
        // What is in none of the classes has no slot.
        let places = u64::BITS - self.shared.classes.candidates(Kind::Any, 1).leading_zeros();
        let chunks = self.chunks.iter().take(places as usize);
        let free = chunks.map(|chunk| chunk.hints.free()).sum();
        Full {
            wanted,
            free,
            largest_run: self.shared.classes.longest().min(free),
        }
    }

    /// The same for a shape that no chunk has a run for: what would have served by its length alone is not
    /// there.
    #[cold]
    fn full_of(&self, layout: &Layout) -> Full {
        let proven = match layout.kind() {
            Kind::Any => layout.slots - 1,
            Kind::Page => layout.slots,
            Kind::Rare => u32::MAX,
        };
        let full = self.full(layout.slots);
        Full {
            largest_run: full.largest_run.min(proven),
            ..full
        }
    }

    /// The refusal of a shape that no chunk has a run for, where there will be no other chunks. `None`: one
    /// may have it, or come.
    pub(crate) fn full_at_once(&self, layout: &Layout) -> Option<Full> {
        let refused = self.candidates(layout) == 0 && self.growing_state().is_none();
        refused.then(|| self.full_of(layout))
    }

    /// The refusal of a request that got slots which are of no use to it.
    pub(crate) fn without(&self, slots: &Slots) -> Full {
        self.full(slots.count)
    }

    /// Gives slots back.
    #[inline]
    pub fn release(&self, slots: Slots) {
        if slots.are_private() {
            return self.release_private(&slots);
        }
        let Slots {
            chunk,
            first,
            count,
            pool: _,
            data: _,
        } = slots;
        self.level.gave(count);
        if u32::from(first) + count > CHUNK_SLOTS {
            return self.release_long(slots);
        }
        let mut chunk = self.open(usize::from(chunk) % CHUNKS);
        chunk.release(u32::from(first), count);
        // Under the lock: see `waiting`.
        let waited = self.waiting.is_any();
        drop(chunk);
        if waited {
            self.waiting.ask();
        }
    }
}

impl<I: Irq + Cpu> Places for Pool<I> {
    fn number(&self) -> PoolNumber {
        self.shared.number
    }

    fn base(&self, place: usize) -> Option<PhysAddr> {
        self.chunks[place].hints.base()
    }

    /// Without a lock. See [`Hints::slot_at`](super::descriptor::Hints::slot_at) for whom the answer is
    /// right.
    fn slot_at(&self, at: PhysAddr) -> Option<(usize, u32)> {
        let chunk = self.shared.blocks.chunk_at(at)? % CHUNKS;
        Some((chunk, self.chunks[chunk].hints.slot_at(at)?))
    }
}

/// The blocks of a region, of which the first and the last may be parts.
pub(super) fn blocks_of(memory: RamRegion) -> impl Iterator<Item = RamRegion> {
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
