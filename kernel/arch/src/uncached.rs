//! Uncached memory: copies, and the one look at the caches before its first use.
//!
//! It appears at [`UNCACHED_BASE`] plus its physical address, Normal non-cacheable, and nowhere else.
//! The routines and their rules are in `uncached.s`.

#![expect(unsafe_code, reason = "routines in assembly")]

use crate::{Board, cache};
use core::ptr::NonNull;
use hal::layout::UNCACHED_BASE;
use hal::{PhysAddr, PhysRange, Platform};

core::arch::global_asm!(include_str!("uncached.s"), options(raw));

unsafe extern "C" {
    /// Copies `len` bytes, loading each once.
    ///
    /// # Safety
    /// Both ranges are mapped Normal memory, `to` is the caller's, and they do not overlap.
    pub(crate) fn arch_copy_uncached(to: u64, from: u64, len: u64);

    /// Fills `len` bytes with zero.
    ///
    /// # Safety
    /// The range is mapped Normal memory and the caller's.
    pub(crate) fn arch_zero_uncached(to: u64, len: u64);
}

/// Where the uncached window shows `addr`. Beyond the memory that it maps, an access traps.
#[inline]
pub(crate) const fn uncached(addr: PhysAddr) -> u64 {
    UNCACHED_BASE.wrapping_add(addr.get())
}

/// The same as a pointer.
pub(crate) fn window(addr: PhysAddr) -> NonNull<u8> {
    // The window has no object to derive a pointer from: its addresses count as exposed.
    let start = core::ptr::with_exposed_provenance_mut(uncached(addr) as usize);
    NonNull::new(start).expect("the window does not reach address zero")
}

/// Drops whatever the caches hold of `range`, which the tables in use show uncached alone: lines that
/// the loader left, or that were fetched while other tables showed it cacheably. Operations by address
/// look at caches whatever the memory type of the address (Arm ARM, "Effects of instructions that
/// operate by VA to the Point of Coherency").
///
/// Context: once, when the tables were switched and before the first access.
///
/// # Safety
/// The uncached window shows all of `range`.
pub unsafe fn forget_lines(range: PhysRange) {
    // SAFETY: mapped, by the caller's promise; what is dropped was written back.
    unsafe { cache::clean_invalidate(uncached(range.start()), uncached(range.last())) };
    Board.complete();
}
