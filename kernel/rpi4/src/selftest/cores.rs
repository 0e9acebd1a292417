//! All cores at once: they run, sleep, wake, share the layer, and the work queue never stalls.

mod queue;
mod rounds;
mod shared;
mod sleep;
mod together;
mod waiting;

pub(super) use queue::while_others_are_busy;
pub(crate) use together::together;

pub(super) const TESTS: [&[super::Test]; 4] =
    [sleep::TESTS, shared::TESTS, waiting::TESTS, queue::TESTS];

use arch::{Board, Timer};
use hal::{Clock, Cpu, CpuId, Defer, Job, QueueFull};

/// Enough for anything that cores do together.
const PATIENCE_US: u64 = 5_000_000;

/// Spins until `done`; false if that takes too long.
pub(super) fn within_patience(done: impl Fn() -> bool) -> bool {
    let deadline = Timer.deadline(PATIENCE_US);
    while !done() {
        if Timer.ticks() > deadline {
            return false;
        }
        arch::cpu::relax();
    }
    true
}

/// Queues a job that needs no word.
fn defer(run: fn(usize)) -> Result<(), QueueFull> {
    crate::work::Work.defer(Job { run, arg: 0 })
}

/// Every core but the calling one.
fn others() -> impl Iterator<Item = CpuId> + Clone {
    crate::cores::online().filter(|core| *core != Board::cpu_id())
}
