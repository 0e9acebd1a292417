//! A part that every core plays once, all at the same time.
//!
//! Parts are jobs of the work queue: a core that has its own waits until all have theirs, so no core
//! gets two. The tick may bring one to the boot core, which plays without a job: it goes back.

use super::super::copy::told;
use super::super::{Reason, reason};
use super::{defer, others, within_patience};
use crate::cores;
use arch::Board;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use hal::{Cpu, CpuId, IrqLock, MAX_CPUS, Rank};

/// What a core does, and why it could not.
pub(crate) type Part = fn(CpuId) -> Result<(), Reason>;

/// The part of this round. Lock order: outermost, and nothing under it.
static PART: IrqLock<Option<Part>, Board> = IrqLock::new(Rank::Outermost, "part of a core", None);
/// Why the first core failed that did. Lock order: as above.
static FAILED: IrqLock<Option<Reason>, Board> =
    IrqLock::new(Rank::Outermost, "failure of a core", None);
/// Cores that take part in this round, and how many are through.
static ARRIVED: [AtomicBool; MAX_CPUS] = [const { AtomicBool::new(false) }; MAX_CPUS];
static THROUGH: AtomicUsize = AtomicUsize::new(0);

/// Has every core play `part`, begun together. From the boot core's thread.
pub(crate) fn together(part: Part) -> Result<(), Reason> {
    let (come, all) = (Ordering::Release, cores::online().count());
    ARRIVED.iter().for_each(|core| core.store(false, come));
    THROUGH.store(0, come);
    *PART.lock() = Some(part);
    for _ in others() {
        defer(take_part).map_err(|full| reason(format_args!("defer: {full:?}")))?;
    }
    play(CpuId::BOOT);
    if !within_patience(|| THROUGH.load(Ordering::Acquire) == all) {
        return Err(reason(format_args!("some core is not through")));
    }
    FAILED.lock().take().map_or(Ok(()), Err)
}

/// Another core's job.
fn take_part(_: usize) {
    let core = Board::cpu_id();
    if core == CpuId::BOOT || ARRIVED[core.index()].load(Ordering::Acquire) {
        defer(take_part).expect("it has just left the queue");
        return;
    }
    play(core);
}

fn play(core: CpuId) {
    ARRIVED[core.index()].store(true, Ordering::Release);
    if let Err(why) = begin(core) {
        FAILED.lock().get_or_insert(why);
    }
    THROUGH.fetch_add(1, Ordering::AcqRel);
}

/// Plays once all have come.
fn begin(core: CpuId) -> Result<(), Reason> {
    let all = cores::online().count();
    if !within_patience(|| arrived() == all) {
        return Err(reason(format_args!("{} of {all} cores came", arrived())));
    }
    let part = *PART.lock();
    part.map_or_else(|| Err(told("no part")), |part| part(core))
}

fn arrived() -> usize {
    let has_come = |core: &&AtomicBool| core.load(Ordering::Acquire);
    ARRIVED.iter().filter(has_come).count()
}
