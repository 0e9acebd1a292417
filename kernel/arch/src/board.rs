//! The Raspberry Pi 4's cores as `hal` sees them.
//!
//! RAM is reached through the linear map, so a physical address costs one addition. `Board` has no
//! state and no size: code that is generic over `Platform` calls these instructions directly.

#![expect(unsafe_code, reason = "barriers and the interrupt mask are assembly")]

use crate::uncached::{arch_copy_uncached, arch_zero_uncached, uncached, window};
use crate::{cache, copy, cpu, exception};
use aarch64_cpu::registers::CNTVCT_EL0;
use core::arch::asm;
use core::ptr::NonNull;
use core::sync::atomic::AtomicU64;
use hal::layout::LINEAR_BASE;
use hal::{
    Access, CacheLines, Cpu, CpuId, HeldLocks, Irq, MAX_CPUS, PhysAddr, PhysRange, Platform, Tally,
    find_other_at,
};
use tock_registers::interfaces::Readable;

/// The machine that this image runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Board;

/// Where the linear map shows `addr`. Beyond the RAM it maps, an access traps.
#[inline]
const fn linear(addr: PhysAddr) -> u64 {
    LINEAR_BASE.wrapping_add(addr.get())
}

impl Cpu for Board {
    /// Affinity 0 of `MPIDR_EL1` (`boot` gives EL1 the true one): right without any set-up.
    #[inline]
    fn cpu_id() -> CpuId {
        let affinity: usize;
        // SAFETY: reads an identification register. It is `pure` since no code moves from core to core:
        // a function that asks twice reads once.
        unsafe {
            asm!("mrs {0}, mpidr_el1", out(reg) affinity, options(pure, nomem, nostack, preserves_flags));
        }
        let core = affinity % MAX_CPUS;
        CpuId::new(core).expect("a remainder is below its divisor")
    }

    /// By the frame records of the stack, which every function of the image keeps.
    #[inline(never)]
    fn callers(into: &mut [u64]) {
        exception::callers(into, cpu::frame_pointer());
    }

    /// The generic timer's count, wherever the pipeline has it: no `isb`, so it may be some
    /// instructions early.
    #[inline]
    fn stamp() -> u64 {
        CNTVCT_EL0.get()
    }

    #[inline]
    fn ticket(counter: &AtomicU64) -> u64 {
        let number;
        // SAFETY: the word is in `counter`, and shared by atomic accesses alone. It is stored only if
        // nobody else has stored since it was loaded.
        unsafe {
            asm!(
                "2: ldxr {number}, [{counter}]",
                "add {next}, {number}, #1",
                "stxr {failed:w}, {next}, [{counter}]",
                "cbnz {failed:w}, 2b",
                counter = in(reg) counter.as_ptr(),
                number = out(reg) number,
                next = out(reg) _,
                failed = out(reg) _,
                options(nostack, preserves_flags),
            );
        }
        number
    }

    #[inline]
    fn tally(tally: &Tally, amount: u64) {
        // SAFETY: both words are in `tally`, aligned to their size together, and shared by atomic
        // accesses alone. The pair is stored only if nobody else has stored since it was loaded.
        unsafe {
            asm!(
                "2: ldxp {times}, {sum}, [{tally}]",
                "add {times}, {times}, #1",
                "add {sum}, {sum}, {amount}",
                "stxp {failed:w}, {times}, {sum}, [{tally}]",
                "cbnz {failed:w}, 2b",
                tally = in(reg) tally.as_ptr(),
                amount = in(reg) amount,
                times = out(reg) _,
                sum = out(reg) _,
                failed = out(reg) _,
                options(nostack, preserves_flags),
            );
        }
    }
}

/// The bit of DAIF that masks interrupts.
const IRQ_MASK: u64 = 1 << 7;

impl Irq for Board {
    type State = u64;

    #[inline]
    fn mask() -> u64 {
        let daif;
        // SAFETY: masking interrupts of this core touches no memory. Without `nomem`, the compiler
        // moves no access of the critical section in front of it.
        unsafe {
            asm!("mrs {0}, daif", "msr daifset, #2", out(reg) daif, options(nostack, preserves_flags));
        }
        daif
    }

    #[inline]
    fn restore(state: u64) {
        // SAFETY: `state` is what `mask` read; handlers are ready for interrupts that were on.
        unsafe { asm!("msr daif, {0}", in(reg) state, options(nostack, preserves_flags)) };
    }

    #[inline]
    fn masked() -> bool {
        let daif: u64;
        // SAFETY: reads the mask and touches no memory.
        unsafe { asm!("mrs {0}, daif", out(reg) daif, options(nomem, nostack, preserves_flags)) };
        daif & IRQ_MASK != 0
    }

    fn with_held<R>(f: impl FnOnce(&HeldLocks) -> R) -> Option<R> {
        static HELD: [HeldLocks; MAX_CPUS] = [const { HeldLocks::new() }; MAX_CPUS];
        Some(f(&HELD[Self::cpu_id().index()]))
    }

    #[inline]
    fn relax() {
        cpu::relax();
    }
}

// SAFETY: each method is the instruction or loop that the trait's text names, over the whole of the
// range; `cache`, `copy.s` and `uncached.s` touch nothing else, and no assembly here is marked `nomem`
// or `readonly`. The linear map shows all RAM that may be owned as Normal write-back memory, and none
// of what the uncached window shows.
unsafe impl Platform for Board {
    fn cache_lines(&self) -> CacheLines {
        cache::lines()
    }

    #[inline]
    fn clean(&self, range: PhysRange) {
        // SAFETY: cleaning changes no value. An address that is not mapped traps.
        unsafe { cache::clean(linear(range.start()), linear(range.last())) };
    }

    #[inline]
    fn clean_invalidate(&self, range: PhysRange) {
        // SAFETY: what is dropped was written back. An address that is not mapped traps.
        unsafe { cache::clean_invalidate(linear(range.start()), linear(range.last())) };
    }

    #[inline]
    unsafe fn invalidate(&self, range: PhysRange) {
        // SAFETY: the caller owns these lines, all of them, and gives up unwritten stores.
        unsafe { cache::invalidate(linear(range.start()), linear(range.last())) };
    }

    #[inline]
    fn complete(&self) {
        // SAFETY: a barrier.
        unsafe { asm!("dsb sy", options(nostack, preserves_flags)) };
    }

    #[inline]
    fn publish(&self) {
        // SAFETY: a barrier.
        unsafe { asm!("dmb oshst", options(nostack, preserves_flags)) };
    }

    #[inline]
    fn acquire(&self) {
        // SAFETY: a barrier.
        unsafe { asm!("dmb oshld", options(nostack, preserves_flags)) };
    }

    #[inline]
    unsafe fn copy(&self, from: PhysAddr, to: PhysAddr, len: u64) {
        // SAFETY: the caller vouches for RAM in the linear map, ownership, and no overlap.
        unsafe { copy::arch_copy(linear(to), linear(from), len) };
    }

    #[inline]
    unsafe fn copy_clean(&self, from: PhysAddr, to: PhysAddr, len: u64) {
        // SAFETY: as in `copy`.
        unsafe { copy::arch_copy_clean(linear(to), linear(from), len) };
    }

    #[inline]
    unsafe fn zero(&self, range: PhysRange) {
        // SAFETY: the caller owns this RAM.
        unsafe { copy::arch_zero(linear(range.start()), range.len()) };
    }

    #[inline]
    unsafe fn copy_to_uncached(&self, from: PhysAddr, to: PhysAddr, len: u64) {
        // SAFETY: the caller vouches for both sides, each in its own window, and for ownership.
        unsafe { arch_copy_uncached(uncached(to), linear(from), len) };
    }

    #[inline]
    unsafe fn copy_from_uncached(&self, from: PhysAddr, to: PhysAddr, len: u64) {
        // SAFETY: as in `copy_to_uncached`.
        unsafe { arch_copy_uncached(linear(to), uncached(from), len) };
    }

    #[inline]
    unsafe fn zero_uncached(&self, range: PhysRange) {
        // SAFETY: the caller owns this memory.
        unsafe { arch_zero_uncached(uncached(range.start()), range.len()) };
    }

    unsafe fn fill_uncached(&self, range: PhysRange, byte: u8) {
        // SAFETY: the caller owns this memory, which the window shows for stores.
        unsafe { window(range.start()).write_bytes(byte, range.len() as usize) };
    }

    unsafe fn find_other_uncached(&self, range: PhysRange, byte: u8) -> Option<(PhysAddr, u8)> {
        // SAFETY: the caller owns this memory, which the window shows for loads.
        unsafe { find_other_at(window(range.start()), range, byte) }
    }

    #[inline]
    fn view(&self, range: PhysRange, _: Access) -> NonNull<u8> {
        // The linear map has no object to derive a pointer from: its addresses count as exposed.
        let start = core::ptr::with_exposed_provenance_mut(linear(range.start()) as usize);
        NonNull::new(start).expect("the linear map does not reach address zero")
    }
}
