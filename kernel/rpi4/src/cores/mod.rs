//! The four cores: started once by the boot core, idle until there is work, stopped when one dies.
//!
//! Context: [`start()`] on the boot core, before anything needs help; everything else anywhere.

mod idle;
mod start;
mod stop;

pub(crate) use idle::{is_asleep, wake, wake_one};
pub(crate) use start::{nobody_waits, secondary, start};
pub(crate) use stop::stop_others;

use crate::interrupts;
use core::sync::atomic::{AtomicU64, Ordering};
use hal::{CpuId, MAX_CPUS};
use idle::{SLEEPS, WAKE, WOKEN};
use stop::{STOP, obey};

/// Cores that run our code, one bit each. The boot core needs no start.
static ONLINE: AtomicU64 = AtomicU64::new(1);

/// Takes the interrupts between cores. On the boot core; others get theirs as they start.
pub(crate) fn listen() {
    let nobody_else = "interrupts between cores are nobody else's";
    interrupts::register(WAKE, idle::woken).expect(nobody_else);
    interrupts::register(STOP, |_| obey()).expect(nobody_else);
}

/// Whether a core runs our code.
pub(crate) fn is_online(core: CpuId) -> bool {
    ONLINE.load(Ordering::Acquire) >> core.index() & 1 == 1
}

/// Cores that run our code, the boot core first.
pub(crate) fn online() -> impl Iterator<Item = CpuId> + Clone {
    (0..MAX_CPUS)
        .filter_map(CpuId::new)
        .filter(|core| is_online(*core))
}

/// How often a core went to sleep for want of work.
pub(crate) fn sleeps(core: CpuId) -> u64 {
    SLEEPS[core.index()].load(Ordering::Relaxed)
}

/// How often a core's sleep was ended by another core.
pub(crate) fn woken(core: CpuId) -> u64 {
    WOKEN[core.index()].load(Ordering::Relaxed)
}
