//! Faults on demand, for the tests of how the kernel dies. Debug builds alone have them.
//!
//! `carom.plant=FAULT` on the command line, or `FAULT@1,3` for other cores than the boot core. Those
//! wait for each other and die at the same moment, while the boot core prints line after line.

#![expect(unsafe_code, reason = "an access that must not be made")]

use crate::console::say;
use crate::cores;
use crate::work::Work;
use arch::probe::probe_load;
use arch::{Board, Timer};
use boot::CommandLine;
use core::sync::atomic::{AtomicUsize, Ordering};
use hal::{Clock, Cpu, CpuId, Defer, IrqLock, Job, MAX_CPUS, Rank};
use spin::Once;

/// How long the boot core goes on if the others do not stop it.
const GO_ON_US: u64 = 5_000_000;

/// What can be planted.
const FAULTS: [(&str, fn()); 4] = [
    ("panic", panic),
    ("abort", abort),
    ("inversion", inversion),
    ("twice", twice),
];

/// What a core other than the boot core does with its job.
struct Plan {
    fault: fn(),
    /// The cores that die.
    victims: [bool; MAX_CPUS],
    others: usize,
}

static PLAN: Once<Plan> = Once::new();
/// Cores that have their job.
static ARRIVED: AtomicUsize = AtomicUsize::new(0);

/// Makes the fault that the command line asks for, if it does.
pub(crate) fn plant(line: CommandLine<'_>) {
    let Some(wanted) = line.value("carom.plant") else {
        return;
    };
    let (name, victims) = wanted.split_once('@').unwrap_or((wanted, ""));
    let Some((_, fault)) = FAULTS.iter().find(|(known, _)| *known == name) else {
        say!("carom.plant: there is no \"{name}\"");
        return;
    };
    match others(victims) {
        None => fault(),
        Some(victims) => on_others(*fault, victims),
    }
}

/// The cores of a list `1,3`; none for the boot core itself.
fn others(list: &str) -> Option<[bool; MAX_CPUS]> {
    let mut victims = [false; MAX_CPUS];
    let numbers = list.split(',').filter_map(|n| n.parse::<usize>().ok());
    for core in numbers.filter_map(CpuId::new) {
        victims[core.index()] = true;
    }
    (!list.is_empty()).then_some(victims)
}

/// Gives every other core a job, and goes on.
fn on_others(fault: fn(), victims: [bool; MAX_CPUS]) {
    let others = cores::online().count() - 1;
    PLAN.call_once(|| Plan {
        fault,
        victims,
        others,
    });
    for _ in 0..others {
        let job = Job {
            run: take_part,
            arg: 0,
        };
        Work.defer(job).expect("the queue is empty");
    }
    let deadline = Timer.deadline(GO_ON_US);
    while Timer.ticks() < deadline {
        say!("the boot core goes on");
    }
}

/// Another core's part. The tick may bring it to the boot core, which sends it back.
fn take_part(_: usize) {
    let Some(plan) = PLAN.get() else { return };
    let core = Board::cpu_id();
    if core == CpuId::BOOT {
        let again = Job {
            run: take_part,
            arg: 0,
        };
        Work.defer(again).expect("it has just left the queue");
        return;
    }
    ARRIVED.fetch_add(1, Ordering::AcqRel);
    while ARRIVED.load(Ordering::Acquire) < plan.others {
        arch::cpu::relax();
    }
    if plan.victims[core.index()] {
        (plan.fault)();
        say!("core {} lives", core.index());
    }
}

fn panic() {
    panic!("planted");
}

/// A load where nothing is mapped. (Neither this call nor that of the fault is the last of its function:
/// so the backtrace has both.)
fn abort() {
    // SAFETY: it traps, and nothing runs after that.
    unsafe { probe_load(0) };
    say!("nothing trapped");
}

static PLANTED: IrqLock<(), Board> = IrqLock::new(Rank::Innermost, "planted", ());

/// Prints under a lock.
fn inversion() {
    let _planted = PLANTED.lock();
    say!("under a lock");
}

/// Waits for its own lock.
fn twice() {
    let _planted = PLANTED.lock();
    drop(PLANTED.lock());
}
