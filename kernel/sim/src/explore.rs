//! One scenario under many adversaries.

use crate::{Adversary, Builder, Machine, Oracle};
use std::sync::{Arc, Mutex, PoisonError};

/// Seeds that [`under_every_adversary`] tries, each at two intensities.
const SEEDS: u64 = if cfg!(miri) { 1 } else { 12 };

/// Runs `scenario` on a fresh machine under each [`Adversary`]: quiet, both worst ones, and some
/// random ones. The adversary is printed when the scenario panics.
pub fn under_every_adversary(builder: &Builder, mut scenario: impl FnMut(&Machine)) {
    let fixed = [
        Adversary::Quiet,
        Adversary::WorstPrefetch,
        Adversary::WorstEvict,
    ];
    let random =
        (0..SEEDS).flat_map(|seed| [20, 80].map(|percent| Adversary::Random { seed, percent }));
    for adversary in fixed.into_iter().chain(random) {
        let _reporter = Reporter(|| format!("{adversary:?}"));
        scenario(&builder.clone().adversary(adversary.clone()).build());
    }
}

/// Where [`explore`] gives up: some minutes.
pub const MOST_RUNS: usize = 200_000;

/// Runs `scenario` once for every way in which the adversary can make up to `moves` moves, each at
/// any point between two memory operations. Says how many runs that took.
///
/// The scenario must do the same when the adversary does the same. The number of runs grows with
/// the power of `moves`: three moves over two lines and ten operations are some ten thousand. The
/// script is printed when the scenario panics; [`Adversary::Scripted`] replays it. Panics after
/// [`MOST_RUNS`]: then the scenario uses too many lines ([`Machine::set_up`] keeps those of its
/// preparations out), or too many moves are allowed.
pub fn explore(builder: &Builder, moves: usize, mut scenario: impl FnMut(&Machine)) -> usize {
    let tree = Arc::new(Mutex::new(Tree::new(moves)));
    let mut runs = 0;
    loop {
        let _reporter = Reporter(|| lock(&tree).to_string());
        let guide = Guide(Arc::clone(&tree));
        scenario(&builder.build_with_oracle(Box::new(guide)));
        runs += 1;
        assert!(
            runs < MOST_RUNS,
            "too many runs: prepare inside set_up(), or allow fewer moves"
        );
        if !lock(&tree).next_run() {
            return runs;
        }
    }
}

fn lock(tree: &Mutex<Tree>) -> std::sync::MutexGuard<'_, Tree> {
    tree.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints what it is given if it is dropped by a panic.
pub(crate) struct Reporter<F: Fn() -> String>(pub(crate) F);

impl<F: Fn() -> String> Drop for Reporter<F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the scenario failed under {}", (self.0)());
        }
    }
}

/// Depth-first walk over all scripts: the current path, one `(choice, possibilities)` per question.
struct Tree {
    path: Vec<(usize, usize)>,
    asked: usize,
    moves: usize,
    left: usize,
}

impl Tree {
    const fn new(moves: usize) -> Self {
        Self {
            path: Vec::new(),
            asked: 0,
            moves,
            left: moves,
        }
    }

    fn choose(&mut self, n: usize) -> usize {
        if self.left == 0 {
            return 0;
        }
        if self.asked == self.path.len() {
            self.path.push((0, n));
        }
        let (choice, possibilities) = self.path[self.asked];
        assert_eq!(possibilities, n, "the scenario is not deterministic");
        self.asked += 1;
        self.left -= usize::from(choice != 0);
        choice
    }

    /// Moves on to the next script. `false` if there is none.
    fn next_run(&mut self) -> bool {
        (self.asked, self.left) = (0, self.moves);
        while let Some((choice, n)) = self.path.pop() {
            if choice + 1 < n {
                self.path.push((choice + 1, n));
                return true;
            }
        }
        false
    }
}

impl std::fmt::Display for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let script: Vec<usize> = self.path.iter().map(|(choice, _)| *choice).collect();
        write!(f, "Adversary::Scripted(vec!{script:?})")
    }
}

struct Guide(Arc<Mutex<Tree>>);

impl Oracle for Guide {
    fn choose(&mut self, n: usize) -> usize {
        lock(&self.0).choose(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(moves: usize, questions: &[usize]) -> Vec<Vec<usize>> {
        let mut tree = Tree::new(moves);
        let mut seen = Vec::new();
        loop {
            seen.push(questions.iter().map(|&n| tree.choose(n)).collect());
            if !tree.next_run() {
                return seen;
            }
        }
    }

    #[test]
    fn every_script_is_walked_once() {
        let mut seen = walk(9, &[2, 3, 2]);
        assert_eq!(seen.len(), 12);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 12);
    }

    #[test]
    fn no_script_has_more_moves_than_allowed() {
        let seen = walk(1, &[3, 3, 3]);
        assert_eq!(seen.len(), 1 + 3 * 2);
        let moves = |script: &Vec<usize>| script.iter().filter(|c| **c != 0).count();
        assert!(seen.iter().all(|script| moves(script) <= 1));
    }
}
