//! Slots that nobody has: poisoned, and looked at when somebody takes them (CP-8).
//!
//! Under `dma_debug` alone. Who had a slot last is kept with the generation of its chunk, for memory that left
//! the pool and came back says nothing.

extern crate alloc;

use super::{Overrun, POISON};
use crate::door;
use crate::layer::Dma;
use crate::restricted::PoolNumber;
use crate::swiotlb::{CHUNK_SLOTS, CHUNKS, SLOT, Slots};
use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use hal::{PhysRange, Platform};

/// Who had a slot last.
#[derive(Clone, Copy, Debug)]
struct Last {
    pool: PoolNumber,
    /// Of its chunk, at that time. Even, which none is that has slots, where nobody had it.
    generation: u32,
    device: &'static str,
}

/// Of all slots of a pool: a slot of another pool that has the same place takes its place.
#[derive(Debug)]
pub(crate) struct Freed(Vec<Last>);

impl Freed {
    /// Nobody had any.
    ///
    /// Context: thread; allocates.
    pub(crate) fn new() -> Result<Self, TryReserveError> {
        let (pool, generation, device) = (PoolNumber::SHARED, 0, "");
        let (mut all, slots) = (Vec::new(), CHUNKS * CHUNK_SLOTS as usize);
        all.try_reserve_exact(slots)?;
        let last = Last {
            pool,
            generation,
            device,
        };
        all.resize(slots, last);
        Ok(Self(all))
    }

    fn of(&mut self, (chunk, slot): (usize, u32)) -> Option<&mut Last> {
        self.0.get_mut(chunk * CHUNK_SLOTS as usize + slot as usize)
    }
}

/// The slots of a run, one by one.
fn each(run: PhysRange) -> impl Iterator<Item = PhysRange> {
    (0..).map_while(move |slot| run.slice(slot * SLOT, SLOT))
}

impl<P: Platform> Dma<P> {
    /// Poisons slots that a device has done with, where there is a checker.
    #[inline]
    pub(crate) fn poison(&self, device: impl FnOnce() -> &'static str, slots: &Slots) {
        if self.is_checked() {
            self.poison_all(device(), slots);
        }
    }

    #[cold]
    #[inline(never)]
    fn poison_all(&self, device: &'static str, slots: &Slots) {
        let (Some(checker), Some(pool)) = (&self.checker, self.pool_at(slots.pool())) else {
            return;
        };
        door::fill_run(&self.told(), slots, POISON);
        self.told().complete();
        for slot in each(slots.run()) {
            let place = pool.place_of(slot.start());
            let mut freed = checker.freed.lock();
            let last = place.and_then(|(place, generation)| Some((freed.of(place)?, generation)));
            if let Some((last, generation)) = last {
                let pool = slots.pool();
                *last = Last {
                    pool,
                    generation,
                    device,
                };
            }
        }
    }

    /// Looks whether slots that were just taken are as their last owner left them, where there is a checker.
    #[inline]
    pub(crate) fn look_at_freed(&self, slots: &Slots) {
        if self.is_checked() {
            self.look_at_each(slots);
        }
    }

    #[cold]
    #[inline(never)]
    fn look_at_each(&self, slots: &Slots) {
        let (Some(checker), Some(pool)) = (&self.checker, self.pool_at(slots.pool())) else {
            return;
        };
        for slot in each(slots.run()) {
            let Some((place, generation)) = pool.place_of(slot.start()) else {
                continue;
            };
            let last = checker.freed.lock().of(place).map(|last| *last);
            let same = |last: &Last| (last.pool, last.generation) == (slots.pool(), generation);
            let Some(last) = last.filter(same) else {
                continue;
            };
            if let Some((at, found)) = door::other_in_slot(&self.told(), slots, slot, POISON) {
                let overrun = Overrun::Afterwards { at, found };
                // One line for a run.
                return checker.overran(last.device, None, overrun);
            }
        }
    }
}
