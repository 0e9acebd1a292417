//! Diagnostics: what the layer did, for the image's reports.
//!
//! No driver can see whether its mapping bounced (SG-4): a driver that could would come to depend on it,
//! and work on one board alone. So whatever tells is behind a handle that [`Dma::new`] gives once, to
//! whoever makes the layer, and that nobody else can make.

use crate::complaints::Complaint;
use crate::counters::Totals;
use crate::device::DmaDevice;
use crate::layer::Dma;
use crate::reach::Reach;
use crate::reason::Bouncing;
use crate::swiotlb::{Pool, Usage};
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

    /// Occupancy of the pool, if there is one.
    pub fn pool_usage<P: Platform>(&self, dma: &Dma<P>) -> Option<Usage> {
        dma.pool().map(Pool::usage)
    }
}
