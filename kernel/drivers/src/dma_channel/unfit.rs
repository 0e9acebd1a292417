//! What cannot be a channel's: a device description that allows more than the engine can do, or
//! memory that cannot hold control blocks. Tested once, when the channel is made.

use super::block::{BLOCK, GRANULE};
use core::fmt;
use dma::{DmaDevice, DmaMask};
use hal::DmaBuffer;

/// What cannot be a channel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The device description allows lengths that the engine cannot do.
    Granule {
        /// Bytes that the description says.
        found: u64,
    },
    /// The device description allows addresses that no register of the channel holds.
    Mask,
    /// The memory for control blocks does not start on a multiple of [`BLOCK`], is shorter, or shorter
    /// than what it stands in for.
    ControlMemory,
    /// The memory for control blocks cannot be mapped.
    Map(dma::MapError),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granule { found } => {
                write!(
                    f,
                    "the device's granule is {found} bytes, the engine's {GRANULE}"
                )
            }
            Self::Mask => write!(f, "the device's mask is wider than the channel's 32 bits"),
            Self::ControlMemory => write!(f, "control blocks need {BLOCK} aligned bytes at least"),
            Self::Map(error) => write!(f, "control blocks: {error}"),
        }
    }
}

/// Can a channel master the bus as `device`, with its control blocks in `memory`?
pub(super) fn check<C: DmaBuffer>(device: &DmaDevice, memory: &C) -> Result<(), Unfit> {
    let found = device.limits().granule;
    if !found.is_multiple_of(GRANULE) {
        return Err(Unfit::Granule { found });
    }
    if device.mask() > DmaMask::bits(32) {
        return Err(Unfit::Mask);
    }
    let range = memory.range();
    if !range.start().is_aligned(BLOCK) || range.len() < BLOCK {
        return Err(Unfit::ControlMemory);
    }
    Ok(())
}
