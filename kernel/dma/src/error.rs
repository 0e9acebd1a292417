//! Why a mapping was refused, with the numbers that show it.

use crate::reason::BounceReason;
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
    },
    /// The pool itself lies where the device does not reach (DEC-2). Never works.
    PoolUnreachable {
        /// Where the pool's memory is.
        pool: PhysRange,
        /// Last byte of RAM that the device reaches, if it reaches any.
        reach: Option<PhysAddr>,
    },
}

impl MapError {
    /// Is it worth trying again once other mappings have ended (MAP-2)?
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::PoolFull { .. })
    }
}

/// The reach of a device in words.
struct Limit(Option<PhysAddr>);

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(last) => write!(f, "the device reaches RAM up to {last}"),
            None => write!(f, "the device reaches no RAM at all"),
        }
    }
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoPool {
                reason: BounceReason::Unreachable,
                block,
                reach,
            } => write!(
                f,
                "{block} is out of reach ({}) and swiotlb=noforce left no bounce pool: \
                 boot without noforce, or use memory within reach",
                Limit(reach)
            ),
            Self::NoPool { reason, block, .. } => write!(
                f,
                "{block} has to bounce ({reason}) and swiotlb=noforce left no bounce pool: \
                 boot without noforce, or use a buffer that owns whole cache lines"
            ),
            Self::TooLong { len, max } => write!(
                f,
                "{len} bytes have to bounce and at most {max} can at once: map smaller pieces"
            ),
            Self::PoolFull {
                wanted,
                free,
                largest_run,
            } => write!(
                f,
                "bounce pool full: {wanted} slots in a row wanted, {free} free, none longer than \
                 {largest_run}: unmap something first, or boot with a larger swiotlb="
            ),
            Self::PoolUnreachable { pool, reach } => write!(
                f,
                "the bounce pool at {pool} is out of reach itself ({}): check dma-ranges",
                Limit(reach)
            ),
        }
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
