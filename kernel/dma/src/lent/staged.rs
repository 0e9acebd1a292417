//! The first bytes of a buffer, as a buffer.

#![expect(unsafe_code, reason = "a window of a buffer that it owns")]

use hal::{DmaBuffer, PhysRange};

/// A part of a [`Staging`](super::Staging)'s memory, as long as the piece of a slice that it stands
/// in for.
///
/// # Invariants
/// `window` lies in the range of `buffer`.
pub struct Staged<B: DmaBuffer> {
    buffer: B,
    window: PhysRange,
}

impl<B: DmaBuffer> Staged<B> {
    /// The first `len` bytes of `buffer`; gives it back if it has not as many, or there are none.
    pub(super) fn new(buffer: B, len: u64) -> Result<Self, B> {
        match buffer.range().slice(0, len) {
            // INVARIANT: a slice of the range.
            Some(window) => Ok(Self { buffer, window }),
            None => Err(buffer),
        }
    }

    pub(super) fn into_inner(self) -> B {
        self.buffer
    }
}

// SAFETY: `buffer` keeps these promises for its range, which `window` lies in (invariant) and which
// does not change; it is taken out by value alone. Dropping and forgetting are the buffer's.
unsafe impl<B: DmaBuffer> DmaBuffer for Staged<B> {
    const CPU_ACCESS: bool = B::CPU_ACCESS;

    fn range(&self) -> PhysRange {
        self.window
    }

    fn owned(&self) -> PhysRange {
        self.buffer.owned()
    }
}
