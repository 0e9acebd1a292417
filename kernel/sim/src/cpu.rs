//! Which core a thread plays, its interrupt mask, and the locks it holds.
//!
//! All are per thread: a test that wants two cores starts two threads and gives each its number.

use crate::Machine;
use hal::{Cpu, CpuId, HeldLocks, Irq};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

thread_local! {
    static CPU: Cell<CpuId> = const { Cell::new(CpuId::BOOT) };
    static PLACE: Cell<u64> = const { Cell::new(0) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static MASKS: Cell<u64> = const { Cell::new(0) };
    static HELD: HeldLocks = const { HeldLocks::new() };
}

/// Makes `place` what calls of this thread return to, for those who ask where they come from.
pub fn set_place(place: u64) {
    PLACE.set(place);
}

/// Makes the calling thread core `cpu`. A thread starts as the boot core.
pub fn set_cpu(cpu: CpuId) {
    CPU.set(cpu);
}

/// How many times the calling thread masked interrupts without restoring them.
pub fn irq_depth() -> u32 {
    DEPTH.get()
}

/// How many times the calling thread ever masked interrupts: every lock of the kernel does, so a call
/// that leaves this alone has looked nothing up.
pub fn irq_masks() -> u64 {
    MASKS.get()
}

/// Are interrupts masked on the calling thread's core?
pub fn irqs_masked() -> bool {
    irq_depth() > 0
}

impl Cpu for Machine {
    fn cpu_id() -> CpuId {
        CPU.get()
    }

    fn callers(into: &mut [u64]) {
        into.iter_mut()
            .take(1)
            .for_each(|caller| *caller = PLACE.get());
    }

    /// One more each time, whoever asks.
    fn stamp() -> u64 {
        static NOW: AtomicU64 = AtomicU64::new(0);
        NOW.fetch_add(1, Ordering::Relaxed)
    }
}

impl Irq for Machine {
    /// The depth before.
    type State = u32;

    fn mask() -> u32 {
        MASKS.set(MASKS.get() + 1);
        DEPTH.replace(DEPTH.get() + 1)
    }

    /// Panics if an outer mask is restored before an inner one: on the board that turns interrupts
    /// on while the inner one still counts on their being off.
    fn restore(state: u32) {
        let expected = DEPTH.get().checked_sub(1);
        let nested = expected == Some(state) || std::thread::panicking();
        assert!(nested, "interrupt masks restored out of order");
        DEPTH.set(state);
    }

    fn masked() -> bool {
        irqs_masked()
    }

    /// None for a thread that is about to end and has given its list up.
    fn with_held<R>(f: impl FnOnce(&HeldLocks) -> R) -> Option<R> {
        HELD.try_with(f).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_nest() {
        let outer = Machine::mask();
        let inner = Machine::mask();
        Machine::restore(inner);
        assert!(irqs_masked());
        Machine::restore(outer);
        assert!(!irqs_masked());
    }

    #[test]
    #[should_panic(expected = "restored out of order")]
    fn restoring_the_outer_mask_first_panics() {
        let outer = Machine::mask();
        let _inner = Machine::mask();
        Machine::restore(outer);
    }

    #[test]
    fn each_thread_is_a_core_of_its_own() {
        let other = CpuId::new(2).expect("four cores");
        std::thread::spawn(move || set_cpu(other))
            .join()
            .expect("no panic");
        assert_eq!(Machine::cpu_id(), CpuId::BOOT);
    }
}
