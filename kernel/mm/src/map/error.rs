//! Why there is no memory map, or no carve-out.

use super::claim::Name;
use core::fmt;
use hal::{PhysAddr, PhysRange};

/// Why there is no map, or no carve-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MapError {
    /// Two things that were both loaded share bytes: one has overwritten the other.
    Overlap {
        /// The earlier claim.
        first: Name,
        /// The later claim.
        second: Name,
        /// What they share.
        shared: PhysRange,
    },
    /// What was offered is somebody else's as well.
    Shared {
        /// What was offered.
        name: Name,
        /// The other claim.
        other: Name,
        /// What they share.
        shared: PhysRange,
    },
    /// What was offered is not all RAM, or was not offered at all.
    NotOffered {
        /// The range.
        range: PhysRange,
    },
    /// A claim's end cannot be rounded up to a page.
    Unroundable {
        /// The claim.
        range: PhysRange,
    },
    /// More of something than there is room for.
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        max: usize,
    },
    /// No free stretch of RAM for a carve-out.
    NoRoom {
        /// Bytes asked for.
        wanted: u64,
        /// Their alignment.
        align: u64,
        /// They were to end at or below this.
        below: PhysAddr,
        /// Longest free stretch below that, in bytes.
        largest: u64,
    },
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlap {
                first,
                second,
                shared,
            } => {
                write!(f, "{first} and {second} were both loaded to {shared}")
            }
            Self::Shared {
                name,
                other,
                shared,
            } => write!(f, "{name} shares {shared} with {other}: move one of them"),
            Self::NotOffered { range } => {
                write!(f, "{range} is not all RAM: move it into a bank")
            }
            Self::Unroundable { range } => write!(f, "claim {range} ends beyond the last page"),
            Self::TooMany { what, max } => write!(f, "memory map has more than {max} {what}"),
            Self::NoRoom {
                wanted,
                align,
                below,
                largest,
            } => write!(
                f,
                "no {wanted:#x} free bytes aligned to {align:#x} below {below} (longest: {largest:#x})"
            ),
        }
    }
}
