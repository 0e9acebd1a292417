//! Which core runs, and whether it may be interrupted.

use crate::{HeldLocks, Tally};
use core::sync::atomic::{AtomicU64, Ordering};

/// Cores of the largest machine this kernel knows (BCM2711: four).
pub const MAX_CPUS: usize = 4;

/// Number of a core, below [`MAX_CPUS`]: an index that needs no check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CpuId(u8);

impl CpuId {
    /// The core that runs at reset.
    pub const BOOT: Self = Self(0);

    /// Core `index`, or `None` where there is no such core.
    pub const fn new(index: usize) -> Option<Self> {
        if index < MAX_CPUS {
            Some(Self(index as u8))
        } else {
            None
        }
    }

    /// The number as an index below [`MAX_CPUS`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Who am I? Stable only while the caller cannot migrate: this kernel never migrates.
pub trait Cpu {
    /// The core that executes this call.
    fn cpu_id() -> CpuId;

    /// A clock that all cores share and that never goes back, as cheap as there is one: it orders the
    /// events of several cores. No unit; always 0 on a machine without.
    fn stamp() -> u64 {
        0
    }

    /// Takes the next number of a counter: nobody else gets it, interrupt or not.
    #[inline]
    fn ticket(counter: &AtomicU64) -> u64 {
        counter.fetch_add(1, Ordering::Relaxed)
    }

    /// Where the running code returns to, innermost first, as far as there is room. What is not known
    /// stays as it is.
    fn callers(into: &mut [u64]) {
        let _ = into;
    }

    /// Counts once more, `amount` of it. Loses nothing to interrupts or other cores.
    #[inline]
    fn tally(tally: &Tally, amount: u64) {
        tally.add(amount);
    }
}

/// The interrupt mask of the calling core.
pub trait Irq {
    /// What `mask` found, for `restore`.
    type State: Copy;

    /// Masks interrupts on this core and says how it was before.
    fn mask() -> Self::State;

    /// Puts the mask back as `mask` found it.
    fn restore(state: Self::State);

    /// Are interrupts of the calling core masked? Every lock masks them, so where they are not, the core
    /// holds none and may do what takes longer. A machine that cannot tell says that they are.
    fn masked() -> bool {
        true
    }

    /// Shows `f` the calling core's own list of the locks it holds, by which debug builds check their
    /// order. `None`, and no check, on a machine that keeps none. Called with interrupts masked.
    fn with_held<R>(f: impl FnOnce(&HeldLocks) -> R) -> Option<R> {
        let _ = f;
        None
    }

    /// Called between two looks of a core that waits for another one.
    fn relax() {
        core::hint::spin_loop();
    }
}
