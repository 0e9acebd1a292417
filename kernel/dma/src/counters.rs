//! What a device did, counted per core so that no two cores share a line.
//!
//! Neither an interrupt nor another core makes one lose a count: each is one atomic addition, and a
//! mapping is counted by one, of the call and of its bytes.

use crate::error::Refusal;
use crate::reason::BounceReason;
use crate::stand_in::StandIn;
use core::array;
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use hal::{Cpu, CpuId, MAX_CPUS, Tally};

const REASONS: usize = BounceReason::COUNT;

/// One core's share.
#[derive(Default)]
#[repr(align(64))]
struct PerCore {
    /// Mappings that were not spared a bounce, and those that were.
    direct: [Tally; 2],
    /// By slots, and by cells.
    bounced: [[Tally; REASONS]; 2],
    no_cell: AtomicU64,
    refused: AtomicU64,
    refused_for: [AtomicU64; REASONS],
    refused_by: [AtomicU64; Refusal::COUNT],
    quarantined: AtomicU64,
    overran: AtomicU64,
    /// Bytes of bounce buffers that were scrubbed when they were mapped, and not copied to.
    scrubbed: AtomicU64,
    /// Bytes copied to bounce buffers since.
    shown: AtomicU64,
    /// Bytes copied out of them.
    brought: AtomicU64,
    /// Maps that waited for slots, and the microseconds that they did.
    waited: Tally,
    /// Mappings that ended here, wherever they were made.
    ended: AtomicU64,
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
    pub bounced: [u64; REASONS],
    /// Bytes in them.
    pub bounced_bytes: u64,
    /// Bytes that were copied to bounce buffers, as they were mapped and later.
    pub copied_in: u64,
    /// Bytes that were copied out of bounce buffers.
    pub copied_out: u64,
    /// Bounce buffers that were uncached cells. Of a list each part that bounces counts.
    pub by_cell: u64,
    /// Bounce buffers that were small enough for cells, and took slots for want of a free cell that the
    /// device reaches.
    pub no_cell: u64,
    /// Maps that waited for slots and got them.
    pub waits: u64,
    /// How long they waited, in microseconds, until they were polled.
    pub wait_micros: u64,
    /// Mappings that were refused.
    pub refused: u64,
    /// Of these, mappings that would have had to bounce and could or must not, by reason.
    pub refused_for: [u64; REASONS],
    /// All that were refused, by kind in the order of [`Refusal::ALL`].
    pub refused_by: [u64; Refusal::COUNT],
    /// Transfers whose memory went into quarantine or leaked.
    pub quarantined: u64,
    /// Times that the device was seen to have written beside what it was given.
    pub overran: u64,
    /// Mappings that have not ended: those that were made, less those that ended or went into quarantine. Of a
    /// list each part counts.
    pub live: u64,
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
    #[inline]
    pub(crate) fn mapped_direct<C: Cpu>(&self, bytes: u64, spared: bool) {
        let core = &self.cores[C::cpu_id().index()];
        C::tally(&core.direct[usize::from(spared)], bytes);
    }

    #[inline]
    pub(crate) fn mapped_bounced<C: Cpu>(
        &self,
        reason: BounceReason,
        stand_in: &StandIn,
        bytes: u64,
    ) {
        let core = &self.cores[C::cpu_id().index()];
        let by = usize::from(!stand_in.is_cached());
        C::tally(&core.bounced[by][reason as usize], bytes);
    }

    /// A bounce buffer was scrubbed, where others are copied to.
    pub(crate) fn scrubbed<C: Cpu>(&self, bytes: u64) {
        add(&self.cores[C::cpu_id().index()].scrubbed, bytes);
    }

    /// The CPU's bytes were copied to a bounce buffer once more.
    pub(crate) fn copied_in<C: Cpu>(&self, bytes: u64) {
        add(&self.cores[C::cpu_id().index()].shown, bytes);
    }

    /// What a device wrote was copied out of a bounce buffer.
    #[inline]
    pub(crate) fn copied_out<C: Cpu>(&self, bytes: u64) {
        add(&self.cores[C::cpu_id().index()].brought, bytes);
    }

    /// A mapping ended.
    #[inline]
    pub(crate) fn ended<C: Cpu>(&self) {
        C::ticket(&self.cores[C::cpu_id().index()].ended);
    }

    #[cold]
    pub(crate) fn no_cell(&self, cpu: CpuId) {
        add(&self.cores[cpu.index()].no_cell, 1);
    }

    /// A map waited for slots for so many microseconds.
    pub(crate) fn waited<C: Cpu>(&self, micros: u64) {
        C::tally(&self.cores[C::cpu_id().index()].waited, micros);
    }

    pub(crate) fn refused(&self, cpu: CpuId, kind: Refusal, reason: Option<BounceReason>) {
        let core = &self.cores[cpu.index()];
        add(&core.refused, 1);
        add(&core.refused_by[kind as usize], 1);
        if let Some(reason) = reason {
            add(&core.refused_for[reason as usize], 1);
        }
    }

    pub(crate) fn quarantined(&self, cpu: CpuId) {
        add(&self.cores[cpu.index()].quarantined, 1);
    }

    pub(crate) fn overran(&self, cpu: CpuId) {
        add(&self.cores[cpu.index()].overran, 1);
    }

    /// The sums over all cores. Counts that other cores make meanwhile may be missing.
    pub(crate) fn totals(&self) -> Totals {
        let sum = |of: &dyn Fn(&PerCore) -> &AtomicU64| {
            let cores = self.cores.iter();
            cores.map(|core| of(core).load(Ordering::Relaxed)).sum()
        };
        let sums = |of: &dyn Fn(&PerCore) -> &Tally| {
            let tallies = self.cores.iter().map(of);
            tallies.fold([0, 0], |[times, amount], tally| {
                [times + tally.times(), amount + tally.amount()]
            })
        };
        let [others, spared] = [sums(&|c| &c.direct[0]), sums(&|c| &c.direct[1])];
        let bounced = |by: usize| -> [[u64; 2]; REASONS] {
            array::from_fn(|reason| sums(&|c| &c.bounced[by][reason]))
        };
        let (slots, cells) = (bounced(0), bounced(1));
        let both = || slots.iter().chain(&cells);
        let [waits, wait_micros] = sums(&|c| &c.waited);
        let bounced_bytes: u64 = both().map(|[_, bytes]| bytes).sum();
        // Every bounce buffer is one or the other when it is mapped.
        let filled = bounced_bytes.saturating_sub(sum(&|c| &c.scrubbed));
        let made = others[0] + spared[0] + both().map(|[times, _]| times).sum::<u64>();
        Totals {
            direct: others[0] + spared[0],
            direct_bytes: others[1] + spared[1],
            spared: spared[0],
            bounced: array::from_fn(|reason| slots[reason][0] + cells[reason][0]),
            bounced_bytes,
            copied_in: filled + sum(&|c| &c.shown),
            copied_out: sum(&|c| &c.brought),
            by_cell: cells.iter().map(|[times, _]| times).sum(),
            no_cell: sum(&|c| &c.no_cell),
            waits,
            wait_micros,
            refused: sum(&|c| &c.refused),
            refused_for: array::from_fn(|reason| sum(&|c| &c.refused_for[reason])),
            refused_by: array::from_fn(|kind| sum(&|c| &c.refused_by[kind])),
            quarantined: sum(&|c| &c.quarantined),
            overran: sum(&|c| &c.overran),
            // What other cores do meanwhile may be counted in part.
            live: made.saturating_sub(sum(&|c| &c.ended)),
        }
    }
}
