//! Copies in RAM by 64 bytes at a time; the routines and their rules are in `copy.s`. And what the compiler
//! calls to move values, `memcpy` and its like, in `memory.s`.
//!
//! Context: any, interrupt handlers included. The destination must be Normal cacheable memory for
//! `arch_copy_clean` to make sense, and Normal memory for the others: their accesses are unaligned.

#![expect(unsafe_code, reason = "routines in assembly")]

core::arch::global_asm!(
    include_str!("copy.s"),
    include_str!("memory.s"),
    options(raw)
);

unsafe extern "C" {
    /// Copies `len` bytes.
    ///
    /// # Safety
    /// Both ranges are mapped Normal memory, `to` is the caller's, and they do not overlap.
    pub(crate) fn arch_copy(to: u64, from: u64, len: u64);

    /// As [`arch_copy`], and cleans every line of the destination once, after its last store.
    ///
    /// # Safety
    /// As for `arch_copy`.
    pub(crate) fn arch_copy_clean(to: u64, from: u64, len: u64);

    /// Fills `len` bytes with zero.
    ///
    /// # Safety
    /// The range is mapped Normal memory and the caller's.
    pub(crate) fn arch_zero(to: u64, len: u64);
}
