//! Why a slice was not carried, or not all of it.

use crate::error::MapError;
use crate::reported::TooMuch;
use core::fmt;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LentError<E> {
    /// The staging memory could not be mapped.
    Map(MapError),
    /// The driver failed.
    Driver(E),
    /// The driver reported more than it was asked for.
    Report(TooMuch),
    /// The staging memory went into quarantine with an earlier transfer.
    NoStaging,
}

impl<E: fmt::Display> fmt::Display for LentError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map(error) => error.fmt(f),
            Self::Driver(error) => error.fmt(f),
            Self::Report(error) => error.fmt(f),
            Self::NoStaging => f.write_str(
                "the staging memory is in quarantine with an earlier transfer: refill it with other memory",
            ),
        }
    }
}

/// A slice of which a part was carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut<E> {
    /// Bytes from its start on that were.
    pub done: u64,
    /// Why no more.
    pub error: LentError<E>,
}

impl<E: fmt::Display> fmt::Display for Cut<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {} bytes: {}", self.done, self.error)
    }
}
