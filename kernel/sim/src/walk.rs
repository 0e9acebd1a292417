//! Every state that an adversary can bring a small scenario into, each once.
//!
//! [`explore`](crate::explore) tries every script of so many moves; here any number of moves is allowed
//! between any two operations. What keeps that finite is memory: a point of the scenario together with
//! all that can matter from there on (lines in use, in RAM and in the cache; maintenance that waits;
//! barriers that are owed; what CPU and device have seen so far) is a *state*, and a run that comes to
//! one that was there before makes no more moves. A scenario that does the same whenever it sees the
//! same is so held against every order of fetches, evictions and delays that the architecture allows.

use crate::explore::Reporter;
use crate::lines::lines_of;
use crate::world::World;
use crate::{Builder, Machine};
use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where [`explore_states`] gives up: some minutes.
const MOST_STATES: usize = 2_000_000;

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explored {
    /// Different states, each of which the scenario went on from.
    pub states: usize,
    /// How often the scenario ran for that.
    pub runs: usize,
}

/// Runs `scenario` until each state that any adversary can bring it into was gone on from.
///
/// The scenario must do the same when it sees the same. Panics where the scenario does, and prints the
/// moves that led there; panics as well where there is no end in sight: then the scenario uses too many
/// lines ([`Machine::set_up`] keeps those of its preparations out).
pub fn explore_states(builder: &Builder, mut scenario: impl FnMut(&Machine)) -> Explored {
    let walk = Walker::default();
    let mut runs = 0;
    loop {
        let _reporter = Reporter(|| walk.lock().to_string());
        scenario(&builder.build_with_walker(walk.clone()));
        runs += 1;
        let mut walk = walk.lock();
        assert!(
            walk.seen.len() < MOST_STATES,
            "too many states: prepare inside set_up(), or use fewer lines"
        );
        if !walk.next_run() {
            let states = walk.seen.len();
            return Explored { states, runs };
        }
    }
}

/// The search, shared by all machines of it.
#[derive(Clone, Default)]
pub(crate) struct Walker(Arc<Mutex<Walk>>);

impl Walker {
    fn lock(&self) -> MutexGuard<'_, Walk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Depth-first: the current path, one `(choice, possibilities)` for each state that is gone on from.
#[derive(Default)]
struct Walk {
    seen: HashSet<(u64, u64)>,
    path: Vec<(usize, usize)>,
    asked: usize,
    /// This run came to a state that was there before: it only goes on to its end.
    known: bool,
    moves: Vec<(u64, String)>,
}

impl Walk {
    /// What to do at `point`, where there are `n` possibilities: 0 is nothing.
    fn choose(&mut self, point: u64, n: usize, state: impl FnOnce() -> u64) -> usize {
        if self.known {
            return 0;
        }
        if self.asked == self.path.len() {
            if !self.seen.insert((point, state())) {
                self.known = true;
                return 0;
            }
            self.path.push((0, n));
        }
        let (choice, possibilities) = self.path[self.asked];
        assert_eq!(possibilities, n, "the scenario is not deterministic");
        self.asked += 1;
        choice
    }

    /// Moves on to the next run. `false` if there is none.
    fn next_run(&mut self) -> bool {
        (self.asked, self.known) = (0, false);
        self.moves.clear();
        while let Some((choice, n)) = self.path.pop() {
            if choice + 1 < n {
                self.path.push((choice + 1, n));
                return true;
            }
        }
        false
    }
}

impl fmt::Display for Walk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these moves (before which operation, what):")?;
        let mut moves = self.moves.iter();
        moves.try_for_each(|(point, what)| write!(f, "\n  {point}: {what}"))
    }
}

impl World {
    /// The turn of an adversary that tries everything: any number of moves.
    pub(crate) fn walk(&mut self, walker: &Walker) {
        loop {
            let moves = self.moves();
            let mut walk = walker.lock();
            let chosen = walk.choose(self.ticks, moves.len() + 1, || self.fingerprint());
            let Some(chosen) = chosen.checked_sub(1) else {
                return;
            };
            walk.moves
                .push((self.ticks, format!("{:?}", moves[chosen])));
            drop(walk);
            self.make(moves[chosen]);
        }
    }

    /// All that can matter from here on, as a number.
    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for line in self.touched.in_use() {
            self.memory.fingerprint(*line, &mut hasher);
        }
        self.pending.fingerprint(&mut hasher);
        self.order.fingerprint(&mut hasher);
        (self.seen, self.background.left()).hash(&mut hasher);
        hasher.finish()
    }

    /// The scenario has seen `bytes`: it may go on differently because of them.
    pub(crate) fn saw(&mut self, bytes: &[u8]) {
        let mut hasher = DefaultHasher::new();
        (self.seen, bytes).hash(&mut hasher);
        self.seen = hasher.finish();
    }

    /// The scenario has a view of `range`.
    pub(crate) fn saw_all(&mut self, range: hal::PhysRange) {
        for line in lines_of(range) {
            let mut bytes = [0; hal::LINE as usize];
            self.memory.load(line, &mut bytes);
            self.saw(&bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks a graph in which every question has `n` possibilities, and the state after each answer is
    /// what `next` makes of it.
    fn walk(n: usize, questions: u64, next: fn(u64, usize) -> u64) -> (usize, Vec<Vec<usize>>) {
        let (mut walk, mut runs) = (Walk::default(), Vec::new());
        loop {
            let mut state = 0;
            let mut answers = Vec::new();
            for point in 0..questions {
                let answer = walk.choose(point, n, || state);
                answers.push(answer);
                state = next(state, answer);
            }
            runs.push(answers);
            if !walk.next_run() {
                return (walk.seen.len(), runs);
            }
        }
    }

    #[test]
    fn states_that_differ_are_all_gone_on_from() {
        // Answers are remembered: 1 + 3 + 9 states, and each way to the end once.
        let (states, runs) = walk(3, 3, |state, answer| state * 3 + answer as u64);
        assert_eq!((states, runs.len()), (13, 27));
    }

    #[test]
    fn states_that_meet_again_are_gone_on_from_once() {
        let (states, runs) = walk(3, 3, |state, _| state);
        assert_eq!((states, runs.len()), (3, 1 + 3 * 2));
        let moves = |run: &Vec<usize>| run.iter().filter(|answer| **answer > 0).count();
        assert!(runs.iter().all(|run| moves(run) <= 1));
    }
}
