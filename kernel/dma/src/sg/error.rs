//! Why a list was refused.

use crate::error::{Class, MapError};
use core::fmt;
use hal::PhysRange;

/// Why a list could not be mapped. Each formats to one line that says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SgError {
    /// The list has no element (SG-10).
    Empty,
    /// An element could not be mapped, and so none is.
    Element {
        /// Which.
        index: usize,
        /// Why.
        error: MapError,
    },
    /// The pool is in pieces: an element that bounces is put together of more of them than the segments go.
    /// Works later.
    Fragmented {
        /// Which.
        index: usize,
        /// Segments that are permitted.
        max: usize,
        /// What the pool had in the end.
        error: MapError,
    },
    /// An element does not start or end where the device can pass from one segment to the next.
    Granule {
        /// Which.
        index: usize,
        /// Where it is.
        block: PhysRange,
        /// What segments but the last are multiples of, in bytes.
        granule: u64,
    },
    /// The device, or the table, permits fewer segments.
    TooManySegments {
        /// What is permitted.
        max: usize,
    },
}

impl SgError {
    /// What a caller can do about it (MAP-2).
    pub const fn class(&self) -> Class {
        match self {
            Self::Element { error, .. } | Self::Fragmented { error, .. } => error.class(),
            Self::Empty | Self::Granule { .. } | Self::TooManySegments { .. } => Class::Never,
        }
    }
}

impl fmt::Display for SgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the list is empty: push a buffer first"),
            Self::Element { index, error } => write!(f, "element {index}: {error}"),
            Self::Fragmented { index, max, error } => write!(
                f,
                "element {index}: the {max} segments permitted are too few for the runs that there are: \
                 {error}"
            ),
            Self::Granule {
                index,
                block,
                granule,
            } => write!(
                f,
                "element {index} at {block} breaks the device's segments: start and length must be \
                 multiples of {granule}, the last length aside"
            ),
            Self::TooManySegments { max } => write!(
                f,
                "the list needs more than the {max} segments that device and table permit: \
                 transfer it in parts, or permit more"
            ),
        }
    }
}

/// A refused list: the reason, and the list back.
pub struct SgRefused<T> {
    /// Why.
    pub error: SgError,
    /// What was to be mapped, untouched (INV-6).
    pub table: T,
}

impl<T> fmt::Debug for SgRefused<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

impl<T> fmt::Display for SgRefused<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}
