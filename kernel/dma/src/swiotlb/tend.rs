//! Looking after the pool: the next spare, and what has been idle for long enough goes back.
//!
//! Low water is reached when no chunk has a quarter of its slots free, or none a run of 64 KiB. From
//! then on a spare is kept ready; at rest there is none. A chunk that stayed empty for the idle time
//! goes, highest first, unless nothing else would be above low water. What is in use and at rest is not
//! looked at again before its last slot comes back, or there is room elsewhere.

use super::classes::bits;
use super::growing::{Growing, Next, Rest, first};
use super::open::Idle;
use super::pool::Pool;
use core::sync::atomic::Ordering::Relaxed;
use hal::{Cpu, Irq, MAX_CPUS};

/// Before memory is asked for again of which there was none.
const RETRY_US: u64 = 10_000;

impl<I: Irq + Cpu> Pool<I> {
    /// Looks after a pool that grows; nothing else needs it.
    ///
    /// Context: interrupts on, no lock held. On several cores at once, one of them does the work.
    pub fn tend(&self) {
        if let Some(growing) = self.growing_state() {
            growing.alone(|| self.look_after(growing));
        }
    }

    fn look_after(&self, growing: &Growing) -> Rest {
        let supply = growing.growth().supply;
        let now = supply.micros();
        let wish = growing.long_wish();
        let long = wish == 0 || self.grow_by(growing, wish);
        let low = self.shared().is_low();
        if low {
            growing.calm_since.store(now, Relaxed);
        }
        let ready = !low || self.keep_spare(growing);
        self.settle_areas();
        let next = self.shrink(growing, now, low);
        if !ready || !long {
            supply.tend_in(RETRY_US);
            return Rest::Hushed;
        }
        growing.look_again(next);
        Rest::Ready
    }

    /// Sees to it that there is a spare, as far as the ceiling allows. False: no memory.
    fn keep_spare(&self, growing: &Growing) -> bool {
        if !growing.has_room() || self.spare().is_there() {
            return true;
        }
        let Some(spare) = self.make(growing, 0) else {
            return false;
        };
        self.spare().keep(spare);
        true
    }

    /// Gives back what is idle. Returns when to look again.
    fn shrink(&self, growing: &Growing, now: u64, low: bool) -> Next {
        let mut next = self.drop_spare(growing, now, low);
        let mut grown = growing.claimed() & !first(self.floor());
        while let Some(highest) = grown.checked_ilog2() {
            grown &= !(1 << highest);
            next = next.max(self.return_idle(growing, highest as usize, now));
        }
        next
    }

    /// Gives the spare back, if there is one and water was not low for long enough.
    fn drop_spare(&self, growing: &Growing, now: u64, low: bool) -> Next {
        let calm_for = now.saturating_sub(growing.calm_since.load(Relaxed));
        if !self.spare().is_there() {
            return Next::Never;
        }
        if low {
            self.shared().tell_when_roomy();
            return Next::Told;
        }
        if calm_for < growing.growth().idle_us {
            return Next::Soon;
        }
        if let Some(spare) = self.spare().take() {
            self.discard(growing, spare);
        }
        Next::Never
    }

    /// Gives one chunk back, if it is idle.
    fn return_idle(&self, growing: &Growing, index: usize, now: u64) -> Next {
        let others = self.shared().roomy() & !(1 << index);
        let mut chunk = self.open(index);
        let idle = chunk.idle(now);
        match idle {
            Idle::Absent => return Next::Never,
            Idle::Held => return Next::Told,
            Idle::For(_) if others == 0 => {
                self.shared().tell_when_roomy();
                return Next::Told;
            }
            Idle::For(micros) if micros >= growing.growth().idle_us => {}
            Idle::Used | Idle::For(_) => return Next::Soon,
        }
        let memory = chunk.detach();
        drop(chunk);
        if let Some(memory) = memory {
            growing.unclaim(1 << index);
            growing.returned.fetch_add(1, Relaxed);
            growing.growth().supply.give_back(memory);
        }
        Next::Never
    }

    /// Has each core prefer one of the lowest chunks that have room, so that the high ones fall empty.
    pub(super) fn settle_areas(&self) {
        let roomy = self.shared().roomy();
        let Some(lowest) = bits(roomy).next() else {
            return;
        };
        for core in 0..MAX_CPUS {
            let chosen = bits(roomy).nth(core % self.area_count()).unwrap_or(lowest);
            self.set_area(core, chosen);
        }
    }
}
