//! The first bytes of a buffer, as a buffer.

#![expect(unsafe_code, reason = "a window of a buffer that it owns")]

use hal::{DmaBuffer, PhysRange};

/// A part of a [`Staging`](super::Staging)'s memory, as long as the piece of a slice that it stands
/// in for.
///
/// # Invariants
/// `len` is not zero, and no more than the range of `buffer`.
pub struct Staged<B: DmaBuffer> {
    buffer: B,
    len: u64,
}

impl<B: DmaBuffer> Staged<B> {
    /// The first `len` bytes of `buffer`; gives it back if it has not as many, or there are none.
    pub(super) fn new(buffer: B, len: u64) -> Result<Self, B> {
        match buffer.range().slice(0, len) {
            // INVARIANT: there is such a slice of the range.
            Some(_) => Ok(Self { buffer, len }),
            None => Err(buffer),
        }
    }

    pub(super) fn into_inner(self) -> B {
        self.buffer
    }
}

// SAFETY: `buffer` keeps these promises for its range, of which this is the start (invariant), as long
// always; it is taken out by value alone. Dropping and forgetting are the buffer's.
unsafe impl<B: DmaBuffer> DmaBuffer for Staged<B> {
    const CPU_ACCESS: bool = B::CPU_ACCESS;

    fn range(&self) -> PhysRange {
        let window = self.buffer.range().slice(0, self.len);
        window.expect("`new` found it there")
    }

    fn owned(&self) -> PhysRange {
        self.buffer.owned()
    }
}
