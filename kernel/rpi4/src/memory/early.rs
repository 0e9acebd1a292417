//! Memory for the heap until there are zones: a static of the image.
//!
//! What is allocated from it stays known by its address, and can be freed later.

#![expect(unsafe_code, reason = "hands a static to the heap")]

use super::HEAP;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

/// Bytes for the heap before there are zones.
const EARLY_HEAP: usize = 64 * 1024;

struct EarlyHeap(UnsafeCell<[MaybeUninit<u8>; EARLY_HEAP]>);

// SAFETY: `early_heap` hands the contents to the heap, once.
unsafe impl Sync for EarlyHeap {}

/// Gives the heap a static of the image, for the time until there are zones. Called once.
pub(crate) fn early_heap() {
    static REGION: EarlyHeap = EarlyHeap(UnsafeCell::new([MaybeUninit::uninit(); EARLY_HEAP]));
    // SAFETY: the only use of the static, by the boot core, alone.
    HEAP.init_early(unsafe { &mut *REGION.0.get() });
}
