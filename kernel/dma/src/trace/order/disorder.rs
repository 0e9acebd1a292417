//! What can be wrong about an event.

use super::super::event::Kind;
use super::super::line::dir_name;
use crate::direction::Dir;
use core::fmt;

/// What is wrong about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disorder {
    /// There is no mapping at this address.
    Unknown(Kind),
    /// The mapping has another length, or the part leaves it.
    Length {
        /// What happened.
        kind: Kind,
        /// Bytes mapped.
        mapped: u64,
    },
    /// The mapping has another direction.
    Direction {
        /// What happened.
        kind: Kind,
        /// The mapping's.
        mapped: Option<Dir>,
    },
    /// The mapping is in the wrong state.
    State {
        /// What happened.
        kind: Kind,
        /// What the mapping is.
        is: State,
    },
    /// The memory is mapped already, and not shared.
    Twice,
    /// The memory is in quarantine.
    Quarantined,
    /// Maintenance was not waited for (CM-7).
    NotComplete {
        /// What happened.
        kind: Kind,
        /// Which maintenance.
        what: Kind,
        /// On which core.
        core: usize,
    },
    /// A line was not cleaned since the CPU had it (CM-1).
    NotCleaned {
        /// What happened.
        kind: Kind,
        /// Where the line is, for the CPU.
        addr: u64,
    },
    /// A line was not dropped since a device had it (CM-2).
    NotDropped {
        /// What happened.
        kind: Kind,
        /// Where the line is, for the CPU.
        addr: u64,
    },
}

/// What a mapping is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody's but the layer's.
    AtRest,
    /// A transfer uses it.
    InFlight,
    /// A device may use it at any time.
    Exposed,
}

impl fmt::Display for Disorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(kind) => write!(f, "{} of what is not mapped", kind.name()),
            Self::Length { kind, mapped } => {
                write!(
                    f,
                    "{} of what the {mapped:#x} mapped bytes are not",
                    kind.name()
                )
            }
            Self::Direction { kind, mapped } => {
                write!(
                    f,
                    "{} in another direction than the mapping\'s {}",
                    kind.name(),
                    dir_name(*mapped)
                )
            }
            Self::State { kind, is } => {
                let is = match is {
                    State::AtRest => "at rest",
                    State::InFlight => "in flight",
                    State::Exposed => "exposed",
                };
                write!(f, "{} of a mapping that is {is}", kind.name())
            }
            Self::Twice => f.write_str("map of what is mapped already, and not shared"),
            Self::Quarantined => f.write_str("map of memory that is in quarantine"),
            Self::NotComplete { kind, what, core } => write!(
                f,
                "{} before core {core} has waited for its {}",
                kind.name(),
                what.name()
            ),
            Self::NotCleaned { kind, addr } => write!(
                f,
                "{} with the line at {addr:#x} not cleaned since the CPU had it",
                kind.name()
            ),
            Self::NotDropped { kind, addr } => write!(
                f,
                "{} with the line at {addr:#x} not dropped since the device had it",
                kind.name()
            ),
        }
    }
}
