//! Cores come up on stacks of their own, sleep without work, and are woken.

use super::super::{Bed, Reason, Test, Verdict, attempt, check, fail, reason};
use super::together::together;
use super::{defer, others, within_patience};
use crate::{cores, traps};
use arch::{Board, Timer};
use core::sync::atomic::{AtomicBool, Ordering};
use hal::{CpuId, Irq, MAX_CPUS};

pub(super) const TESTS: &[Test] = &[
    ("all four cores are up", all_up),
    ("idle cores sleep", idle_cores_sleep),
    ("an interrupt between cores ends a sleep", sleeper_wakes),
    ("work wakes a core that sleeps", work_wakes),
    ("each core has a stack of its own", own_stacks),
];

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

/// On the main stack: tests on the boot core, and jobs on a core that was idle. One whose tick takes
/// the job runs it on its exception stack; that one is asked again.
fn own_stacks(_: &Bed) -> Verdict {
    let mut told = together(is_on_own_stack);
    for _ in 1..LOOKS {
        if told.is_ok() {
            break;
        }
        within_patience(|| others().all(cores::is_asleep));
        told = together(is_on_own_stack);
    }
    attempt!(told, "a core");
    Verdict::Passed
}

fn is_on_own_stack(core: CpuId) -> Result<(), Reason> {
    let (at, stacks) = (arch::cpu::frame_pointer(), traps::stacks());
    let found = stacks.iter().find(|stack| stack.range.contains(&at));
    let own = ["0", "1", "2", "3"][core.index()];
    let name = found.map_or("no stack", |stack| stack.name);
    match name.strip_prefix("main stack of core ") {
        Some(number) if number == own => Ok(()),
        _ => Err(reason(format_args!("core {own} runs on {name}"))),
    }
}

/// Sleeps that all other cores began so far.
fn sleeps() -> u64 {
    others().map(cores::sleeps).sum()
}

/// How often all other cores were woken so far.
fn woken() -> u64 {
    others().map(cores::woken).sum()
}

/// How long cores are watched: many ticks, so that none that an earlier test armed is still to come.
const LOOK_US: u64 = 20_000;
/// How often at most.
const LOOKS: usize = 8;

fn idle_cores_sleep(_: &Bed) -> Verdict {
    check!(
        within_patience(|| others().all(cores::is_asleep)),
        "some core stays awake with nothing to do"
    );
    // One that looks after the pool wakes now and then, and not again before long.
    let woken = || {
        let before = sleeps();
        Timer.delay(LOOK_US);
        sleeps() - before
    };
    check!(
        (0..LOOKS).any(|_| woken() == 0),
        "each time woken within {LOOK_US} us, with nothing to do"
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
        // The tick, or a look after the pool, would end its sleep as well.
        let (before, woken) = (cores::sleeps(core), cores::woken(core));
        cores::wake(core);
        let slept_again = || cores::woken(core) > woken && cores::sleeps(core) > before;
        check!(
            within_patience(slept_again),
            "core {} slept on",
            core.index()
        );
    }
    Verdict::Passed
}

/// With this core's interrupts masked no tick runs the job: somebody else must.
fn work_wakes(_: &Bed) -> Verdict {
    static RAN: AtomicBool = AtomicBool::new(false);
    if others().next().is_none() {
        return Verdict::Skipped("this core is alone");
    }
    check!(
        within_patience(|| others().all(cores::is_asleep)),
        "some core stays awake with nothing to do"
    );
    Timer.delay(LOOK_US);
    RAN.store(false, Ordering::Release);
    let before = woken();
    let masked = Board::mask();
    let queued = defer(|_| RAN.store(true, Ordering::Release));
    let ran = within_patience(|| RAN.load(Ordering::Acquire));
    Board::restore(masked);
    attempt!(queued, "defer");
    check!(ran, "all slept on");
    check!(woken() > before, "somebody woke by chance and ran the job");
    Verdict::Passed
}
