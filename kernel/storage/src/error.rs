//! Everything that can be wrong with a card, in one line each.

use crate::fat::{BootError, ChainError, TreeError};
use crate::manifest::ManifestError;
use crate::mbr::MbrError;
use core::fmt;
use hal::NoPages;

/// Why something could not be read. `E` is the device's own error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error<E> {
    /// The device failed.
    Device {
        /// First block of the request.
        lba: u64,
        /// What it said.
        error: E,
    },
    /// A block that the device has not.
    Beyond {
        /// The block.
        lba: u64,
        /// Blocks there are.
        blocks: u64,
    },
    /// No memory for a buffer.
    Memory(NoPages),
    /// The partition table.
    Mbr(MbrError),
    /// The volume's boot sector.
    Boot(BootError),
    /// A chain of clusters.
    Chain(ChainError),
    /// The directory tree.
    Tree(TreeError),
    /// The manifest.
    Manifest(ManifestError),
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device { lba, error } => write!(f, "read at block {lba}: {error}"),
            Self::Beyond { lba, blocks } => {
                write!(f, "block {lba}: the card has {blocks} blocks")
            }
            Self::Memory(error) => error.fmt(f),
            Self::Mbr(error) => error.fmt(f),
            Self::Boot(error) => error.fmt(f),
            Self::Chain(error) => error.fmt(f),
            Self::Tree(error) => error.fmt(f),
            Self::Manifest(error) => error.fmt(f),
        }
    }
}

impl<E> From<MbrError> for Error<E> {
    fn from(error: MbrError) -> Self {
        Self::Mbr(error)
    }
}

impl<E> From<BootError> for Error<E> {
    fn from(error: BootError) -> Self {
        Self::Boot(error)
    }
}

impl<E> From<ChainError> for Error<E> {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

impl<E> From<TreeError> for Error<E> {
    fn from(error: TreeError) -> Self {
        Self::Tree(error)
    }
}

impl<E> From<ManifestError> for Error<E> {
    fn from(error: ManifestError) -> Self {
        Self::Manifest(error)
    }
}
