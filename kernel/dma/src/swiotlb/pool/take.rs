//! Where in the pool a request is served.
//!
//! Each core has a preferred chunk, its *area*: that is tried first, without waiting for its lock, then
//! every other that may serve, lowest first, so that high ones fall empty; a core waits only where
//! all that is left is locked. No chunk is anybody's own, so nobody is refused while there is room.

use super::Pool;
use crate::swiotlb::classes::bits;
use crate::swiotlb::layout::{Kind, Layout};
use crate::swiotlb::{CHUNKS, Full, Slots};
use core::sync::atomic::Ordering::Relaxed;
use hal::{Cpu, Irq};

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
    /// Takes slots for `len` bytes of the given shape.
    ///
    /// Context: any; may wait for another core's call, and for nothing else.
    pub fn alloc(&self, layout: &Layout, len: u64) -> Result<Slots, Full> {
        // Of a rare shape no chunk knows whether it has a run, so each would be searched.
        let refused = layout.kind() == Kind::Rare && self.is_full_for(layout);
        if !refused && let Some(slots) = self.take_at_once(layout, len) {
            return Ok(slots);
        }
        self.alloc_or_refuse(layout, len)
    }

    // A full pool is refused first: that it is full is known, and a search would take longer than a success.
    #[inline(never)]
    fn alloc_or_refuse(&self, layout: &Layout, len: u64) -> Result<Slots, Full> {
        if self.is_full_for(layout) {
            return Err(self.full_of(layout));
        }
        let present = self.alloc_present(layout, len);
        let slots = present.or_else(|| self.alloc_grown(layout, len));
        self.counted(slots, layout)
    }

    /// Counts what was taken, or says what there is instead.
    #[inline]
    pub(in crate::swiotlb) fn counted(
        &self,
        slots: Option<Slots>,
        layout: &Layout,
    ) -> Result<Slots, Full> {
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

    /// As `alloc`, of the chunks there are.
    pub(in crate::swiotlb) fn alloc_present(&self, layout: &Layout, len: u64) -> Option<Slots> {
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
    pub(super) fn candidates(&self, layout: &Layout) -> u64 {
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
}
