//! Everything behind the machine's lock, and the adversary's turn.
//!
//! Every operation of the CPU or a device is cut into pieces that stay inside a line, and the
//! adversary gets its turn before each ([`World::turn`]).

use crate::adversary::Mind;
use crate::cache::{Event, LineState};
use crate::lines::lines_of;
use crate::maintenance::{Pending, Request};
use crate::memory::Memory;
use crate::order::Order;
use crate::pages::PageMap;
use crate::trace::Journal;
use crate::{Violation, Who};
use hal::{CpuId, Job, PhysAddr, PhysRange};
use std::collections::{HashSet, VecDeque};

/// How many lines and requests a random move chooses among.
const CANDIDATES: usize = 4;
/// The latest lines in use, which random moves prefer.
const RECENT: usize = 16;

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
    touched: Touched,
}

/// Lines that somebody used: the only ones worth a move.
#[derive(Default)]
pub(crate) struct Touched {
    known: HashSet<PhysAddr>,
    in_order: Vec<PhysAddr>,
    recent: VecDeque<PhysAddr>,
}

#[derive(Clone, Copy)]
enum Move {
    Line(PhysAddr, Event),
    Finish(usize),
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

    /// The adversary's turn.
    pub(crate) fn turn(&mut self) {
        self.ticks += 1;
        if self.asleep || !self.mind.stirs() {
            return;
        }
        let moves = self.moves();
        if let Some(chosen) = self.mind.pick(moves.len()) {
            self.journal.counters.adversary_moves += 1;
            match moves[chosen] {
                Move::Line(line, event) => self.memory.apply(line, event),
                Move::Finish(index) => self.finish(index),
            }
        }
    }

    fn moves(&mut self) -> Vec<Move> {
        let mut moves = Vec::new();
        for line in self.touched.candidates(&mut self.mind) {
            self.line_moves(line, &mut moves);
        }
        let requests = match self.mind {
            Mind::Random { .. } => self.sampled_requests(),
            _ => self.pending.eligible(),
        };
        moves.extend(requests.into_iter().map(Move::Finish));
        moves
    }

    fn sampled_requests(&mut self) -> Vec<usize> {
        let sample = self.mind.sample(self.pending.len(), CANDIDATES);
        let pending = &self.pending;
        sample
            .into_iter()
            .filter_map(|i| pending.oldest_like(i))
            .collect()
    }

    fn line_moves(&self, line: PhysAddr, moves: &mut Vec<Move>) {
        let events: &[Event] = match self.memory.state(line) {
            LineState::Absent => &[Event::Fetch],
            LineState::Clean => &[Event::Evict],
            LineState::Dirty => &[Event::WriteBack, Event::Evict],
        };
        moves.extend(events.iter().map(|event| Move::Line(line, *event)));
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
            self.touch(line);
            self.pending.push(Request { cpu, line, event });
            lines += 1;
        }
        lines
    }

    /// Carries out the request at `index`, if it is still waiting.
    fn finish(&mut self, index: usize) {
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

impl Touched {
    fn note(&mut self, line: PhysAddr) {
        if self.known.insert(line) {
            self.in_order.push(line);
        }
        if self.recent.back() != Some(&line) {
            self.recent.push_back(line);
        }
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
    }

    /// Lines to consider: all, or for random moves some of the recent and some of all.
    fn candidates(&self, mind: &mut Mind) -> Vec<PhysAddr> {
        if !matches!(mind, Mind::Random { .. }) {
            return self.in_order.clone();
        }
        let recent = mind.sample(self.recent.len(), CANDIDATES);
        let any = mind.sample(self.in_order.len(), CANDIDATES);
        let recent = recent.into_iter().map(|i| self.recent[i]);
        recent
            .chain(any.into_iter().map(|i| self.in_order[i]))
            .collect()
    }
}
