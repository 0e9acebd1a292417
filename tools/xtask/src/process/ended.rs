//! How a child ended, in words.

use std::time::Duration;

/// No test prints this much; a kernel that logs in a loop does.
pub(super) const MOST_OUTPUT: usize = 16 << 20;

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By itself; no code if a signal did it.
    Exited(Option<i32>),
    /// By us, after its time.
    TimedOut(Duration),
    /// By us, because it would not stop printing.
    Flooded,
    /// By us, because we are to stop.
    Interrupted,
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(Some(code)) => write!(f, "exit status {code}"),
            Self::Exited(None) => write!(f, "killed by a signal"),
            Self::TimedOut(limit) => write!(f, "no end after {} s, killed", limit.as_secs()),
            Self::Flooded => write!(f, "more than {} MiB of output, killed", MOST_OUTPUT >> 20),
            Self::Interrupted => write!(f, "interrupted"),
        }
    }
}

/// A child's end, and all it printed.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) ending: Ending,
    /// Both streams, in the order they were written.
    pub(crate) output: String,
    pub(crate) took: Duration,
}

impl Ended {
    /// Whether it ended by itself and with status 0.
    pub(crate) fn ok(&self) -> bool {
        self.ending == Ending::Exited(Some(0))
    }
}
