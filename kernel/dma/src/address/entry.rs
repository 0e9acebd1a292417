//! An element of a list: where the CPU finds it, and where the device does.

use hal::{DmaAddr, PhysRange};

/// An element of a list that is lent by address (`struct scatterlist`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SgEntry {
    block: PhysRange,
    pub(super) addr: Option<DmaAddr>,
}

impl SgEntry {
    /// The RAM at `block`, not mapped.
    pub const fn new(block: PhysRange) -> Self {
        let addr = None;
        Self { block, addr }
    }

    /// The bytes, as the CPU finds them.
    pub const fn block(&self) -> PhysRange {
        self.block
    }

    /// Where the device finds them (`sg_dma_address`). `None` while they are not mapped.
    pub const fn dma_address(&self) -> Option<DmaAddr> {
        self.addr
    }

    /// How many they are (`sg_dma_len`): entries are never joined (SG-2).
    pub const fn dma_len(&self) -> u64 {
        self.block.len()
    }
}
