//! Slots for those who wait: taken on their behalf, put aside, and told with no lock held.

use super::super::Slots;
use super::super::admit::Denied;
use super::super::growing::Growing;
use super::super::pool::Pool;
use super::Grants;
use super::queue::{Key, Want};
use core::sync::atomic::Ordering::Relaxed;
use hal::{Cpu, Irq};

/// Before memory is asked for again of which there was none, and before a waiter that holds is looked
/// at again.
const RETRY_US: u64 = 10_000;

/// One round over all who wait.
struct Round {
    /// Slots of the smallest run that growth did not bring.
    in_vain: u32,
}

impl<I: Irq + Cpu> Pool<I> {
    /// Serves those who wait, as far as there are slots; the pool grows for them, if it can. Many at a
    /// time; each is woken with no lock held.
    ///
    /// Context: interrupts on, no lock held; may allocate. On several cores at once, one does the work.
    pub fn grant(&self) {
        let Some(grants) = self.waiting().grants else {
            return;
        };
        self.waiting().alone(|| self.serve_all(grants));
    }

    fn serve_all(&self, grants: &'static dyn Grants) {
        let mut round = Round { in_vain: u32::MAX };
        let (mut last, mut holds) = (None, false);
        while !holds {
            let next = self.waiting().queue.lock().behind(last);
            let Some((key, want)) = next else {
                break;
            };
            last = Some(key);
            match self.take_for(&want, &mut round) {
                Ok(slots) => self.put_aside(key, &want, slots),
                Err(denied) => {
                    let of_pool = matches!(denied, Denied::Full(_));
                    let mut queue = self.waiting().queue.lock();
                    holds = queue.was_short(key, of_pool, grants.micros());
                }
            }
        }
        let more = holds || (round.in_vain < u32::MAX && self.may_grow());
        if more && self.waiting().is_any() {
            grants.grant_in(RETRY_US);
        }
    }

    /// Slots for a waiter, from a pool that grows for it unless that was in vain for a smaller one.
    fn take_for(&self, want: &Want, round: &mut Round) -> Result<Slots, Denied> {
        let slots = want.layout.slots;
        let grow = slots < round.in_vain;
        let taken = self.alloc_waiting(&want.terms, &want.layout, want.len, grow);
        if let Err(Denied::Full(_)) = &taken {
            round.in_vain = round.in_vain.min(slots);
        }
        taken
    }

    /// Puts slots aside for a waiter and wakes it; if it left, they go to others.
    fn put_aside(&self, key: Key, want: &Want, slots: Slots) {
        let waiting = self.waiting();
        let granted = {
            let mut queue = waiting.queue.lock();
            let granted = queue.grant(key, slots);
            if granted.is_ok() {
                waiting.count.fetch_sub(1, Relaxed);
            }
            granted
        };
        match granted {
            Ok(Some(waker)) => waker.wake(),
            Ok(None) => {}
            Err(slots) => self.release_for(&want.terms, slots),
        }
    }

    /// Might there be more memory for the pool later?
    fn may_grow(&self) -> bool {
        self.growing_state().is_some_and(Growing::has_room)
    }
}
