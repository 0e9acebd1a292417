//! The pool: chunks, and what they have in common.
//!
//! | file | what |
//! |---|---|
//! | `make`, `restricted` | how it comes to be: at boot, and of a region that is some devices' own |
//! | `take` | where in it a request is served |
//! | `refuse` | why not |

extern crate alloc;

mod make;
mod refuse;
mod restricted;
mod take;

pub(super) use make::blocks_of;

use super::atomic::AtomicU8;
use super::descriptor::Descriptor;
use super::growing::Growing;
use super::open::Open;
use super::origins::{NoOrigins, Notes, Places};
use super::reserve::Reserved;
use super::shared::Shared;
use super::spare::KeptSpare;
use super::waiting::Waiting;
use super::{CHUNK_SLOTS, CHUNKS, Slots};
use crate::error::Refusal;
use crate::level::Level;
use crate::restricted::PoolNumber;
use alloc::boxed::Box;
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::Relaxed;
use hal::{Cpu, Irq, MAX_CPUS, PhysAddr, PhysRange};

/// The slots and the memory under them.
pub struct Pool<I> {
    chunks: Box<[Descriptor<I>; CHUNKS]>,
    shared: Shared,
    /// The chunk that each core prefers.
    areas: [AtomicU8; MAX_CPUS],
    area_count: usize,
    spare: KeptSpare<I>,
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

impl<I: Irq + Cpu> Pool<I> {
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

    pub(super) fn spare(&self) -> &KeptSpare<I> {
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
