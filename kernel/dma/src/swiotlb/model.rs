//! What unit tests of the pool run on: cores that are threads, and atomic words with a hook before each
//! access, where a schedule may let another core come in.

#![expect(unsafe_code, reason = "RAM that is numbers alone")]

extern crate std;

use core::cell::Cell;
use core::sync::atomic::Ordering;
use hal::{Cpu, CpuId, Irq, PhysAddr, PhysRange, RamRegion};

std::thread_local! {
    static MASKED: Cell<bool> = const { Cell::new(false) };
}

/// Has the calling thread's core say that its interrupts are masked, or not.
pub(super) fn mask(masked: bool) {
    MASKED.set(masked);
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
        MASKED.get()
    }

    fn relax() {
        step();
    }
}

impl Cpu for Core {
    fn cpu_id() -> CpuId {
        CpuId::BOOT
    }
}

/// RAM of `len` bytes at `start`, which nobody ever touches.
pub(super) fn region(start: u64, len: u64) -> RamRegion {
    let range = PhysRange::new(PhysAddr::new(start), len).expect("valid");
    // SAFETY: no memory is touched in unit tests of the pool; the numbers stand for themselves.
    unsafe { RamRegion::assume_owned(range) }
}

/// What happens before each access: nothing, unless a test explores schedules.
fn step() {}

macro_rules! word {
    ($name:ident, $inner:ident, $value:ty) => {
        pub(super) struct $name(core::sync::atomic::$inner);

        #[expect(dead_code, reason = "the same for all widths")]
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
