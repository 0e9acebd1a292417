//! What unit tests of the pool run on: cores that are threads, and atomic words with a hook before each
//! access, where a schedule may let another core come in.

#![expect(unsafe_code, reason = "RAM that is numbers alone")]

extern crate std;

use core::cell::{Cell, RefCell};
use core::sync::atomic::Ordering;
use hal::{Cpu, CpuId, Irq, PhysAddr, PhysRange, RamRegion};
use std::boxed::Box;

std::thread_local! {
    static EXPLORING: Cell<bool> = const { Cell::new(false) };
}

shuttle::thread_local! {
    static CORE: Cell<CpuId> = Cell::new(CpuId::BOOT);
    static EXPLORED_MASK: Cell<bool> = Cell::new(false);
}

std::thread_local! {
    static MASKED: Cell<bool> = const { Cell::new(false) };
}

/// Has the calling thread's core say that its interrupts are masked, or not.
pub(super) fn mask(masked: bool) {
    if EXPLORING.get() {
        EXPLORED_MASK.with(|mask| mask.set(masked));
    } else {
        MASKED.set(masked);
    }
}

/// The most schedules that a case is tried under, where somebody wants fewer: a number.
const MOST: &str = "CAROM_SCHEDULES";

/// Runs `cores` at once, under `schedules` schedules of each kind: any order, and few changes of turn.
pub(super) fn explore(schedules: usize, cores: impl Fn() + Send + Sync + 'static) {
    let most = std::env::var(MOST).ok().and_then(|most| most.parse().ok());
    let schedules = most.map_or(schedules, |most: usize| schedules.min(most));
    let cores = std::sync::Arc::new(cores);
    let run = move |cores: &dyn Fn()| {
        EXPLORING.set(true);
        cores();
    };
    let (random, few) = (cores.clone(), cores);
    shuttle::check_random(move || run(&*random), schedules);
    shuttle::check_pct(move || run(&*few), schedules, 3);
    EXPLORING.set(false);
}

/// Has the calling thread of an exploration play core `core`.
pub(super) fn play(core: usize) {
    CORE.with(|cell| cell.set(CpuId::new(core).expect("four cores")));
}

/// A core whose interrupts are masked when a test says so.
pub(super) struct Core;

impl Irq for Core {
    type State = ();

    fn mask() {
        step();
    }

    fn restore((): ()) {
        step();
    }

    fn masked() -> bool {
        if EXPLORING.get() {
            EXPLORED_MASK.with(Cell::get)
        } else {
            MASKED.get()
        }
    }

    fn relax() {
        step();
    }
}

impl Cpu for Core {
    fn cpu_id() -> CpuId {
        if EXPLORING.get() {
            CORE.with(Cell::get)
        } else {
            CpuId::BOOT
        }
    }
}

/// RAM of `len` bytes at `start`, which nobody ever touches.
pub(super) fn region(start: u64, len: u64) -> RamRegion {
    let range = PhysRange::new(PhysAddr::new(start), len).expect("valid");
    // SAFETY: no memory is touched in unit tests of the pool; the numbers stand for themselves.
    unsafe { RamRegion::assume_owned(range) }
}

std::thread_local! {
    static AHEAD: Cell<usize> = const { Cell::new(0) };
    static INTRUDER: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

/// Has `intruder` come in before the `n`th access from now on, counted from 1. It must not wait for what
/// the access is part of.
pub(super) fn intrude(n: usize, intruder: impl FnOnce() + 'static) {
    AHEAD.set(n);
    INTRUDER.replace(Some(Box::new(intruder)));
}

/// Was there no such access? Then nobody comes in any more.
pub(super) fn nobody_came() -> bool {
    AHEAD.set(0);
    INTRUDER.take().is_some()
}

/// What happens before each access: nothing, unless a test has somebody come in, or explores schedules.
fn step() {
    let ahead = AHEAD.get();
    if ahead > 0 {
        AHEAD.set(ahead - 1);
        let intruder = (ahead == 1).then(|| INTRUDER.take()).flatten();
        if let Some(intruder) = intruder {
            intruder();
        }
    }
    if EXPLORING.get() {
        shuttle::thread::yield_now();
    }
}

macro_rules! word {
    ($name:ident, $inner:ident, $value:ty) => {
        pub(super) struct $name(core::sync::atomic::$inner);

        #[allow(
            dead_code,
            clippy::allow_attributes,
            reason = "the same for all widths"
        )]
        impl $name {
            pub(super) const fn new(value: $value) -> Self {
                Self(core::sync::atomic::$inner::new(value))
            }

            pub(super) fn load(&self, order: Ordering) -> $value {
                step();
                self.0.load(order)
            }

            pub(super) fn store(&self, value: $value, order: Ordering) {
                step();
                self.0.store(value, order);
            }

            pub(super) fn fetch_or(&self, bits: $value, order: Ordering) -> $value {
                step();
                self.0.fetch_or(bits, order)
            }

            pub(super) fn fetch_and(&self, bits: $value, order: Ordering) -> $value {
                step();
                self.0.fetch_and(bits, order)
            }

            pub(super) fn fetch_add(&self, more: $value, order: Ordering) -> $value {
                step();
                self.0.fetch_add(more, order)
            }

            pub(super) fn fetch_sub(&self, fewer: $value, order: Ordering) -> $value {
                step();
                self.0.fetch_sub(fewer, order)
            }

            pub(super) fn compare_exchange(
                &self,
                from: $value,
                to: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                step();
                self.0.compare_exchange(from, to, success, failure)
            }

            pub(super) fn swap(&self, value: $value, order: Ordering) -> $value {
                step();
                self.0.swap(value, order)
            }
        }
    };
}

word!(AtomicU8, AtomicU8, u8);
word!(AtomicU32, AtomicU32, u32);
word!(AtomicU64, AtomicU64, u64);
