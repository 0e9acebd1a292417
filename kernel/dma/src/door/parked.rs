//! A buffer of any type, or a list of such, put away without allocating.

use core::mem::{MaybeUninit, align_of, size_of};

/// Words that a parked buffer may have. Buffers are addresses and lengths; the largest of this
/// kernel, the start of a heap buffer that is lent for a slice, has nine words.
const WORDS: usize = 9;

/// A buffer whose type was forgotten. Letting go of it leaks the buffer; [`free`](Self::free) drops
/// it.
///
/// # Invariants
/// `words` holds a valid value of the type that `drop` was made for, moved in by `new`.
pub(crate) struct Parked {
    words: [MaybeUninit<u64>; WORDS],
    drop: unsafe fn(*mut u8),
}

// SAFETY: the value inside is `Send`, as `new` demands; only `free`, by value, touches it.
unsafe impl Send for Parked {}

impl Parked {
    /// Puts `buffer` away.
    pub(crate) fn new<B: Send + 'static>(buffer: B) -> Self {
        const {
            assert!(
                size_of::<B>() <= size_of::<[u64; WORDS]>(),
                "buffer type too large to park"
            );
            assert!(
                align_of::<B>() <= align_of::<u64>(),
                "buffer type too strictly aligned"
            );
        }
        let mut words = [MaybeUninit::uninit(); WORDS];
        let place = words.as_mut_ptr().cast::<B>();
        // SAFETY: `words` is large and aligned enough for a `B`, tested above, and ours.
        unsafe { place.write(buffer) };
        // INVARIANT: a valid `B`, and the function that drops a `B`.
        Self {
            words,
            drop: drop_as::<B>,
        }
    }

    /// Drops the buffer, which gives its memory back.
    pub(crate) fn free(mut self) {
        let place = self.words.as_mut_ptr().cast::<u8>();
        // SAFETY: by the invariant a valid value of the type that `drop` expects; `self` is consumed,
        // so it is dropped once.
        unsafe { (self.drop)(place) };
    }
}

/// Drops the `B` at `place`.
///
/// # Safety
/// `place` holds a valid `B` that nobody uses afterwards.
unsafe fn drop_as<B>(place: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { place.cast::<B>().drop_in_place() };
}
