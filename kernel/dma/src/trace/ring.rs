//! The rings: the last events of each core, whoever or whatever that core was serving.
//!
//! A slot is reserved by one atomic addition, so an interrupt between that and the stores takes the
//! next slot, and nothing is lost. The stamp is stored last: until then a reader finds one there that is
//! older than the oldest event of the ring, and knows. The number of an event is where it is.

extern crate alloc;

use super::event::{Event, Tag};
use crate::boxed::boxed;
use alloc::boxed::Box;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use hal::{Cpu, CpuId, MAX_CPUS};

/// Events that a core keeps.
pub const EVENTS: usize = 256;
/// Of a core that goes on while it is read, events that may be overwritten under the reader's eyes.
const MARGIN: u64 = EVENTS as u64 / 8;

#[derive(Default)]
#[repr(align(32))]
struct Slot {
    stamp: AtomicU64,
    addr: AtomicU64,
    len: AtomicU64,
    tag: AtomicU32,
}

/// Events of a core so far. A line for itself.
#[derive(Default)]
#[repr(align(64))]
struct Count(AtomicU64);

/// All rings, one behind the other.
pub(crate) struct Trace {
    counts: [Count; MAX_CPUS],
    slots: Box<[Slot; MAX_CPUS * EVENTS]>,
}

impl Trace {
    /// Context: thread; allocates.
    pub(crate) fn new() -> Self {
        Self {
            counts: Default::default(),
            slots: boxed(Slot::default),
        }
    }

    /// Records an event of the calling core.
    ///
    /// Context: any, interrupts on or off. Some fifteen instructions; waits for nothing.
    #[inline(always)]
    pub(crate) fn note<P: Cpu>(&self, tag: Tag, addr: u64, len: u64) {
        let core = P::cpu_id().index();
        let number = P::ticket(&self.counts[core].0);
        let slot = &self.slots[core * EVENTS + number as usize % EVENTS];
        slot.tag.store(tag.0, Ordering::Relaxed);
        slot.addr.store(addr, Ordering::Relaxed);
        slot.len.store(len, Ordering::Relaxed);
        // For readers on other cores; on this one the order of the program is enough.
        slot.stamp.store(P::stamp(), Ordering::Release);
    }

    /// The last `most` events of a core.
    pub(crate) fn of(&self, cpu: CpuId, most: usize) -> Recorded<'_> {
        let ring = self.ring(cpu);
        let (end, oldest) = ring.ends();
        let kept = end.min(most.min(EVENTS) as u64);
        Recorded {
            ring,
            next: end - kept,
            end,
            oldest,
        }
    }

    fn ring(&self, cpu: CpuId) -> Ring<'_> {
        let first = cpu.index() * EVENTS;
        Ring {
            next: &self.counts[cpu.index()].0,
            slots: &self.slots[first..first + EVENTS],
        }
    }
}

/// One core's.
#[derive(Clone, Copy)]
struct Ring<'t> {
    /// Events so far.
    next: &'t AtomicU64,
    slots: &'t [Slot],
}

impl<'t> Ring<'t> {
    /// Events so far, and the stamp of the oldest that is kept.
    fn ends(&self) -> (u64, u64) {
        let mut end = self.next.load(Ordering::Acquire);
        // A core that records faster than this one reads is believed in the end.
        for _ in 0..16 {
            let oldest = end.saturating_sub(EVENTS as u64);
            let stamp = self.slot(oldest).stamp.load(Ordering::Acquire);
            let now = self.next.load(Ordering::Relaxed);
            if now == end {
                return (end, stamp);
            }
            end = now;
        }
        (end, 0)
    }

    fn slot(&self, number: u64) -> &'t Slot {
        &self.slots[number as usize % EVENTS]
    }
}

/// Events of one core, the oldest first. Those that it overwrites meanwhile are left out, and so is one
/// that it was about to store when it was interrupted.
pub struct Recorded<'t> {
    ring: Ring<'t>,
    next: u64,
    end: u64,
    oldest: u64,
}

impl Recorded<'_> {
    /// Events of the core that are not told, because the ring or the wish for them was too short.
    pub fn lost(&self) -> u64 {
        self.next
    }

    fn read(&self, number: u64) -> Option<Event> {
        let slot = self.ring.slot(number);
        let stamp = slot.stamp.load(Ordering::Acquire);
        let tag = Tag(slot.tag.load(Ordering::Relaxed));
        let [addr, len] = [&slot.addr, &slot.len].map(|word| word.load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        let now = self.ring.next.load(Ordering::Relaxed);
        let overwritten = now != self.end && now - number > EVENTS as u64 - MARGIN;
        if overwritten || stamp < self.oldest {
            return None;
        }
        Event::unpack(number, stamp, tag, addr, len)
    }
}

impl Iterator for Recorded<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        while self.next < self.end {
            self.next += 1;
            if let Some(event) = self.read(self.next - 1) {
                return Some(event);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::event::Kind;
    use super::*;
    use crate::direction::Dir;
    use sim::Machine;
    use std::vec::Vec;

    const TAG: Tag = Tag::new(Kind::Map, Dir::ToDevice, 3);

    fn noted(trace: &Trace, count: u64) {
        (0..count).for_each(|at| trace.note::<Machine>(TAG, at, 64));
    }

    fn addrs(trace: &Trace, most: usize) -> Vec<u64> {
        trace
            .of(CpuId::BOOT, most)
            .map(|event| event.addr)
            .collect()
    }

    #[test]
    fn events_come_out_in_the_order_in_which_they_went_in() {
        let trace = Trace::new();
        assert_eq!(addrs(&trace, EVENTS), []);
        noted(&trace, 3);
        assert_eq!(addrs(&trace, EVENTS), [0, 1, 2]);
        assert_eq!(addrs(&trace, 2), [1, 2]);
        let of = |most| trace.of(CpuId::BOOT, most).lost();
        assert_eq!((of(EVENTS), of(2)), (0, 1));
        let stamps: Vec<u64> = trace.of(CpuId::BOOT, 3).map(|event| event.stamp).collect();
        assert!(stamps.is_sorted(), "{stamps:?}");
    }

    #[test]
    fn a_full_ring_keeps_the_last_events_in_order_and_tells_how_many_it_lost() {
        let trace = Trace::new();
        let count = EVENTS as u64 * 3 + 5;
        noted(&trace, count);
        let kept: Vec<u64> = (count - EVENTS as u64..count).collect();
        assert_eq!(addrs(&trace, usize::MAX), kept);
        assert_eq!(trace.of(CpuId::BOOT, EVENTS).lost(), count - EVENTS as u64);
    }

    #[test]
    fn each_core_has_its_own() {
        let (trace, other) = (Trace::new(), CpuId::new(2).expect("four cores"));
        noted(&trace, 1);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                sim::set_cpu(other);
                noted(&trace, 2);
            });
        });
        assert_eq!(trace.of(CpuId::BOOT, EVENTS).count(), 1);
        assert_eq!(trace.of(other, EVENTS).count(), 2);
    }

    /// Reserves as `note` does, and is interrupted before it stores.
    fn interrupted(trace: &Trace) -> u64 {
        trace.counts[0].0.fetch_add(1, Ordering::Relaxed)
    }

    #[test]
    fn an_interrupt_between_reservation_and_stores_loses_no_event_of_its_own() {
        let trace = Trace::new();
        noted(&trace, EVENTS as u64);
        let number = interrupted(&trace);
        trace.note::<Machine>(TAG, 0xA, 64);
        trace.note::<Machine>(TAG, 0xB, 64);
        let told = addrs(&trace, EVENTS);
        assert_eq!(told.len(), EVENTS - 1, "the unfinished one is not made up");
        assert_eq!(told[told.len() - 2..], [0xA, 0xB]);
        // The handler returns; the stores follow.
        let slot = trace.ring(CpuId::BOOT).slot(number);
        slot.addr.store(0xC, Ordering::Relaxed);
        slot.stamp.store(Machine::stamp(), Ordering::Relaxed);
        assert_eq!(addrs(&trace, 3), [0xC, 0xA, 0xB]);
    }

    #[test]
    fn a_slot_whose_stamp_is_old_is_not_told() {
        let trace = Trace::new();
        noted(&trace, EVENTS as u64);
        let number = interrupted(&trace);
        trace
            .ring(CpuId::BOOT)
            .slot(number)
            .addr
            .store(0xDEAD, Ordering::Relaxed);
        assert!(!addrs(&trace, EVENTS).contains(&0xDEAD));
    }

    #[test]
    fn what_is_overwritten_while_it_is_read_is_left_out() {
        let trace = Trace::new();
        noted(&trace, EVENTS as u64);
        let mut reader = trace.of(CpuId::BOOT, EVENTS);
        assert_eq!(reader.next().map(|event| event.addr), Some(0));
        noted(&trace, 1);
        let rest: Vec<u64> = reader.map(|event| event.addr).collect();
        assert_eq!(rest, (33..EVENTS as u64).collect::<Vec<_>>());
    }

    /// A core that is interrupted whenever it has taken a number: the handler records as well.
    struct Disturbed;

    std::thread_local! {
        static RING: Trace = Trace::new();
    }

    impl Cpu for Disturbed {
        fn cpu_id() -> CpuId {
            CpuId::BOOT
        }

        fn ticket(counter: &AtomicU64) -> u64 {
            let number = Machine::ticket(counter);
            RING.with(|trace| trace.note::<Machine>(TAG, 0xA, 64));
            number
        }
    }

    #[test]
    fn a_number_is_taken_before_anything_is_stored() {
        RING.with(|trace| {
            trace.note::<Disturbed>(TAG, 0xC, 64);
            assert_eq!(addrs(trace, EVENTS), [0xC, 0xA]);
        });
    }

    #[test]
    fn cores_and_handlers_that_record_at_once_lose_nothing() {
        let trace = Trace::new();
        std::thread::scope(|scope| {
            for thread in 0..4_u64 {
                let trace = &trace;
                // All play the boot core: as if each interrupted the others anywhere.
                scope.spawn(move || {
                    for at in 0..50 {
                        trace.note::<Machine>(TAG, thread << 32 | at, 64);
                    }
                });
            }
        });
        let mut told = addrs(&trace, EVENTS);
        for thread in 0..4 {
            let of: Vec<u64> = told.iter().copied().filter(|a| a >> 32 == thread).collect();
            assert!(of.is_sorted(), "each in its own order");
        }
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), 200);
    }
}
