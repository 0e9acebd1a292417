//! Memory that is known by its address alone (`dma_map_phys`).

#![expect(unsafe_code, reason = "somebody vouches for the memory")]

use hal::{DmaBuffer, PhysRange};

/// RAM by its address. Nothing says whose lines its ends are in, so its address and length decide
/// whether it bounces (UL-2). Dropping it frees nothing.
#[derive(Debug)]
pub struct Physical(PhysRange);

impl Physical {
    /// The RAM at `range`, as a buffer.
    ///
    /// # Safety
    /// Until the value is dropped, or for good if it is forgotten: `range` is initialised RAM in the
    /// platform's linear map that nobody touches but through this value.
    pub const unsafe fn assume_lent(range: PhysRange) -> Self {
        Self(range)
    }
}

// SAFETY: the range is fixed, and `assume_lent`'s caller vouched for it. Forgetting frees nothing.
unsafe impl DmaBuffer for Physical {
    fn range(&self) -> PhysRange {
        self.0
    }

    fn owned(&self) -> PhysRange {
        self.0
    }
}
