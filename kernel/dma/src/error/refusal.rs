//! What refusals are counted by (ST-2).

use super::MapError;
use core::fmt;

/// A kind of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The pool had no such run of slots.
    Full,
    /// The device had too many slots.
    Quota,
    /// Too long for any bounce buffer.
    TooLong,
    /// Must stay in place, and would have had to bounce.
    InPlace,
    /// There is no pool, or the device does not reach it.
    NoPool,
    /// The call made no sense, whatever the pool.
    Call,
}

impl Refusal {
    /// How many kinds there are.
    pub const COUNT: usize = 6;
    /// All kinds, by number.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Full,
        Self::Quota,
        Self::TooLong,
        Self::InPlace,
        Self::NoPool,
        Self::Call,
    ];
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Full => "full",
            Self::Quota => "quota",
            Self::TooLong => "too long",
            Self::InPlace => "in place",
            Self::NoPool => "no pool",
            Self::Call => "call",
        })
    }
}

impl MapError {
    /// What the refusal counts as.
    pub const fn refusal(&self) -> Refusal {
        match self {
            Self::PoolFull { .. } => Refusal::Full,
            Self::OverQuota { .. } => Refusal::Quota,
            Self::TooLong { .. } => Refusal::TooLong,
            Self::WouldBounce { .. } => Refusal::InPlace,
            Self::NoPool { .. } | Self::PoolUnreachable { .. } => Refusal::NoPool,
            Self::NeedsCoherent { .. }
            | Self::MixedCoherence { .. }
            | Self::OutsidePages { .. }
            | Self::IsRam { .. }
            | Self::PeerUnseen { .. } => Refusal::Call,
        }
    }
}
