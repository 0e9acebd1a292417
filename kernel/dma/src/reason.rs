//! Why a buffer bounces, and what the system allows.

use core::fmt;

/// Why a buffer bounces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BounceReason {
    /// `swiotlb=force`.
    Forced,
    /// No window shows all of it to the device, or its addresses pass the device's limits.
    Unreachable,
    /// The device would touch a line, or the bytes of a rounded-up length, that the buffer does not
    /// own.
    SharedLine,
}

impl BounceReason {
    /// All reasons, in the order in which they are asked.
    pub const ALL: [Self; 3] = [Self::Forced, Self::Unreachable, Self::SharedLine];
}

impl fmt::Display for BounceReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forced => "forced",
            Self::Unreachable => "out of the device's reach",
            Self::SharedLine => "shares a cache line",
        })
    }
}

/// What the system allows, fixed at boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bouncing {
    /// Whatever must.
    AsNeeded,
    /// Everything (`swiotlb=force`).
    Forced,
    /// Nothing: there is no pool (`swiotlb=noforce`).
    Off,
}

impl Bouncing {
    /// What it comes to where there is memory for a pool, or none.
    pub(crate) const fn policy(self, pool: bool) -> Policy {
        Policy {
            force: matches!(self, Self::Forced),
            pool: pool && !matches!(self, Self::Off),
        }
    }
}

/// What the decision knows of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Everything bounces.
    pub(crate) force: bool,
    /// There is something to bounce through.
    pub(crate) pool: bool,
}
