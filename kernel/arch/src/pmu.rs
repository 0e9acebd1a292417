//! The core's cycle counter: what a benchmark reads before and after.
//!
//! On the board it counts cycles. In the emulator it counts instructions where each is said to take a
//! nanosecond (`-icount shift=0`), the same on every run; otherwise it follows the host's clock.
//! There it counts for all cores together, so the others must sleep.
//!
//! `boot` has given EL1 every counter (`MDCR_EL2.HPMN`) and keeps EL0 away from them.
//! Source: Arm ARM, "The Performance Monitors Extension".

#![expect(unsafe_code, reason = "system registers of the performance monitors")]

use core::arch::asm;

/// `PMCR_EL0`: counters on (E), cycle counter to zero (C), 64 bits wide before it wraps (LC).
const ON: u64 = 1 | 1 << 2 | 1 << 6;
/// The cycle counter's bit in `PMCNTENSET_EL0`.
const CYCLES: u64 = 1 << 31;

/// Starts the calling core's counter at zero.
pub fn start() {
    // SAFETY: only the performance monitors change, and this kernel has no other user of them.
    unsafe {
        asm!(
            "msr pmccfiltr_el0, xzr", // count at every level
            "msr pmcntenset_el0, {cycles}",
            "msr pmcr_el0, {on}",
            "isb",
            cycles = in(reg) CYCLES,
            on = in(reg) ON,
            options(nostack, preserves_flags),
        );
    }
}

/// The calling core's count. What stands before the call is done, what stands behind has not begun.
#[inline(always)]
pub fn cycles() -> u64 {
    let count;
    // SAFETY: reads a register. Without `nomem`, the compiler moves no access across.
    unsafe {
        asm!("isb", "mrs {0}, pmccntr_el0", "isb", out(reg) count, options(nostack, preserves_flags));
    }
    count
}
