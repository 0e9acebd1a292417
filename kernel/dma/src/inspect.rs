//! Diagnostics: what the layer did, for the image's reports.
//!
//! No driver can see whether its mapping bounced (SG-4): a driver that could would come to depend on it,
//! and work on one board alone. So whatever tells is behind a handle that [`Dma::new`] gives once, to
//! whoever makes the layer, and that nobody else can make.

use crate::cells;
use crate::complaints::Complaint;
use crate::counters::Totals;
use crate::device::DmaDevice;
use crate::layer::Dma;
use crate::reach::Reach;
use crate::reason::Bouncing;
use crate::swiotlb::{Budget, CHUNKS, ChunkUsage, Extent, Pool, SetUsage, Usage};
use hal::{PhysRange, Platform};

/// The right to look into the layer. Not `Clone`: the image keeps it and hands it to no driver.
#[derive(Debug)]
pub struct Inspector(());

impl Inspector {
    pub(crate) const fn new() -> Self {
        Self(())
    }

    /// What `device` did so far, all cores together.
    pub fn totals(&self, device: &DmaDevice) -> Totals {
        device.counters.totals()
    }

    /// Takes the oldest message about a refused mapping, for whoever may print.
    pub fn complaint<P: Platform>(&self, dma: &Dma<P>) -> Option<Complaint> {
        dma.complaints().lock().take()
    }

    /// Takes the oldest message about a device that wrote beside what it was given, for whoever may print.
    /// With a checker those are findings.
    pub fn alarm<P: Platform>(&self, dma: &Dma<P>) -> Option<Complaint> {
        dma.alarms().lock().take()
    }

    /// What `device` reaches.
    pub fn reach<'a>(&self, device: &'a DmaDevice) -> &'a Reach {
        device.reach()
    }

    /// What bounces.
    pub fn bouncing<P: Platform>(&self, dma: &Dma<P>) -> Bouncing {
        dma.bouncing()
    }

    /// Where the pool's memory is, if there is a pool.
    pub fn pool_range<P: Platform>(&self, dma: &Dma<P>) -> Option<PhysRange> {
        dma.pool().map(Pool::range)
    }

    /// Where the uncached cells are, and how many are in use, if there are any.
    pub fn cells<P: Platform>(&self, dma: &Dma<P>) -> Option<(PhysRange, cells::Usage)> {
        dma.cells().map(|cells| (cells.range(), cells.usage()))
    }

    /// Occupancy of the pool, if there is one.
    pub fn pool_usage<P: Platform>(&self, dma: &Dma<P>) -> Option<Usage> {
        dma.pool().map(Pool::usage)
    }

    /// How large the pool is and may become, if there is one.
    pub fn pool_extent<P: Platform>(&self, dma: &Dma<P>) -> Option<Extent> {
        dma.pool().map(Pool::extent)
    }

    /// The cells that devices reserved, reservation by reservation.
    pub fn reservations<'a, P: Platform>(
        &self,
        dma: &'a Dma<P>,
    ) -> impl Iterator<Item = SetUsage> + use<'a, P> {
        dma.pools().flat_map(Pool::reservations)
    }

    /// Maps that wait for slots.
    pub fn waiters<P: Platform>(&self, dma: &Dma<P>) -> u32 {
        dma.pools().map(Pool::waiters).sum()
    }

    /// Slots that `device` has of its quota, if it has one.
    pub fn quota_used(&self, device: &DmaDevice) -> Option<u32> {
        device.terms().budget().map(Budget::used)
    }

    /// The pool's chunks at this moment, one by one.
    pub fn pool_chunks<'a, P: Platform>(
        &self,
        dma: &'a Dma<P>,
    ) -> impl Iterator<Item = ChunkUsage> + use<'a, P> {
        let of = |index| dma.pool().and_then(|pool| pool.chunk_usage(index));
        (0..CHUNKS).filter_map(of)
    }
}
