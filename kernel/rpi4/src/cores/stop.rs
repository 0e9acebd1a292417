//! One core dies, the others fall silent, so that there is one dump and it is readable.
//!
//! Takes no lock and prints nothing. A core that has interrupts masked obeys when it lets them through;
//! one that never does is not waited for.

use crate::interrupts;
use arch::{Board, IrqId, Timer};
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use hal::{Clock, Cpu, MAX_CPUS};

/// Longer than a lock is ever held, a console line included.
const PATIENCE_US: u64 = 100_000;

/// Has a core stand still for good.
pub(super) const STOP: IrqId = IrqId::between_cores(1).expect("below 16");

/// The core that speaks; [`MAX_CPUS`] while all is well.
static SPEAKER: AtomicUsize = AtomicUsize::new(MAX_CPUS);
/// Cores that stand still, one bit each.
static STOPPED: AtomicU64 = AtomicU64::new(0);

/// Makes the calling core the only one that runs. Does not return if another was first.
pub(crate) fn stop_others() {
    let me = Board::cpu_id().index();
    match SPEAKER.compare_exchange(MAX_CPUS, me, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {}
        // Died again while it reported.
        Err(speaker) if speaker == me => return,
        Err(_) => obey(),
    }
    let others = || super::online().filter(|core| core.index() != me);
    others().for_each(|core| interrupts::send(STOP, core));
    let wanted = others().fold(0, |bits, core| bits | 1 << core.index());
    let deadline = Timer.deadline(PATIENCE_US);
    while STOPPED.load(Ordering::Acquire) & wanted != wanted && Timer.ticks() < deadline {
        arch::cpu::relax();
    }
}

/// Stands still for good.
pub(super) fn obey() -> ! {
    STOPPED.fetch_or(1 << Board::cpu_id().index(), Ordering::Release);
    arch::cpu::park()
}
