//! The work queue while no core is idle: the tick moves it, one job at a time, interrupts on.

use super::super::{Test, Verdict, attempt, check};
use super::{defer, others, within_patience};
use crate::timers::at_timer;
use crate::work::{self, Work};
use arch::Board;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use hal::{Cpu, CpuId, Defer, Irq, Job, MAX_CPUS};

pub(super) const TESTS: &[Test] = &[
    ("the work queue moves while all cores are busy", |_| {
        while_others_are_busy(gets_through)
    }),
    ("a tick runs one job and no more", |_| {
        while_others_are_busy(one_each)
    }),
    ("a job of the tick is interrupted", |_| {
        while_others_are_busy(is_interrupted)
    }),
];

/// Lets the other cores go.
static FREE: AtomicBool = AtomicBool::new(true);
/// Cores that are kept busy.
static BUSY: AtomicUsize = AtomicUsize::new(0);

/// Runs `test` while the other cores are busy: all that can run a job is this core's tick.
pub(crate) fn while_others_are_busy(test: impl FnOnce() -> Verdict) -> Verdict {
    FREE.store(false, Ordering::Release);
    let count = others().count();
    for _ in 0..count {
        attempt!(defer(keep_busy), "defer");
    }
    let busy = || BUSY.load(Ordering::Acquire);
    let all_came = within_patience(|| busy() == count);
    let verdict = if all_came { test() } else { Verdict::Passed };
    FREE.store(true, Ordering::Release);
    check!(all_came, "{} of {count} cores are busy", busy());
    check!(within_patience(|| busy() == 0), "some core stays busy");
    verdict
}

/// For every core but this test's own: what the tick brings there goes back.
fn keep_busy(_: usize) {
    if Board::cpu_id() == CpuId::BOOT {
        defer(keep_busy).expect("it has just left the queue");
        return;
    }
    BUSY.fetch_add(1, Ordering::AcqRel);
    // Longer than any test here: three of its waits may fail before it says so.
    let _ = (0..4).any(|_| within_patience(|| FREE.load(Ordering::Acquire)));
    BUSY.fetch_sub(1, Ordering::AcqRel);
}

fn gets_through() -> Verdict {
    static GOT_THROUGH: AtomicBool = AtomicBool::new(false);
    GOT_THROUGH.store(false, Ordering::Release);
    let queued = defer(|_| GOT_THROUGH.store(true, Ordering::Release));
    attempt!(queued, "defer");
    check!(
        within_patience(|| GOT_THROUGH.load(Ordering::Acquire)),
        "{} jobs wait",
        work::waiting()
    );
    Verdict::Passed
}

/// Jobs that are queued at once.
const JOBS: usize = 4;
/// The ticks of its core as each job saw them, times the number of cores, and which core that was: one that
/// looks after the pool has ticks too.
static SEEN: [AtomicU64; JOBS] = [const { AtomicU64::new(0) }; JOBS];
static RAN: AtomicUsize = AtomicUsize::new(0);

fn one_each() -> Verdict {
    RAN.store(0, Ordering::Release);
    let run = |job: usize| {
        let core = Board::cpu_id();
        let tick = work::ticks_of(core) * MAX_CPUS as u64 + core.index() as u64;
        SEEN[job].store(tick, Ordering::Release);
        RAN.fetch_add(1, Ordering::AcqRel);
    };
    let masked = Board::mask();
    let queued: Result<(), _> = (0..JOBS).try_for_each(|arg| Work.defer(Job { run, arg }));
    Board::restore(masked);
    attempt!(queued, "defer");
    let all_ran = within_patience(|| RAN.load(Ordering::Acquire) == JOBS);
    check!(all_ran, "{} jobs wait", work::waiting());
    let mut seen = SEEN.each_ref().map(|ticks| ticks.load(Ordering::Acquire));
    seen.sort_unstable();
    check!(
        seen.is_sorted_by(|a, b| a < b),
        "the jobs ran in ticks {seen:?}, which end with the core"
    );
    Verdict::Passed
}

/// Between arming the timer and its interrupt.
const DELAY_US: u64 = 20;
/// Set by the interrupt, and what the job made of it: whether it came while the job ran.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static CAME: AtomicBool = AtomicBool::new(false);
static OVER: AtomicBool = AtomicBool::new(false);

fn is_interrupted() -> Verdict {
    for flag in [&INTERRUPTED, &CAME, &OVER] {
        flag.store(false, Ordering::Release);
    }
    attempt!(defer(wait_for_interrupt), "defer");
    // The job's own wait comes first; only then is this one in vain.
    let over = || OVER.load(Ordering::Acquire);
    check!(
        within_patience(over) || within_patience(over),
        "the job did not run"
    );
    check!(
        CAME.load(Ordering::Acquire),
        "interrupts were masked while it ran"
    );
    Verdict::Passed
}

/// Spins until an interrupt of this very core has come. Masked, it would never.
fn wait_for_interrupt(_: usize) {
    at_timer(DELAY_US, || INTERRUPTED.store(true, Ordering::Release));
    let came = within_patience(|| INTERRUPTED.load(Ordering::Acquire));
    CAME.store(came, Ordering::Release);
    OVER.store(true, Ordering::Release);
}
