//! The seam to whatever has blocks.

use core::fmt::{Debug, Display};
use hal::DmaBuffer;

/// Bytes in a block.
pub const BLOCK: u64 = 512;

/// Blocks that can be read into owned buffers.
pub trait BlockDevice {
    /// What a request reads into.
    type Buffer: DmaBuffer;
    /// Why a request failed.
    type Error: Debug + Display;

    /// Blocks there are.
    fn block_count(&self) -> u64;

    /// Reads from block `lba` on into the whole window of `buffer`, a multiple of [`BLOCK`] bytes.
    ///
    /// Context: thread; waits for the device.
    fn read(
        &mut self,
        lba: u64,
        buffer: Self::Buffer,
    ) -> Result<Self::Buffer, Failed<Self::Buffer, Self::Error>>;
}

/// A request that failed: why, and the buffer unless a device may still use it.
#[derive(Debug)]
pub struct Failed<B, E> {
    /// Why.
    pub error: E,
    /// The buffer; a part of it may have been filled.
    pub buffer: Option<B>,
}
