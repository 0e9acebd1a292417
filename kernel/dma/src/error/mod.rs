//! Why a mapping was refused, with the numbers that show it.

mod display;
#[cfg(test)]
mod lines;
mod refusal;

pub use refusal::Refusal;

use crate::reason::BounceReason;
use crate::users::Consumer;
use core::fmt;
use hal::{PhysAddr, PhysRange};

/// Why a buffer could not be mapped. Each formats to one line that says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapError {
    /// The buffer has to bounce, and there is no pool (`swiotlb=noforce`). Never works.
    NoPool {
        /// Why it has to bounce.
        reason: BounceReason,
        /// What was to be mapped.
        block: PhysRange,
        /// Last byte of RAM that the device reaches, if it reaches any.
        reach: Option<PhysAddr>,
    },
    /// The buffer has to bounce, and it was said that it must stay where it is: a device has it
    /// already, or several share it (ATTR-2, ATTR-5). Never works.
    WouldBounce {
        /// Why it would have to.
        reason: BounceReason,
        /// What was to be mapped.
        block: PhysRange,
        /// Last byte of RAM that the device reaches, if it reaches any.
        reach: Option<PhysAddr>,
    },
    /// Coherence was required of a device that does not snoop the caches. Never works.
    NeedsCoherent {
        /// The device.
        device: &'static str,
    },
    /// The buffer is shared with devices of the other kind: some snoop the caches, some do not, and
    /// what one writes the other would not see. Never works.
    MixedCoherence {
        /// The device that cannot join.
        device: &'static str,
    },
    /// The window does not lie in the pages. Never works.
    OutsidePages {
        /// Where it would start.
        offset: u64,
        /// Its bytes.
        len: u64,
        /// The pages.
        pages: PhysRange,
    },
    /// RAM was to be mapped as registers (RES-1). Never works.
    IsRam {
        /// What was to be mapped.
        block: PhysRange,
    },
    /// The device does not see these registers: no register window shows them, or their addresses
    /// pass its limits.
    PeerUnseen {
        /// The registers.
        block: PhysRange,
        /// Who does not.
        device: &'static str,
    },
    /// The buffer has to bounce and is longer than any bounce buffer can be. Never works (LIM-2).
    TooLong {
        /// Bytes wanted.
        len: u64,
        /// Bytes that fit for this device.
        max: u64,
    },
    /// No run of slots is free at the moment. Works later.
    PoolFull {
        /// Slots wanted in one run.
        wanted: u32,
        /// Slots free.
        free: u32,
        /// Upper bound of the longest free run.
        largest_run: u32,
        /// Who has most of it, if anybody.
        top: Option<Consumer>,
    },
    /// The device has as many slots as it may, or would have more. Works when some of its own mappings
    /// have ended, unless it wants more than its quota at once.
    OverQuota {
        /// Slots wanted.
        wanted: u32,
        /// Slots that the device has, quarantine included, and what it reserved aside.
        used: u32,
        /// Slots that it may have.
        quota: u32,
    },
    /// The pool itself lies where the device does not reach (DEC-2). Never works.
    PoolUnreachable {
        /// Where the pool's memory is.
        pool: PhysRange,
        /// Last byte of RAM that the device reaches, if it reaches any.
        reach: Option<PhysAddr>,
    },
}

/// What a caller can do about an error (MAP-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Nothing: the same call fails for ever.
    Never,
    /// Try again when other mappings have ended.
    Later,
    /// Nothing about the device itself, which cannot be pointed at these registers: move the bytes by
    /// another way.
    Peer,
}

impl MapError {
    /// What a caller can do about it.
    pub const fn class(&self) -> Class {
        match self {
            Self::PoolFull { .. } => Class::Later,
            Self::OverQuota { wanted, quota, .. } if *wanted <= *quota => Class::Later,
            Self::PeerUnseen { .. } => Class::Peer,
            Self::NoPool { .. }
            | Self::WouldBounce { .. }
            | Self::NeedsCoherent { .. }
            | Self::MixedCoherence { .. }
            | Self::OutsidePages { .. }
            | Self::IsRam { .. }
            | Self::TooLong { .. }
            | Self::OverQuota { .. }
            | Self::PoolUnreachable { .. } => Class::Never,
        }
    }

    /// Why it would have had to bounce, if that is the matter.
    pub const fn reason(&self) -> Option<BounceReason> {
        match self {
            Self::NoPool { reason, .. } | Self::WouldBounce { reason, .. } => Some(*reason),
            _ => None,
        }
    }

    /// What was to be mapped, where it can be told.
    pub const fn block(&self) -> Option<PhysRange> {
        match self {
            Self::NoPool { block, .. }
            | Self::WouldBounce { block, .. }
            | Self::IsRam { block }
            | Self::PeerUnseen { block, .. } => Some(*block),
            _ => None,
        }
    }

    /// Is it worth trying again once other mappings have ended?
    pub const fn is_transient(&self) -> bool {
        matches!(self.class(), Class::Later)
    }
}

/// A refused mapping: the reason, and the buffer back.
pub struct Refused<B> {
    /// Why.
    pub error: MapError,
    /// What was to be mapped, untouched (INV-6).
    pub buffer: B,
}

impl<B> fmt::Debug for Refused<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

impl<B> fmt::Display for Refused<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}
