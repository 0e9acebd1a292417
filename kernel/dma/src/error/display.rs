//! Each error as one line that says what to do.

use super::MapError;
use crate::reason::BounceReason;
use crate::users::Consumer;
use core::fmt;
use hal::PhysAddr;

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

/// Why something has to bounce, and what memory would not.
struct Why(BounceReason, Option<PhysAddr>);

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        match self.0 {
            BounceReason::Unreachable => write!(f, "; {}", Limit(self.1)),
            BounceReason::Forced | BounceReason::SharedLine | BounceReason::Restricted => Ok(()),
        }
    }
}

/// Who has most of the pool.
struct Top(Option<Consumer>);

impl fmt::Display for Top {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |top| write!(f, ", {top}"))
    }
}

/// What to do about a reason.
const fn remedy(reason: BounceReason) -> &'static str {
    match reason {
        BounceReason::Forced => "boot without swiotlb=force",
        BounceReason::Unreachable => "use memory within reach",
        BounceReason::SharedLine => "use a buffer that owns whole cache lines",
        BounceReason::Restricted => "use a device without memory-region in its node",
    }
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoPool {
                reason: BounceReason::Restricted,
                block,
                ..
            } => write!(
                f,
                "{block} has to bounce through a restricted pool that this layer does not have: \
                 map by the layer that the device was made for"
            ),
            Self::NoPool {
                reason,
                block,
                reach,
            } => write!(
                f,
                "{block} has to bounce ({}) and there is no bounce pool: \
                 boot without swiotlb=noforce, or {}",
                Why(reason, reach),
                remedy(reason)
            ),
            Self::WouldBounce {
                reason,
                block,
                reach,
            } => write!(
                f,
                "{block} must stay in place and would have to bounce ({}): {}",
                Why(reason, reach),
                remedy(reason)
            ),
            Self::NeedsCoherent { device } => write!(
                f,
                "{device} does not snoop the caches and coherence was required: \
                 map without it, or use coherent memory"
            ),
            Self::MixedCoherence { device } => write!(
                f,
                "{device} cannot share this buffer: of those who do, some snoop the caches and some \
                 do not: use coherent memory, or hand the buffer on"
            ),
            Self::OutsidePages { offset, len, pages } => write!(
                f,
                "{len} bytes at {offset} do not lie in the pages at {pages}: map what they have"
            ),
            Self::IsRam { block } => write!(f, "{block} is RAM, not registers: map it as a buffer"),
            Self::PeerUnseen { block, device } => write!(
                f,
                "{device} does not see the registers at {block}: move the bytes by the CPU, or check \
                 the ranges of its bus"
            ),
            Self::TooLong { len, max } => write!(
                f,
                "{len} bytes have to bounce and at most {max} can at once: map smaller pieces"
            ),
            Self::PoolFull {
                wanted,
                free,
                largest_run,
                top,
            } => write!(
                f,
                "bounce pool full: {wanted} slots in a row wanted, {free} free, none \
                 longer than {largest_run}{}: unmap something first, or give it more, by swiotlb= or its reg",
                Top(top)
            ),
            Self::OverQuota {
                wanted,
                used,
                quota,
            } => write!(
                f,
                "over quota: {wanted} slots wanted, the device has {used} of the {quota} that it may \
                 have: {}",
                if wanted > quota {
                    "map smaller pieces, or give it a larger quota"
                } else {
                    "unmap something of its own first"
                }
            ),
            Self::PoolUnreachable { pool, reach } => write!(
                f,
                "the bounce pool at {pool} is out of reach itself ({}): check dma-ranges",
                Limit(reach)
            ),
        }
    }
}
