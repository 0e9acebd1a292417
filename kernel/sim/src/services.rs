//! Pages, time and deferred work.

#![expect(
    unsafe_code,
    reason = "implements an unsafe trait and begins the ownership of simulated RAM"
)]

use crate::Machine;
use hal::{Clock, Defer, Job, NoPages, PageSource, PhysRange, QueueFull, RamRegion, Zone};

/// Jobs that fit in the queue of deferred work.
const QUEUE: usize = 64;

/// The region for `range`, which the page map just gave out.
pub(crate) fn own(range: PhysRange) -> RamRegion {
    // SAFETY: the page map gives out a page only while nobody owns it, and the range lies in a bank.
    unsafe { RamRegion::assume_owned(range) }
}

// SAFETY: the page map gives out free pages of a bank alone, in the zone and with the alignment
// asked for, and panics on any mistake; arenas are initialised from the start.
unsafe impl PageSource for Machine {
    /// First fit. The pages come dirty in the cache, as a careless former owner leaves them.
    fn alloc(&self, bytes: u64, align: u64, zone: Zone) -> Result<RamRegion, NoPages> {
        let mut world = self.world();
        let range = world.pages.alloc(bytes, align, zone)?;
        world.hand_over(range);
        Ok(own(range))
    }

    /// Panics on a double free, on a part of an allocation, and if a view on it is open.
    fn free(&self, region: RamRegion) {
        let mut world = self.world();
        world.pages.free(region.range());
        world.hand_over(region.range());
    }
}

/// One tick per memory operation, and one per look at the clock, so that loops with a time-out end.
impl Clock for Machine {
    fn ticks(&self) -> u64 {
        let mut world = self.world();
        world.ticks += 1;
        world.ticks
    }

    /// A tick is a microsecond.
    fn hz(&self) -> u64 {
        1_000_000
    }
}

impl Defer for Machine {
    fn defer(&self, job: Job) -> Result<(), QueueFull> {
        let mut world = self.world();
        let waiting = world.jobs.len();
        if waiting == QUEUE {
            return Err(QueueFull { waiting });
        }
        world.jobs.push_back(job);
        Ok(())
    }
}

impl Machine {
    /// Lets `micros` pass.
    pub fn advance(&self, micros: u64) {
        self.world().ticks += micros;
    }

    /// Runs the deferred work that waits, and what it defers in turn. Says how many jobs ran.
    /// Panics with interrupts masked: no core would drain the queue there.
    pub fn run_deferred(&self) -> usize {
        assert!(
            !crate::irqs_masked(),
            "deferred work runs with interrupts on"
        );
        let mut jobs = 0;
        loop {
            let next = self.world().jobs.pop_front();
            let Some(job) = next else {
                return jobs;
            };
            (job.run)(job.arg);
            jobs += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Builder;
    use hal::{Irq, PAGE, Pages, Platform};
    use std::cell::Cell;

    thread_local! {
        static RAN: Cell<usize> = const { Cell::new(0) };
    }

    #[test]
    fn pages_are_counted_while_they_live() {
        let machine = Builder::small().build();
        let mut pages = Pages::alloc(machine.clone(), 100, Zone::High).expect("room");
        pages.bytes_mut(&machine)[3] = 7;
        assert_eq!(pages.bytes(&machine)[3], 7);
        assert_eq!(machine.live_bytes(), PAGE);
        drop(pages);
        assert_eq!(machine.live_bytes(), 0);
    }

    #[test]
    #[should_panic(expected = "changes hands under a view")]
    fn freeing_pages_under_a_view_panics() {
        let machine = Builder::small().build();
        let region = machine.alloc(1, 1, Zone::Dma).expect("room");
        machine.view(region.range(), hal::Access::Read);
        machine.free(region);
    }

    #[test]
    fn deferred_work_runs_later_and_in_order() {
        let machine = Builder::small().build();
        let run = |arg| RAN.set(RAN.get() * 10 + arg);
        for arg in [1, 2] {
            machine.defer(Job { run, arg }).expect("room");
        }
        assert_eq!(RAN.get(), 0);
        assert_eq!(machine.run_deferred(), 2);
        assert_eq!(RAN.get(), 12);
    }

    #[test]
    fn a_full_queue_says_so() {
        let machine = Builder::small().build();
        let job = Job { run: drop, arg: 0 };
        (0..QUEUE).for_each(|_| machine.defer(job).expect("room"));
        assert_eq!(machine.defer(job), Err(QueueFull { waiting: QUEUE }));
    }

    #[test]
    #[should_panic(expected = "with interrupts on")]
    fn deferred_work_never_runs_under_a_mask() {
        let _state = Machine::mask();
        Builder::small().build().run_deferred();
    }

    #[test]
    fn waiting_for_a_deadline_ends() {
        let machine = Builder::small().build();
        let deadline = machine.micros() + 20;
        let polls = (0..).take_while(|_| machine.micros() < deadline).count();
        assert!(polls < 21);
        machine.advance(1000);
        assert!(machine.micros() > deadline + 900);
    }
}
