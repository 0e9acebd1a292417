//! How the pool gets larger: a chunk that was kept ready, or one that the caller fetches itself.
//!
//! Memory is fetched with interrupts on and no lock held alone: by whoever looks after the pool, or by
//! a request that has no other way and may. It is not zeroed: what is handed out of it is initialised.
//! A place is claimed, and entered for its block, before there are slots in it, so that filling it
//! cannot fail.

use super::classes::bits;
use super::growing::Growing;
use super::layout::Layout;
use super::pool::{Pool, blocks_of};
use super::spare::Spare;
use super::{CHUNK, CHUNK_SLOTS, SLOT, Slots};
use core::sync::atomic::Ordering::Relaxed;
use hal::{Cpu, Irq, PhysAddr, RamRegion};

/// The smallest memory that is worth a place.
const LEAST: u64 = 64 * SLOT;
/// How often a request grows the pool before it is refused: others may take what it made.
const ROUNDS: usize = 4;

impl<I: Irq + Cpu> Pool<I> {
    /// Takes slots that there are none of yet.
    #[cold]
    pub(super) fn alloc_grown(&self, layout: &Layout, len: u64) -> Option<Slots> {
        self.grow_until(layout, || self.alloc_present(layout, len))
    }

    /// Grows until `take` finds what it wants.
    pub(super) fn grow_until(
        &self,
        layout: &Layout,
        take: impl Fn() -> Option<Slots>,
    ) -> Option<Slots> {
        let growing = self.growing_state()?;
        for _ in 0..ROUNDS {
            if !self.grow_for(growing, layout) {
                return None;
            }
            let slots = take();
            if slots.is_some() {
                return slots;
            }
        }
        None
    }

    /// Adds a chunk for a request of this shape, if there is one to be had here and now.
    fn grow_for(&self, growing: &Growing, layout: &Layout) -> bool {
        let end = layout.phase + layout.slots;
        if layout.is_long() {
            let chunks = end.div_ceil(CHUNK_SLOTS);
            if I::masked() {
                growing.ask_for(chunks);
                return false;
            }
            return self.grow_by(growing, chunks);
        }
        let spare = self.spare().take();
        let made = || {
            let least = u64::from(end.max(layout.align)) * SLOT;
            (!I::masked()).then(|| self.make(growing, least)).flatten()
        };
        let spare = spare.or_else(made);
        let grows = spare.is_some();
        if let Some(spare) = spare {
            self.fill(growing, spare);
            if !I::masked() {
                growing.look_later();
            }
        }
        // For the next one.
        growing.ask();
        grows
    }

    /// Is there nothing to grow by, here and now? Told without a lock. Asks for what may be had later, as a
    /// request does that looks in vain.
    pub(super) fn grows_in_vain(&self) -> bool {
        let Some(growing) = self.growing_state() else {
            return true;
        };
        if self.spare().is_there() {
            return false;
        }
        if !growing.has_room() {
            return true;
        }
        if I::masked() {
            growing.call();
            return true;
        }
        // Whoever found that has asked.
        growing.is_dry()
    }

    /// Fetches memory for a place: a chunk, or half and half again down to `least` bytes.
    pub(super) fn make(&self, growing: &Growing, least: u64) -> Option<Spare> {
        // Before there is a look: what comes back behind that makes for another number.
        let frees = growing.growth().supply.frees();
        if growing.is_dry() {
            return None;
        }
        let index = growing.claim()?;
        let least = least.next_power_of_two().max(LEAST);
        let mut bytes = CHUNK;
        while bytes >= least {
            if let Some(memory) = self.fetch(growing, index, bytes) {
                self.note(index);
                return Some(Spare { index, memory });
            }
            bytes /= 2;
        }
        growing.unclaim(1 << index);
        if least == LEAST {
            growing.found_nothing(frees);
        }
        None
    }

    /// Notes for a place, where somebody maps by address. Without heap for them, that is refused there.
    fn note(&self, index: usize) {
        let origins = &self.shared().origins;
        if origins.in_use() {
            let _ = origins.provide(index);
        }
    }

    /// Memory for place `index` in a block that has no chunk yet.
    fn fetch(&self, growing: &Growing, index: usize, bytes: u64) -> Option<RamRegion> {
        let supply = growing.growth().supply;
        let memory = supply.take(bytes, bytes)?;
        let (start, last) = (memory.range().start(), memory.range().last());
        let base = start.align_down(CHUNK);
        let one_block = base == last.align_down(CHUNK) && start.is_aligned(SLOT);
        if one_block && self.shared().blocks.enter(base, index) {
            return Some(memory);
        }
        supply.give_back(memory);
        None
    }

    /// Puts memory into its place.
    ///
    /// Context: any.
    pub(super) fn fill(&self, growing: &Growing, spare: Spare) {
        self.open(spare.index).attach(spare.memory);
        growing.grown.fetch_add(1, Relaxed);
        self.waiting().tell();
    }

    /// Gives memory back that no place was filled with.
    pub(super) fn discard(&self, growing: &Growing, spare: Spare) {
        let base = spare.memory.range().start().align_down(CHUNK);
        self.shared().blocks.leave(base);
        growing.unclaim(1 << spare.index);
        growing.growth().supply.give_back(spare.memory);
    }

    /// Adds `chunks` chunks that are neighbours.
    pub(super) fn grow_by(&self, growing: &Growing, chunks: u32) -> bool {
        let mut places = 0u64;
        for _ in 0..chunks {
            let Some(index) = growing.claim() else {
                growing.unclaim(places);
                return false;
            };
            places |= 1 << index;
        }
        let supply = growing.growth().supply;
        let Some(memory) = supply.take(u64::from(chunks) * CHUNK, CHUNK) else {
            growing.unclaim(places);
            return false;
        };
        // Whole blocks that were free: none of them is a chunk's.
        let entered = self.enter_all(memory.range().start(), places);
        if !entered {
            growing.unclaim(places);
            supply.give_back(memory);
            return false;
        }
        for (index, memory) in bits(places).zip(blocks_of(memory)) {
            self.note(index);
            self.fill(growing, Spare { index, memory });
        }
        growing.look_later();
        true
    }

    fn enter_all(&self, start: PhysAddr, places: u64) -> bool {
        let blocks = &self.shared().blocks;
        let base_of = |number: usize| start.checked_add(number as u64 * CHUNK);
        let mut entered = 0;
        for (number, index) in bits(places).enumerate() {
            if !base_of(number).is_some_and(|base| blocks.enter(base, index)) {
                break;
            }
            entered += 1;
        }
        let all = entered == places.count_ones() as usize;
        if !all {
            (0..entered)
                .filter_map(base_of)
                .for_each(|base| blocks.leave(base));
        }
        all
    }
}
