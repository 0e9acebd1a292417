//! The adversary's turn: which moves there are, and making one.

use crate::adversary::Mind;
use crate::cache::{Event, LineState};
use crate::world::World;
use hal::PhysAddr;
use std::collections::{HashSet, VecDeque};

/// How many lines and requests a random move chooses among.
const CANDIDATES: usize = 4;
/// The latest lines in use, which random moves prefer.
const RECENT: usize = 16;

/// Lines that somebody used: the only ones worth a move.
#[derive(Default)]
pub(crate) struct Touched {
    known: HashSet<PhysAddr>,
    in_order: Vec<PhysAddr>,
    recent: VecDeque<PhysAddr>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Move {
    Line(PhysAddr, Event),
    Finish(usize),
    /// The device's next access.
    Device,
}

impl World {
    /// The adversary's turn.
    pub(crate) fn turn(&mut self) {
        self.ticks += 1;
        if self.asleep || !self.mind.stirs() {
            return;
        }
        if let Mind::Walker(walker) = &self.mind {
            let walker = walker.clone();
            return self.walk(&walker);
        }
        let moves = self.moves();
        if let Some(chosen) = self.mind.pick(moves.len()) {
            self.make(moves[chosen]);
        }
    }

    pub(crate) fn make(&mut self, chosen: Move) {
        self.journal.counters.adversary_moves += 1;
        match chosen {
            Move::Line(line, event) => self.memory.apply(line, event),
            Move::Finish(index) => self.finish(index),
            Move::Device => self.act(),
        }
    }

    pub(crate) fn moves(&mut self) -> Vec<Move> {
        let mut moves = Vec::new();
        for line in self.touched.candidates(&mut self.mind) {
            self.line_moves(line, &mut moves);
        }
        let requests = match self.mind {
            Mind::Random { .. } => self.sampled_requests(),
            _ => self.pending.eligible(),
        };
        moves.extend(requests.into_iter().map(Move::Finish));
        if self.background.left() > 0 {
            moves.push(Move::Device);
        }
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
        if self.is_uncached(line) {
            return;
        }
        let events: &[Event] = match self.memory.state(line) {
            LineState::Absent => &[Event::Fetch],
            LineState::Clean => &[Event::Evict],
            LineState::Dirty => &[Event::WriteBack, Event::Evict],
        };
        moves.extend(events.iter().map(|event| Move::Line(line, *event)));
    }
}

impl Touched {
    pub(crate) fn note(&mut self, line: PhysAddr) {
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

    /// All lines, in the order of their first use.
    pub(crate) fn in_use(&self) -> &[PhysAddr] {
        &self.in_order
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
