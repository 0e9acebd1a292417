//! What is out of order, as a decision over a list.

use super::Rank;
use core::fmt;
use core::panic::Location;

/// A lock that a core holds, or wants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// Which one: its address.
    pub(super) lock: usize,
    pub(super) rank: Rank,
    pub(super) name: &'static str,
    /// Where it was asked for.
    pub(super) at: &'static Location<'static>,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" ({:?})", self.name, self.rank)
    }
}

/// Why a core must not wait for a lock.
#[derive(Clone, Copy, Debug)]
pub(super) enum Disorder {
    /// It has the lock already and would wait for itself.
    Again { new: Held, held: Held },
    /// It holds one that comes after, or beside it.
    Inverted { new: Held, held: Held },
    /// It holds more than a list has room for.
    TooMany { new: Held },
}

impl fmt::Display for Disorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Again { new, held } => write!(
                f,
                "{new} is wanted at {} by the core that holds it since {}",
                new.at, held.at
            ),
            Self::Inverted { new, held } => write!(
                f,
                "{new} is wanted at {} under {held}, held since {}",
                new.at, held.at
            ),
            Self::TooMany { new } => {
                write!(f, "{new} is wanted at {} under too many others", new.at)
            }
        }
    }
}

/// May a core that holds `list` wait for `new`?
pub(super) fn judge(list: &[Option<Held>], new: Held) -> Result<(), Disorder> {
    let held = || list.iter().flatten().copied();
    if let Some(held) = held().find(|held| held.lock == new.lock) {
        return Err(Disorder::Again { new, held });
    }
    match held().max_by_key(|held| held.rank) {
        Some(held) if held.rank >= new.rank => Err(Disorder::Inverted { new, held }),
        _ => Ok(()),
    }
}
