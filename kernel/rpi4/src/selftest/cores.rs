//! All cores at once: they run, sleep, wake, share the layer, and the work queue never stalls.

extern crate alloc;

use super::bed::NO_POOL;
use super::copy::{copy, told};
use super::{Bed, Reason, Test, Verdict, attempt, check, fail, reason};
use crate::channels::{Channels, RamPages};
use crate::cores;
use crate::work::{self, Work};
use arch::{Board, Timer};
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use dma::{Bidirectional, FromDevice, ToDevice};
use hal::{Clock, Cpu, CpuId, Defer, IrqLock, Job, MAX_CPUS, Pages, QueueFull, Rank, Zone};
use mm::Zones;
use spin::Once;

pub(super) const TESTS: &[Test] = &[
    ("all four cores are up", all_up),
    ("idle cores sleep", idle_cores_sleep),
    ("an interrupt between cores ends a sleep", sleeper_wakes),
    ("all cores share the layer at the same time", shared_layer),
    ("the work queue moves while all cores are busy", busy_cores),
];

/// Enough for anything that cores do together.
const PATIENCE_US: u64 = 5_000_000;

/// Spins until `done`, with interrupts on; false if that takes too long.
fn within_patience(done: impl Fn() -> bool) -> bool {
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
    Work.defer(Job { run, arg: 0 })
}

/// Every core but the calling one.
fn others() -> impl Iterator<Item = CpuId> + Clone {
    cores::online().filter(|core| *core != Board::cpu_id())
}

fn all_up(_: &Bed) -> Verdict {
    if cores::nobody_waits() {
        return Verdict::Skipped("no firmware: nobody waits at the release words");
    }
    let missing = (0..MAX_CPUS)
        .filter_map(CpuId::new)
        .find(|core| !cores::is_online(*core));
    if let Some(core) = missing {
        fail!("core {} is not", core.index());
    }
    Verdict::Passed
}

/// Sleeps that all other cores began so far.
fn sleeps() -> u64 {
    others().map(cores::sleeps).sum()
}

fn idle_cores_sleep(_: &Bed) -> Verdict {
    const LOOK_US: u64 = 20_000;
    check!(
        within_patience(|| others().all(cores::is_asleep)),
        "some core stays awake with nothing to do"
    );
    let before = sleeps();
    Timer.delay(LOOK_US);
    let woken = sleeps() - before;
    check!(
        woken == 0,
        "woke {woken} times in {LOOK_US} us with nothing to do"
    );
    Verdict::Passed
}

fn sleeper_wakes(_: &Bed) -> Verdict {
    for core in others() {
        check!(
            within_patience(|| cores::is_asleep(core)),
            "core {} is busy",
            core.index()
        );
        let before = cores::sleeps(core);
        cores::wake(core);
        let slept_again = || cores::sleeps(core) > before;
        check!(
            within_patience(slept_again),
            "core {} slept on",
            core.index()
        );
    }
    Verdict::Passed
}

/// What the cores share.
struct Shared {
    channels: &'static Channels,
    zones: &'static Zones<Board>,
}

static SHARED: Once<Shared> = Once::new();
/// Cores that take part in this round, and those that are through.
static ARRIVED: [AtomicBool; MAX_CPUS] = [const { AtomicBool::new(false) }; MAX_CPUS];
static THROUGH: AtomicUsize = AtomicUsize::new(0);
/// Lock order: outermost, and nothing under it.
static FAILED: IrqLock<Option<Reason>, Board> =
    IrqLock::new(Rank::Outermost, "failure of a core", None);
/// Mappings that the cores made.
static MAPPED: AtomicU64 = AtomicU64::new(0);

fn arrived() -> usize {
    ARRIVED
        .iter()
        .filter(|core| core.load(Ordering::Acquire))
        .count()
}

/// Mappings by all cores, begun together.
fn shared_layer(bed: &Bed) -> Verdict {
    if bed.out_of_reach(&[Zone::High]) {
        return NO_POOL;
    }
    SHARED.call_once(|| Shared {
        channels: bed.channels,
        zones: bed.memory.zones,
    });
    ARRIVED
        .iter()
        .for_each(|core| core.store(false, Ordering::Release));
    THROUGH.store(0, Ordering::Release);
    MAPPED.store(0, Ordering::Release);
    let (slots, counted) = (
        bed.used_slots(),
        bed.master().counters().totals().bounced_all(),
    );
    for _ in others() {
        attempt!(defer(take_part), "defer");
    }
    play(CpuId::BOOT.index());
    let all = cores::online().count();
    let through = || THROUGH.load(Ordering::Acquire) == all;
    check!(within_patience(through), "some core is not through");
    if let Some(why) = FAILED.lock().take() {
        return Verdict::Failed(why);
    }
    let (made, left) = (MAPPED.load(Ordering::Acquire), bed.used_slots());
    let bounced = bed.master().counters().totals().bounced_all() - counted;
    check!(
        left == slots,
        "{slots} slots were in use before, {left} after"
    );
    check!(
        bounced == made,
        "{made} mappings bounced, {bounced} were counted"
    );
    Verdict::Passed
}

/// Another core's part. The tick may bring it to this test's own core, which has its own: it goes back.
fn take_part(_: usize) {
    let core = Board::cpu_id();
    if core == CpuId::BOOT || ARRIVED[core.index()].load(Ordering::Acquire) {
        defer(take_part).expect("it has just left the queue");
        return;
    }
    play(core.index());
}

/// The part of the calling core.
fn play(core: usize) {
    ARRIVED[core].store(true, Ordering::Release);
    let all = cores::online().count();
    let result = if within_patience(|| arrived() == all) {
        carry(core)
    } else {
        Err(reason(format_args!("{} of {all} cores came", arrived())))
    };
    if let Err(why) = result {
        FAILED.lock().get_or_insert(why);
    }
    THROUGH.fetch_add(1, Ordering::AcqRel);
}

/// Rounds of every core.
const ROUNDS: usize = 24;

fn carry(core: usize) -> Result<(), Reason> {
    let shared = SHARED
        .get()
        .ok_or_else(|| reason(format_args!("nothing is shared")))?;
    for round in 0..ROUNDS {
        hold(shared, core, round)?;
        // Not every core has a channel, and the last one stays busy once the test of forgotten
        // transfers has run.
        if core + 1 < shared.channels.channels.len() {
            carry_by_channel(shared, core, round)?;
        }
    }
    Ok(())
}

/// Bytes that no other core and no other round has in this order.
fn byte(core: usize, round: usize, i: usize) -> u8 {
    (i * 13 + i / 251 + core * 64 + round * 3 + 1) as u8
}

fn pages(shared: &Shared, core: usize, round: usize, blank: bool) -> Result<RamPages, Reason> {
    let (offset, len) = (
        round as u64 * 5,
        900 + core as u64 * 2048 + round as u64 * 333,
    );
    let pages = Pages::alloc(shared.zones, offset + len, Zone::High).map_err(told)?;
    let Ok(mut pages) = pages.with_window(offset, len) else {
        return Err(reason(format_args!("no window of {len} bytes")));
    };
    let mut bytes = pages.bytes_mut(&Board);
    let value = |i| {
        if blank {
            !byte(core, round, i)
        } else {
            byte(core, round, i)
        }
    };
    bytes
        .iter_mut()
        .enumerate()
        .for_each(|(i, to)| *to = value(i));
    drop(bytes);
    Ok(pages)
}

fn check_bytes(pages: &RamPages, core: usize, round: usize) -> Result<(), Reason> {
    let bytes = pages.bytes(&Board);
    let wrong = bytes
        .iter()
        .enumerate()
        .find(|(i, found)| **found != byte(core, round, *i));
    wrong.map_or(Ok(()), |(i, found)| {
        Err(reason(format_args!(
            "core {core}, round {round}: byte {i} is {found:#04x}"
        )))
    })
}

/// Through a slot and back, with no engine.
fn hold(shared: &Shared, core: usize, round: usize) -> Result<(), Reason> {
    let any = &shared.channels.channels[0].1;
    let pages = pages(shared, core, round, false)?;
    let mapping = any
        .layer()
        .map(any.device(), pages, Bidirectional)
        .map_err(told)?;
    MAPPED.fetch_add(1, Ordering::Relaxed);
    check_bytes(&mapping.unmap(), core, round)
}

fn carry_by_channel(shared: &Shared, core: usize, round: usize) -> Result<(), Reason> {
    let channel = &shared.channels.channels[core].1;
    let source = pages(shared, core, round, false)?;
    let dest = pages(shared, core, round, true)?;
    let (_, dest) = copy(channel, (source, ToDevice), (dest, FromDevice))?;
    MAPPED.fetch_add(2, Ordering::Relaxed);
    check_bytes(&dest, core, round)
}

/// Set by the job that has to get through.
static GOT_THROUGH: AtomicBool = AtomicBool::new(false);
/// Cores that are kept busy.
static BUSY: AtomicUsize = AtomicUsize::new(0);

/// For every core but this test's own: what the tick brings there goes back.
fn keep_busy(_: usize) {
    if Board::cpu_id() == CpuId::BOOT {
        defer(keep_busy).expect("it has just left the queue");
        return;
    }
    BUSY.fetch_add(1, Ordering::AcqRel);
    within_patience(|| GOT_THROUGH.load(Ordering::Acquire));
    BUSY.fetch_sub(1, Ordering::AcqRel);
}

fn busy_cores(_: &Bed) -> Verdict {
    GOT_THROUGH.store(false, Ordering::Release);
    let count = others().count();
    for _ in 0..count {
        attempt!(defer(keep_busy), "defer");
    }
    check!(
        within_patience(|| BUSY.load(Ordering::Acquire) == count),
        "{} of {count} cores are busy",
        BUSY.load(Ordering::Acquire)
    );
    let get_through = |_| GOT_THROUGH.store(true, Ordering::Release);
    attempt!(defer(get_through), "defer");
    // This core is busy too: all that can run the job is the tick.
    check!(
        within_patience(|| GOT_THROUGH.load(Ordering::Acquire)),
        "{} jobs wait",
        work::waiting()
    );
    check!(
        within_patience(|| BUSY.load(Ordering::Acquire) == 0),
        "some core stays busy"
    );
    Verdict::Passed
}
