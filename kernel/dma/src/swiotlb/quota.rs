//! How many slots of the shared pool one device may have at a time, so that one that takes and takes
//! leaves some for the rest.
//!
//! Slots are charged before they are taken and refunded after they came back: at no moment does a
//! device have more than its quota, whatever its cores do at once. What is in quarantine stays charged,
//! and cells that a device reserved are none of this: they were set aside when it was probed.

use super::atomic::AtomicU32;
use core::fmt;
use core::sync::atomic::Ordering::Relaxed;

/// A device would have more slots than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OverQuota {
    /// Slots wanted.
    pub(crate) wanted: u32,
    /// Slots that it has.
    pub(crate) used: u32,
    /// Slots that it may have.
    pub(crate) quota: u32,
}

/// One device's share.
pub(crate) struct Budget {
    quota: u32,
    used: AtomicU32,
}

impl Budget {
    pub(super) fn new(quota: u32) -> Self {
        Self {
            quota,
            used: AtomicU32::new(0),
        }
    }

    pub(crate) fn quota(&self) -> u32 {
        self.quota
    }

    pub(crate) fn used(&self) -> u32 {
        self.used.load(Relaxed)
    }

    /// Counts `slots` in, if that is within the quota.
    pub(super) fn charge(&self, slots: u32) -> Result<(), OverQuota> {
        let mut used = self.used.load(Relaxed);
        loop {
            let sum = used.checked_add(slots).filter(|sum| *sum <= self.quota);
            let Some(sum) = sum else {
                return Err(OverQuota {
                    wanted: slots,
                    used,
                    quota: self.quota,
                });
            };
            match self.used.compare_exchange(used, sum, Relaxed, Relaxed) {
                Ok(_) => return Ok(()),
                Err(found) => used = found,
            }
        }
    }

    /// Counts `slots` out.
    pub(super) fn refund(&self, slots: u32) {
        let before = self.used.fetch_sub(slots, Relaxed);
        debug_assert!(before >= slots, "{slots} slots refunded, {before} charged");
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Budget({} slots)", self.quota)
    }
}
