//! What a core does without work: it sleeps in WFI, and an interrupt between cores ends that.
//!
//! No wake-up is lost: a core says that it sleeps *before* it looks at the queue, and who queues looks
//! for sleepers *after*, so one of the two sees the other. Between the look and the sleep interrupts
//! are masked; a pending one ends the sleep all the same.

use crate::{interrupts, work};
use arch::{Board, IrqId};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use hal::{Cpu, CpuId, Irq, MAX_CPUS};

/// Ends the sleep of a core.
pub(super) const WAKE: IrqId = IrqId::between_cores(0).expect("below 16");

/// Cores that sleep or are about to.
static ASLEEP: [AtomicBool; MAX_CPUS] = [const { AtomicBool::new(false) }; MAX_CPUS];
/// How often each went to sleep.
pub(super) static SLEEPS: [AtomicU64; MAX_CPUS] = [const { AtomicU64::new(0) }; MAX_CPUS];

/// How often each heard that its sleep is over.
pub(super) static WOKEN: [AtomicU64; MAX_CPUS] = [const { AtomicU64::new(0) }; MAX_CPUS];

/// Its arrival alone ends the sleep.
pub(super) fn woken(_: IrqId) {
    WOKEN[Board::cpu_id().index()].fetch_add(1, Ordering::Relaxed);
}

/// Works and sleeps for ever.
pub(super) fn idle() -> ! {
    loop {
        if !work::run_one() {
            sleep();
        }
    }
}

fn sleep() {
    let core = Board::cpu_id().index();
    let before = Board::mask();
    ASLEEP[core].store(true, Ordering::Relaxed);
    fence(Ordering::SeqCst);
    if work::waiting() == 0 {
        SLEEPS[core].fetch_add(1, Ordering::Relaxed);
        arch::cpu::wfi();
    }
    ASLEEP[core].store(false, Ordering::Relaxed);
    Board::restore(before);
}

/// Whether a core sleeps for want of work.
pub(crate) fn is_asleep(core: CpuId) -> bool {
    ASLEEP[core.index()].load(Ordering::Relaxed)
}

/// Ends a core's sleep, if it sleeps.
pub(crate) fn wake(core: CpuId) {
    interrupts::send(WAKE, core);
}

/// Ends the sleep of one core, after work was queued. Callers that follow wake another.
pub(crate) fn wake_one() {
    fence(Ordering::SeqCst);
    let claimed = |core: &CpuId| ASLEEP[core.index()].swap(false, Ordering::Relaxed);
    if let Some(core) = super::online().find(claimed) {
        wake(core);
    }
}
