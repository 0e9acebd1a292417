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
    /// The device is bound to a restricted pool: all of its bytes go through that (RP-2).
    Restricted,
}

impl BounceReason {
    /// How many there are.
    pub const COUNT: usize = 4;
    /// All reasons, by number. They are asked in this order, but for the last, which comes first: that
    /// one stays whatever the command line says.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Forced,
        Self::Unreachable,
        Self::SharedLine,
        Self::Restricted,
    ];
}

impl fmt::Display for BounceReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forced => "forced",
            Self::Unreachable => "out of the device's reach",
            Self::SharedLine => "shares a cache line",
            Self::Restricted => "the device has a restricted pool",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wished_and_a_pool_make_the_policy() {
        let all = [Bouncing::AsNeeded, Bouncing::Forced, Bouncing::Off];
        let with = all.map(|bouncing| bouncing.policy(true));
        assert_eq!(with.map(|policy| policy.pool), [true, true, false]);
        assert_eq!(with.map(|policy| policy.force), [false, true, false]);
        assert!(all.iter().all(|bouncing| !bouncing.policy(false).pool));
    }
}
