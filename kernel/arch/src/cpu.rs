//! Single instructions of the core, and the few sequences around system registers.

#![expect(unsafe_code, reason = "instructions without a Rust name")]

use aarch64_cpu::registers::{CurrentEL, MIDR_EL1, SCTLR_EL1, TTBR1_EL1};
use core::arch::asm;
use hal::PhysAddr;
use tock_registers::interfaces::Readable;

/// Sleeps until an interrupt is pending, masked or not.
#[inline]
pub fn wfi() {
    // SAFETY: `dsb` first, so that stores are out before the core sleeps; no other effect.
    unsafe { asm!("dsb sy", "wfi", options(nostack, preserves_flags)) }; // stays: before sleep
}

/// Sleeps until an event or an interrupt.
#[inline]
pub fn wfe() {
    // SAFETY: no effect but the wait.
    unsafe { asm!("wfe", options(nostack, preserves_flags)) };
}

/// Wakes all cores in `wfe`, after this core's stores are done.
#[inline]
pub fn sev() {
    // SAFETY: a barrier and a signal.
    unsafe { asm!("dsb sy", "sev", options(nostack, preserves_flags)) }; // stays: between cores
}

/// Says that this core waits in a loop. An emulator that runs all cores in one thread turns to
/// another core, which `core::hint::spin_loop` (`isb` here) does not make it do.
#[inline]
pub fn relax() {
    // SAFETY: a hint.
    unsafe { asm!("yield", options(nomem, nostack, preserves_flags)) };
}

/// Lets interrupts reach this core.
///
/// # Safety
/// Vectors and an interrupt handler are installed, and the caller is not in a section that someone
/// else masked.
#[inline]
pub unsafe fn enable_interrupts() {
    // SAFETY: the caller's promise.
    unsafe { asm!("msr daifclr, #2", options(nostack, preserves_flags)) };
}

/// Lets asynchronous errors reach this core, so that a store that nothing answers is reported.
///
/// # Safety
/// Vectors are installed.
#[inline]
pub unsafe fn enable_serror() {
    // SAFETY: the caller's promise.
    unsafe { asm!("msr daifclr, #4", options(nostack, preserves_flags)) };
}

/// Masks interrupts of this core for good.
#[inline]
pub fn disable_interrupts() {
    // SAFETY: touches no memory.
    unsafe { asm!("msr daifset, #2", options(nostack, preserves_flags)) };
}

/// Waits until earlier changes to system registers hold for the next instruction.
#[inline]
pub fn isb() {
    // SAFETY: a barrier.
    unsafe { asm!("isb", options(nostack, preserves_flags)) };
}

/// Drops all translations of EL1 on every core, after earlier table stores.
pub fn invalidate_tlb() {
    // SAFETY: translations are fetched again from the tables, which stay as they are.
    unsafe {
        asm!(
            "dsb ishst", // stays: page tables
            "tlbi vmalle1is",
            "dsb ish", // stays: TLB
            "isb",
            options(nostack, preserves_flags)
        );
    };
}

/// Puts this core on the tables at `root` for the upper half, and none for the lower.
///
/// # Safety
/// `root` is the first-level table of a 39-bit space, complete, kept for good, and maps all that
/// this core executes, its stack, and every object in use, where they are now, with the same
/// memory type.
pub unsafe fn switch_tables(root: PhysAddr) {
    // SAFETY: the caller vouches for the tables. EPD0 (TCR_EL1 bit 7) makes every lower-half access
    // fault without a walk.
    unsafe {
        asm!(
            "dsb ishst", // stays: page tables
            "mrs {tcr}, tcr_el1",
            "orr {tcr}, {tcr}, #(1 << 7)",
            "msr tcr_el1, {tcr}",
            "msr ttbr1_el1, {root}",
            "isb",
            "tlbi vmalle1",
            "dsb nsh", // stays: TLB
            "isb",
            root = in(reg) root.get(),
            tcr = out(reg) _,
            options(nostack, preserves_flags),
        );
    }
}

/// Root of the tables that this core uses for the upper half.
pub fn table_root() -> PhysAddr {
    PhysAddr::new(TTBR1_EL1.get_baddr())
}

/// `CTR_EL0`: cache line sizes.
pub fn ctr() -> u64 {
    let ctr;
    // SAFETY: reads an identification register.
    unsafe { asm!("mrs {0}, ctr_el0", out(reg) ctr, options(nomem, nostack, preserves_flags)) };
    ctr
}

/// `MIDR_EL1`: which core this is (Cortex-A72 r0p3 is `410FD083`).
pub fn midr() -> u64 {
    MIDR_EL1.get()
}

/// `SCTLR_EL1`: MMU (bit 0), data cache (2), instruction cache (12), write-implies-never-execute (19).
pub fn sctlr() -> u64 {
    SCTLR_EL1.get()
}

/// The exception level that this code runs at.
pub fn exception_level() -> u8 {
    CurrentEL.read(CurrentEL::EL) as u8
}

/// Address of the frame record of the caller, where a backtrace starts.
#[inline(always)]
pub fn frame_pointer() -> u64 {
    let fp;
    // SAFETY: reads a register.
    unsafe { asm!("mov {0}, x29", out(reg) fp, options(nomem, nostack, preserves_flags)) };
    fp
}

/// Sleeps for ever, interrupts masked.
pub fn park() -> ! {
    disable_interrupts();
    loop {
        wfe();
    }
}

/// Ends an emulator run with this status, by semihosting.
///
/// Only where the command line asked for it: without a debugger the instruction traps.
pub fn exit(status: u8) -> ! {
    semihosting::process::exit(i32::from(status))
}
