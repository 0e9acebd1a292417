//! Everything behind the machine's lock.
//!
//! Every operation of the CPU or a device is cut into pieces that stay inside a line, and the
//! adversary gets its turn before each ([`World::turn`]).

use crate::adversary::Mind;
use crate::background::Background;
use crate::cache::Event;
use crate::lines::lines_of;
use crate::maintenance::{Pending, Request};
use crate::memory::Memory;
use crate::order::Order;
use crate::pages::PageMap;
use crate::trace::Journal;
use crate::turn::Touched;
use crate::{Violation, Who};
use hal::{CpuId, Job, PhysAddr, PhysRange};
use std::collections::VecDeque;

pub(crate) struct World {
    pub(crate) memory: Memory,
    pub(crate) mind: Mind,
    pub(crate) pending: Pending,
    pub(crate) order: Order,
    pub(crate) pages: PageMap,
    pub(crate) journal: Journal,
    pub(crate) ticks: u64,
    pub(crate) jobs: VecDeque<Job>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) strict: bool,
    /// The adversary lets everything pass.
    pub(crate) asleep: bool,
    pub(crate) touched: Touched,
    pub(crate) background: Background,
    /// What CPU and devices have seen so far, as a number.
    pub(crate) seen: u64,
    /// Memory that has no cacheable address.
    pub(crate) uncached: Vec<PhysRange>,
}

impl World {
    pub(crate) fn new(memory: Memory, pages: PageMap, mind: Mind, strict: bool) -> Self {
        Self {
            memory,
            mind,
            pages,
            strict,
            asleep: false,
            pending: Pending::default(),
            order: Order::default(),
            journal: Journal::default(),
            ticks: 0,
            jobs: VecDeque::new(),
            violations: Vec::new(),
            touched: Touched::default(),
            background: Background::default(),
            seen: 0,
            uncached: Vec::new(),
        }
    }

    /// Records a broken rule; panics in a strict machine.
    pub(crate) fn violate(&mut self, violation: Violation) {
        let message = violation.to_string();
        self.violations.push(violation);
        // A panic in a `drop` that a panic started would hide the first one's message.
        assert!(!self.strict || std::thread::panicking(), "{message}");
    }

    /// Records that `who` may not touch `range`, unless somebody owns it.
    pub(crate) fn check_owned(&mut self, who: Who, range: PhysRange) {
        if !self.pages.is_live(range) {
            self.violate(Violation::FreeRam { who, range });
        }
    }

    /// `line` is in use: the adversary may care for it.
    pub(crate) fn touch(&mut self, line: PhysAddr) {
        self.touched.note(line);
    }

    /// Asks for `event` on every line of `range`, by `cpu`.
    pub(crate) fn request(&mut self, cpu: CpuId, range: PhysRange, event: Event) -> u64 {
        let mut lines = 0;
        for line in lines_of(range) {
            self.turn();
            self.check_cacheable(line);
            self.touch(line);
            self.pending.push(Request { cpu, line, event });
            lines += 1;
        }
        lines
    }

    /// Carries out the request at `index`, if it is still waiting.
    pub(crate) fn finish(&mut self, index: usize) {
        if let Some(request) = self.pending.take(index) {
            self.carry_out(request);
        }
    }

    fn carry_out(&mut self, request: Request) {
        let Request { line, event, .. } = request;
        if event == Event::Invalidate && self.memory.views_on(line).0 != 0 {
            self.violate(Violation::InvalidateUnderView { line });
        }
        self.memory.apply(line, event);
    }

    /// Everything that `cpu` asked for is done when this returns.
    pub(crate) fn finish_all(&mut self, cpu: CpuId) {
        for request in self.pending.drain(cpu) {
            self.carry_out(request);
        }
    }

    /// All maintenance is done, all caches are empty, and no line is of interest any more.
    pub(crate) fn settle(&mut self) {
        (0..self.pending.len()).for_each(|index| self.finish(index));
        self.pending = Pending::default();
        let banks: Vec<PhysRange> = self.memory.banks().collect();
        for line in banks.into_iter().flat_map(lines_of) {
            self.memory.apply(line, Event::Evict);
        }
        self.touched = Touched::default();
    }

    /// Before a store to `line`: maintenance that waits may well take effect first.
    pub(crate) fn before_store(&mut self, line: PhysAddr) {
        if !matches!(self.mind, Mind::WorstPrefetch) {
            return;
        }
        while let Some(index) = self.pending.on_line(line) {
            self.finish(index);
        }
    }

    /// `range` (whole pages) changes hands: nothing that happened there matters any more.
    pub(crate) fn hand_over(&mut self, range: PhysRange) {
        assert!(
            !self.memory.has_view(range),
            "{range} changes hands under a view"
        );
        for line in lines_of(range) {
            self.order.forget(line);
        }
        self.memory.soil(range);
    }
}
