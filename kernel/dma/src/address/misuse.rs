//! What a driver did wrong with a bus address, as far as can be seen without a list of mappings.
//!
//! A mapping where the buffer lies leaves no trace, so only what its address alone tells is noticed; of
//! a bounced one the slots know owner, length and direction. `dma_debug` notices the rest.

use crate::direction::Dir;
use core::fmt;
use hal::{DmaAddr, LINE, PhysRange};

/// A call that does not fit the mapping it names. Each formats to one line that says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// No mapping of this device is there: nothing was done.
    NotMapped {
        /// What was given.
        addr: DmaAddr,
        /// Bytes from there on.
        len: u64,
    },
    /// The part reaches past the end of its mapping (PS-3). Told in debug builds; others sync what is
    /// inside.
    PastEnd {
        /// What was given.
        addr: DmaAddr,
        /// Bytes from there on.
        len: u64,
        /// Bytes from there to the mapping's end.
        mapped: u64,
    },
    /// The part shares a cache line with bytes that are the device's still (PS-4). Told in debug builds.
    PartialLine {
        /// What was given.
        addr: DmaAddr,
        /// Bytes from there on.
        len: u64,
    },
    /// An entry of a list has no address: nothing was done for it.
    NotInList {
        /// Its bytes.
        block: PhysRange,
    },
    /// Unmapped with another length than mapped. The whole mapping ended.
    OtherLength {
        /// What was given.
        addr: DmaAddr,
        /// What unmap said.
        len: u64,
        /// What map said.
        mapped: u64,
    },
    /// Given another direction than map was (OWN-6). The mapping's counted.
    OtherDirection {
        /// What was given.
        addr: DmaAddr,
        /// What was said now.
        dir: Dir,
        /// What map said.
        mapped: Dir,
    },
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotMapped { addr, len } => write!(
                f,
                "{len} bytes at bus address {addr} are no mapping of this device: unmap once, by the \
                 address that map gave"
            ),
            Self::PastEnd { addr, len, mapped } => write!(
                f,
                "{len} bytes at bus address {addr} reach past the {mapped} that are mapped from there: \
                 sync what was mapped"
            ),
            Self::PartialLine { addr, len } => write!(
                f,
                "{len} bytes at bus address {addr} share a cache line with bytes that the device still \
                 has: sync multiples of {LINE} bytes of a buffer that starts on one"
            ),
            Self::NotInList { block } => write!(
                f,
                "the list's entry at {block} is not mapped: unmap and sync what map gave an address, once"
            ),
            Self::OtherLength { addr, len, mapped } => write!(
                f,
                "{mapped} bytes mapped at bus address {addr} and {len} unmapped: give unmap the length \
                 that map was given"
            ),
            Self::OtherDirection { addr, dir, mapped } => write!(
                f,
                "mapped {mapped:?} at bus address {addr} and now called {dir:?}: give the direction \
                 that map was given"
            ),
        }
    }
}
