//! A window on the first GiB of RAM that no kernel has: not cacheable, while the linear map shows
//! the same cacheably. It stands for the one of the kernel, and shows what that does.

#![expect(unsafe_code, reason = "writes to a page table")]

use hal::layout::{ATTR_UNCACHED, UNCACHED_BASE, VA_BITS};

/// log2 of what one entry of the root shows.
const ENTRY: u32 = 30;
/// A block (Arm ARM, D8.3): valid, accessed, for EL1 to read and write, never executed.
const BLOCK: u64 = 0b01 | ATTR_UNCACHED << 2 | 1 << 10 | 1 << 53 | 1 << 54;

/// Puts the window into the tables whose root is at `root`.
///
/// # Safety
/// The root is a first-level table of ours that no core uses yet, mapped at `root`.
pub(crate) unsafe fn enter(root: *mut u64) {
    let index = (UNCACHED_BASE & ((1 << VA_BITS) - 1)) >> ENTRY;
    // SAFETY: an index below 512, by the two constants.
    let entry = unsafe { root.add(index as usize) };
    // SAFETY: the caller's promise.
    unsafe { entry.write_volatile(BLOCK) };
}
