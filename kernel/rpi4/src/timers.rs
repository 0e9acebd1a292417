//! What a core's one timer is armed for: the work queue's tick, a look after the bounce pool, and a
//! function that a test asks for.

use crate::interrupts;
use crate::memory::growth;
use arch::{Board, Timer};
use core::sync::atomic::{AtomicBool, Ordering};
use hal::{Clock, Cpu, IrqLock, MAX_CPUS, Rank};
use log::warn;

/// From a job that waits to the tick that runs it. A compromise between how long work waits while
/// all cores are busy and what it takes from them.
pub(crate) const TICK_US: u64 = 2_000;

/// Deadlines of one core, in ticks of the clock.
struct Deadlines {
    function: Option<(u64, fn())>,
    tick: Option<u64>,
    tend: Option<u64>,
}

impl Deadlines {
    fn next(&self) -> Option<u64> {
        let function = self.function.map(|(at, _)| at);
        [function, self.tick, self.tend].into_iter().flatten().min()
    }

    fn take_function(&mut self, now: u64) -> Option<fn()> {
        self.function.take_if(|(at, _)| *at <= now).map(|(_, f)| f)
    }

    fn take_tick(&mut self, now: u64) -> bool {
        self.tick.take_if(|at| *at <= now).is_some()
    }

    fn take_tend(&mut self, now: u64) -> bool {
        self.tend.take_if(|at| *at <= now).is_some()
    }
}

/// Lock order: innermost, since whoever queues work arms the tick, under any lock.
static DEADLINES: [IrqLock<Deadlines, Board>; MAX_CPUS] = [const {
    IrqLock::new(
        Rank::Innermost,
        "deadlines",
        Deadlines {
            function: None,
            tick: None,
            tend: None,
        },
    )
}; MAX_CPUS];

/// Cores whose tick has come and was not noticed yet.
static DUE: [AtomicBool; MAX_CPUS] = [const { AtomicBool::new(false) }; MAX_CPUS];

/// Changes this core's deadlines and arms its timer for the next one.
fn change<R>(f: impl FnOnce(&mut Deadlines) -> R) -> R {
    let mut deadlines = DEADLINES[Board::cpu_id().index()].lock();
    let result = f(&mut deadlines);
    match deadlines.next() {
        Some(at) => Timer.arm(at),
        None => Timer.disarm(),
    }
    result
}

/// Has `f` run in the handler of this core's timer interrupt, `micros` from now.
pub(crate) fn at_timer(micros: u64, f: fn()) {
    let at = Timer.deadline(micros);
    change(|deadlines| deadlines.function = Some((at, f)));
}

/// Has the work queue's tick come to this core, unless it is on its way.
pub(crate) fn tick_soon() {
    let at = Timer.deadline(TICK_US);
    change(|deadlines| _ = deadlines.tick.get_or_insert(at));
}

/// Has somebody look after the bounce pool in `micros`, or before: at a look that is on its way here.
pub(crate) fn tend_in(micros: u64) {
    let at = Timer.deadline(micros);
    change(|deadlines| deadlines.tend = Some(deadlines.tend.map_or(at, |other| other.min(at))));
}

/// Takes the timers' interrupt. On the boot core; other cores get theirs as they start.
///
/// Only the boot core sleeps while it waits for a transfer: it is the one that transfers interrupt.
pub(crate) fn start() {
    interrupts::register(Timer::IRQ, |_| expired())
        .expect("the timer's interrupt is nobody else's");
    if let Err(error) = Timer.enable_sleep(interrupts::controller()) {
        warn!("timer: {error}");
    }
}

/// Takes notice that the tick has come to this core, if it has.
pub(crate) fn take_tick() -> bool {
    DUE[Board::cpu_id().index()].swap(false, Ordering::Relaxed)
}

/// The timer interrupt.
fn expired() {
    let now = Timer.ticks();
    let (function, tick, tend) = change(|deadlines| {
        (
            deadlines.take_function(now),
            deadlines.take_tick(now),
            deadlines.take_tend(now),
        )
    });
    if tend {
        growth::tend_soon();
    }
    if tick {
        DUE[Board::cpu_id().index()].store(true, Ordering::Relaxed);
    }
    if let Some(f) = function {
        f();
    }
}
