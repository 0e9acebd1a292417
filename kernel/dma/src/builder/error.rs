//! Limits that no device can have.

use crate::cells::MOST_BYTES;
use crate::reach::{DmaMask, MAX_WINDOWS};
use crate::swiotlb::CHUNK;
use core::fmt;
use hal::{LINE, PhysAddr, PhysRange};

/// A limit that no device can have. Reported at probe, before any mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitError {
    /// More windows than [`MAX_WINDOWS`].
    TooManyWindows {
        /// How many the bus has.
        found: usize,
    },
    /// The alignment mask is not of the form 2^n - 1 (DEV-1), or wider than a pool's chunk.
    AlignMask {
        /// The mask given.
        mask: u64,
    },
    /// The segment boundary mask is not of the form 2^n - 1.
    SegmentBoundary {
        /// The mask given.
        mask: u64,
    },
    /// The length granule is no power of two, or longer than a cache line.
    Granule {
        /// The granule given, in bytes.
        bytes: u64,
    },
    /// The granule of segments is no power of two, or longer than a cache line.
    SegmentGranule {
        /// The granule given, in bytes.
        bytes: u64,
    },
    /// A limit for small objects is longer than a run of cells.
    Cells {
        /// The longer limit given, in bytes.
        bytes: u64,
    },
    /// A quota of no slots: nothing could ever bounce.
    NoSlots,
    /// A transfer of no segments.
    NoSegments,
    /// No byte of RAM can be addressed (MASK-5).
    ReachesNoRam {
        /// The highest address that the device and its bridges pass.
        limit: DmaMask,
    },
    /// Some RAM is out of reach, and so is a part of what bounce buffers may ever be made of: a
    /// mapping could fail for ever (MASK-5).
    PoolBeyondReach {
        /// The first such byte.
        first: PhysAddr,
        /// Where that zone ends.
        dma_end: PhysAddr,
    },
    /// As [`PoolBeyondReach`](Self::PoolBeyondReach), for memory that the device shares with the CPU
    /// for good (MASK-5).
    CoherentBeyondReach {
        /// The first such byte.
        first: PhysAddr,
        /// The mask that is too narrow, or that no window suits.
        mask: DmaMask,
        /// Where that zone ends.
        dma_end: PhysAddr,
    },
    /// Some of the restricted pool that the device is bound to is out of reach (RP-2).
    RegionBeyondReach {
        /// The pool's memory.
        region: PhysRange,
        /// The first such byte.
        first: PhysAddr,
        /// The mask that is too narrow, or that no window suits.
        mask: DmaMask,
    },
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyWindows { found } => {
                write!(
                    f,
                    "{found} windows, at most {MAX_WINDOWS} fit: give those onto RAM alone, joined where \
                     they touch"
                )
            }
            Self::AlignMask { mask } => {
                write!(
                    f,
                    "alignment mask {mask:#x} is not 2^n - 1 below {CHUNK:#x}: give such a mask"
                )
            }
            Self::SegmentBoundary { mask } => {
                write!(
                    f,
                    "segment boundary {mask:#x} is not 2^n - 1: give such a mask, or 0 for none"
                )
            }
            Self::Granule { bytes } => {
                write!(
                    f,
                    "length granule of {bytes} bytes is no power of two up to {LINE}: give one, or 1 for any \
                     length"
                )
            }
            Self::SegmentGranule { bytes } => {
                write!(
                    f,
                    "segment granule of {bytes} bytes is no power of two up to {LINE}: give one, or 1 for any \
                     length"
                )
            }
            Self::Cells { bytes } => write!(
                f,
                "objects of {bytes} bytes do not bounce by cells: {MOST_BYTES} is the most: \
                 give that, or less"
            ),
            Self::NoSlots => write!(
                f,
                "a quota of 0 slots, and what bounces takes one at least: give 1, or none for all"
            ),
            Self::NoSegments => write!(
                f,
                "0 segments, and a transfer has one segment at least: give 1"
            ),
            Self::ReachesNoRam { limit } => write!(
                f,
                "no RAM can be addressed by a mask of {}: check dma-ranges",
                limit.last()
            ),
            Self::PoolBeyondReach { first, dma_end } => write!(
                f,
                "RAM from {first} on is out of reach, and bounce buffers may lie anywhere below \
                 {dma_end}: check dma-ranges and the mask"
            ),
            Self::CoherentBeyondReach {
                first,
                mask,
                dma_end,
            } => write!(
                f,
                "RAM from {first} on is out of a coherent mask of {}, and coherent memory may lie \
                 anywhere below {dma_end}: check dma-ranges and the mask",
                mask.last()
            ),
            Self::RegionBeyondReach {
                region,
                first,
                mask,
            } => write!(
                f,
                "its restricted pool at {region} is out of reach from {first} on, by a mask of {}: \
                 move the pool, or check dma-ranges",
                mask.last()
            ),
        }
    }
}
