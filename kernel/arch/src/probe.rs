//! Accesses that are expected to trap, to be run under
//! [`catch_trap`](crate::exception::catch_trap).
//!
//! Each is one instruction or two, so nothing is lost with its frame. Where the access does not
//! trap, it leaves memory as it was.

#![expect(unsafe_code, reason = "accesses to addresses that may not be mapped")]

core::arch::global_asm!(
    ".pushsection .text.arch_probe, \"ax\"",
    ".global arch_probe_load",
    "arch_probe_load:",
    "ldrb w0, [x0]",
    "ret",
    ".global arch_probe_store",
    "arch_probe_store:",
    "ldrb w1, [x0]",
    "strb w1, [x0]",
    "ret",
    ".global arch_probe_exec",
    "arch_probe_exec:",
    "stp x29, x30, [sp, #-16]!",
    "mov x29, sp",
    "blr x0",
    "ldp x29, x30, [sp], #16",
    "ret",
    ".popsection",
);

unsafe extern "C" {
    /// Loads the byte at `va`.
    ///
    /// # Safety
    /// A load there has no effect (RAM), or traps.
    #[link_name = "arch_probe_load"]
    pub fn probe_load(va: usize);

    /// Loads the byte at `va` and stores it back.
    ///
    /// # Safety
    /// As for [`probe_load`], and nobody else writes the byte meanwhile.
    #[link_name = "arch_probe_store"]
    pub fn probe_store(va: usize);

    /// Calls `va`.
    ///
    /// # Safety
    /// A fetch from there traps, or finds a function without arguments.
    #[link_name = "arch_probe_exec"]
    pub fn probe_exec(va: usize);
}
