//! The work queue: what was noticed where it could not be done.
//!
//! Idle cores drain it. Where none is idle, the core that queued takes one job at the tail of a timer
//! interrupt, with interrupts on, until nothing waits; so the queue moves with all cores busy. Without
//! work there is no tick.

#![expect(
    unsafe_code,
    reason = "lets interrupts through at the tail of a handler"
)]

use crate::{cores, interrupts, timers};
use arch::Board;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use hal::{Cpu, CpuId, Defer, IrqLock, Job, JobQueue, MAX_CPUS, QueueFull, Rank};

/// Jobs that can wait.
const CAPACITY: usize = 64;

/// Lock order: innermost, since work is queued under any lock.
static QUEUE: IrqLock<JobQueue<CAPACITY>, Board> =
    IrqLock::new(Rank::Innermost, "work queue", JobQueue::new());
/// Jobs that each core ran.
static RUN: [AtomicU64; MAX_CPUS] = [const { AtomicU64::new(0) }; MAX_CPUS];
/// Ticks that each core had to spare for a job.
static TICKS: [AtomicU64; MAX_CPUS] = [const { AtomicU64::new(0) }; MAX_CPUS];
/// Cores that run a job at the tail of an interrupt, which others interrupt.
static IN_TAIL: [AtomicBool; MAX_CPUS] = [const { AtomicBool::new(false) }; MAX_CPUS];

/// The queue of this machine, for whoever takes a [`Defer`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work;

impl Defer for Work {
    fn defer(&self, job: Job) -> Result<(), QueueFull> {
        QUEUE.lock().push(job)?;
        cores::wake_one();
        timers::tick_soon();
        Ok(())
    }
}

/// Runs the job that has waited longest. False if there was none.
///
/// Context: interrupts on, no lock held.
pub(crate) fn run_one() -> bool {
    let job = QUEUE.lock().pop();
    let Some(job) = job else {
        return false;
    };
    (job.run)(job.arg);
    RUN[Board::cpu_id().index()].fetch_add(1, Ordering::Relaxed);
    true
}

/// Jobs that wait.
pub(crate) fn waiting() -> usize {
    QUEUE.lock().waiting()
}

/// Jobs that a core ran so far.
pub(crate) fn run_by(core: CpuId) -> u64 {
    RUN[core.index()].load(Ordering::Relaxed)
}

/// Ticks of a core so far that ran a job, or would have.
pub(crate) fn ticks_of(core: CpuId) -> u64 {
    TICKS[core.index()].load(Ordering::Relaxed)
}

/// Has the tick run jobs from now on.
pub(crate) fn start() {
    interrupts::at_tail(|| {
        if timers::take_tick() {
            tick();
        }
    });
}

/// The tick: one job, with interrupts on. For the end of an interrupt handler, with all interrupts
/// ended.
fn tick() {
    let core = Board::cpu_id().index();
    let in_tail = &IN_TAIL[core];
    if !in_tail.swap(true, Ordering::Relaxed) {
        TICKS[core].fetch_add(1, Ordering::Relaxed);
        // SAFETY: the handler is done but for its return, holds no lock, and may be interrupted; it
        // does not come here a second time meanwhile.
        unsafe { arch::cpu::enable_interrupts() };
        run_one();
        arch::cpu::disable_interrupts();
        in_tail.store(false, Ordering::Relaxed);
    }
    if waiting() > 0 {
        timers::tick_soon();
    }
}
