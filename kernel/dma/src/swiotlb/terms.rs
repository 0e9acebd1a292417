//! What one device was promised of a pool, and how much of it it may have.
//!
//! Apart from the device, since slots may outlive that: in quarantine, and of those who wait. Nearly
//! every device has neither a reservation nor a quota, which one load tells.

use super::atomic::{AtomicU32, AtomicU64};
use super::quota::Budget;
use crate::device::DeviceId;
use core::fmt;
use core::sync::atomic::Ordering::Relaxed;

/// The device has a quota. Below: the sets of cells that it reserved, one bit each.
const QUOTA: u32 = 1 << 31;

/// The terms of one device.
pub(crate) struct Terms {
    device: DeviceId,
    name: &'static str,
    /// Changed under the lock of the set that is meant, and read without one.
    special: AtomicU32,
    budget: Option<Budget>,
    /// When it would be served if it came to wait now. Read and changed under the waiters' lock.
    next_round: AtomicU64,
}

impl Terms {
    pub(crate) fn new(device: DeviceId, name: &'static str, quota: Option<u32>) -> Self {
        Self {
            device,
            name,
            special: AtomicU32::new(if quota.is_some() { QUOTA } else { 0 }),
            budget: quota.map(Budget::new),
            next_round: AtomicU64::new(0),
        }
    }

    pub(crate) fn device(&self) -> DeviceId {
        self.device
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn budget(&self) -> Option<&Budget> {
        self.budget.as_ref()
    }

    /// The round behind that of the last waiter of the device.
    pub(super) fn next_round(&self) -> u64 {
        self.next_round.load(Relaxed)
    }

    pub(super) fn set_next_round(&self, round: u64) {
        self.next_round.store(round, Relaxed);
    }

    /// Nothing was promised, and everything is allowed.
    #[inline]
    pub(crate) fn are_plain(&self) -> bool {
        self.special.load(Relaxed) == 0
    }

    /// The sets that may be the device's: each says so itself.
    pub(super) fn sets(&self) -> u32 {
        self.special.load(Relaxed) & !QUOTA
    }

    pub(super) fn add_set(&self, set: usize) {
        self.special.fetch_or(1 << set, Relaxed);
    }

    pub(super) fn remove_set(&self, set: usize) {
        self.special.fetch_and(!(1 << set), Relaxed);
    }
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Terms({}, quota {:?})", self.name, self.budget)
    }
}
