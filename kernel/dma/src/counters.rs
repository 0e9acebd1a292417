//! What a device did, counted per core so that no two cores share a line.
//!
//! An interrupt between two counts loses nothing: each is one atomic addition.

use crate::reason::BounceReason;
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use hal::{CpuId, MAX_CPUS};

/// One core's share.
#[derive(Default)]
#[repr(align(64))]
struct PerCore {
    /// Mappings that were not spared a bounce, and those that were.
    direct: [AtomicU64; 2],
    direct_bytes: AtomicU64,
    bounced: [AtomicU64; 3],
    bounced_bytes: AtomicU64,
    refused: AtomicU64,
    refused_for: [AtomicU64; 3],
    quarantined: AtomicU64,
}

/// Counters of one device.
#[derive(Default)]
pub(crate) struct Counters {
    cores: [PerCore; MAX_CPUS],
}

/// The sums over all cores at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Mappings that needed no copy.
    pub direct: u64,
    /// Bytes in them.
    pub direct_bytes: u64,
    /// Of these, mappings that Linux would have bounced for their length (KM-2), although their
    /// lines are their own.
    pub spared: u64,
    /// Mappings that bounced, by reason in the order of [`BounceReason::ALL`].
    pub bounced: [u64; 3],
    /// Bytes in them.
    pub bounced_bytes: u64,
    /// Mappings that were refused.
    pub refused: u64,
    /// Of these, mappings that would have had to bounce and could or must not, by reason.
    pub refused_for: [u64; 3],
    /// Transfers whose memory went into quarantine or leaked.
    pub quarantined: u64,
}

impl Totals {
    /// Mappings that bounced, whatever the reason.
    pub fn bounced_all(&self) -> u64 {
        self.bounced.iter().sum()
    }
}

/// Says nothing: a device's `Debug` is anybody's, its counts are the inspector's.
impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counters").finish_non_exhaustive()
    }
}

#[inline]
fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

impl Counters {
    /// Two additions, whatever there is to tell: this is on the way of every mapping.
    #[inline]
    pub(crate) fn mapped_direct(&self, cpu: CpuId, bytes: u64, spared: bool) {
        let core = &self.cores[cpu.index()];
        add(&core.direct[usize::from(spared)], 1);
        add(&core.direct_bytes, bytes);
    }

    #[inline]
    pub(crate) fn mapped_bounced(&self, cpu: CpuId, reason: BounceReason, bytes: u64) {
        let core = &self.cores[cpu.index()];
        add(&core.bounced[reason as usize], 1);
        add(&core.bounced_bytes, bytes);
    }

    pub(crate) fn refused(&self, cpu: CpuId, reason: Option<BounceReason>) {
        let core = &self.cores[cpu.index()];
        add(&core.refused, 1);
        if let Some(reason) = reason {
            add(&core.refused_for[reason as usize], 1);
        }
    }

    pub(crate) fn quarantined(&self, cpu: CpuId) {
        add(&self.cores[cpu.index()].quarantined, 1);
    }

    /// The sums over all cores. Counts that other cores make meanwhile may be missing.
    pub(crate) fn totals(&self) -> Totals {
        let sum = |of: fn(&PerCore) -> &AtomicU64| {
            self.cores
                .iter()
                .map(|core| of(core).load(Ordering::Relaxed))
                .sum()
        };
        let spared: u64 = sum(|c| &c.direct[1]);
        Totals {
            direct: sum(|c| &c.direct[0]) + spared,
            direct_bytes: sum(|c| &c.direct_bytes),
            spared,
            bounced: [
                sum(|c| &c.bounced[0]),
                sum(|c| &c.bounced[1]),
                sum(|c| &c.bounced[2]),
            ],
            bounced_bytes: sum(|c| &c.bounced_bytes),
            refused: sum(|c| &c.refused),
            refused_for: [
                sum(|c| &c.refused_for[0]),
                sum(|c| &c.refused_for[1]),
                sum(|c| &c.refused_for[2]),
            ],
            quarantined: sum(|c| &c.quarantined),
        }
    }
}
