//! What the hardware may do on its own between two memory operations.
//!
//! The worst modes act only where it hurts, which no test can tell from acting at every moment: a
//! line fetched just before a device writes to it is as stale as one that was kept present all the
//! time, and a dirty line that is evicted earlier does no harm.

use crate::walk::Walker;
use oorandom::Rand32;

/// Chooses for the adversary.
pub trait Oracle: Send {
    /// One of `n` possibilities (`n` > 0), less than `n`. 0 means "nothing happens".
    fn choose(&mut self, n: usize) -> usize;
}

/// How the cache behaves. All modes but `Random` hold maintenance back until `complete`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adversary {
    /// Nothing happens that was not asked for, and nothing earlier than it must.
    Quiet,
    /// Every line is in the cache before a device writes to it, and stays there, stale. Maintenance
    /// takes effect before a later store to its line, which it then does not cover.
    WorstPrefetch,
    /// A dirty line is evicted right after a device wrote to it, on top of the device's data.
    WorstEvict,
    /// Any legal move, at random: fetches, evictions, maintenance that finishes early.
    Random {
        /// Names the run; the same seed gives the same moves.
        seed: u64,
        /// How likely something happens between two operations, in percent.
        percent: u32,
    },
    /// These choices, then nothing: replays a run of [`explore`](crate::explore).
    Scripted(Vec<usize>),
}

/// The adversary at work.
pub(crate) enum Mind {
    Quiet,
    WorstPrefetch,
    WorstEvict,
    Random { dice: Rand32, percent: u32 },
    Oracle(Box<dyn Oracle>),
    Walker(Walker),
}

impl From<Adversary> for Mind {
    fn from(mode: Adversary) -> Self {
        match mode {
            Adversary::Quiet => Self::Quiet,
            Adversary::WorstPrefetch => Self::WorstPrefetch,
            Adversary::WorstEvict => Self::WorstEvict,
            Adversary::Random { seed, percent } => Self::Random {
                dice: Rand32::new(seed),
                percent,
            },
            Adversary::Scripted(script) => Self::Oracle(Box::new(script.into_iter())),
        }
    }
}

/// A list of choices, and nothing after its end.
impl Oracle for std::vec::IntoIter<usize> {
    fn choose(&mut self, n: usize) -> usize {
        self.next().unwrap_or(0).min(n - 1)
    }
}

impl Mind {
    /// Does anything happen at this moment? Cheap, asked before the moves are listed.
    pub(crate) fn stirs(&mut self) -> bool {
        match self {
            Self::Quiet | Self::WorstPrefetch | Self::WorstEvict => false,
            Self::Random { dice, percent } => dice.rand_range(0..100) < *percent,
            Self::Oracle(_) | Self::Walker(_) => true,
        }
    }

    /// Which of `n` moves to make, if any.
    pub(crate) fn pick(&mut self, n: usize) -> Option<usize> {
        match self {
            Self::Random { .. } => (n > 0).then(|| self.below(n)),
            Self::Oracle(oracle) => oracle.choose(n + 1).checked_sub(1),
            Self::Quiet | Self::WorstPrefetch | Self::WorstEvict | Self::Walker(_) => None,
        }
    }

    /// Up to `want` of the indices below `n` to consider: all of them, unless moves are random.
    pub(crate) fn sample(&mut self, n: usize, want: usize) -> Vec<usize> {
        match self {
            Self::Random { .. } if n > 0 => (0..want).map(|_| self.below(n)).collect(),
            _ => (0..n).collect(),
        }
    }

    /// Any index below `n`.
    fn below(&mut self, n: usize) -> usize {
        let Self::Random { dice, .. } = self else {
            return 0;
        };
        let n = u32::try_from(n).expect("lists of moves are short");
        dice.rand_range(0..n) as usize
    }
}
