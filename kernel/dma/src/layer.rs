//! [`Dma`]: the layer as one value.

use crate::lines::{LineMismatch, check_lines};
use crate::quarantine::Quarantine;
use crate::reason::{Bouncing, Policy};
use crate::swiotlb::{Pool, Usage};
use hal::{IrqLock, PhysRange, Platform, Rank};

/// The mapping layer of a machine.
///
/// Lock order: the pool's lock and the quarantine's, both of rank `Layer`, are never held together,
/// and nothing else is called under either.
pub struct Dma<P: Platform> {
    platform: P,
    bouncing: Bouncing,
    policy: Policy,
    /// The pool's longest run and its memory, fixed: asked without the lock.
    shape: Option<(u32, PhysRange)>,
    pool: IrqLock<Option<Pool>, P>,
    quarantine: IrqLock<Quarantine, P>,
}

impl<P: Platform> Dma<P> {
    /// The layer over `platform`. Without a pool every buffer that must bounce is refused.
    pub fn new(platform: P, bouncing: Bouncing, pool: Option<Pool>) -> Result<Self, LineMismatch> {
        check_lines(platform.cache_lines())?;
        Ok(Self {
            platform,
            bouncing,
            policy: bouncing.policy(pool.is_some()),
            shape: pool.as_ref().map(|pool| (pool.capacity(), pool.range())),
            pool: IrqLock::new(Rank::Layer, "bounce pool", pool),
            quarantine: IrqLock::new(Rank::Layer, "quarantine", Quarantine::new()),
        })
    }

    /// The machine under the layer, for barriers around a doorbell and for looking at buffers.
    pub fn platform(&self) -> &P {
        &self.platform
    }

    /// What the decision knows of the system.
    pub(crate) fn policy(&self) -> Policy {
        self.policy
    }

    /// The pool's longest run and its memory, if there is one.
    pub(crate) fn shape(&self) -> Option<(u32, PhysRange)> {
        self.shape
    }

    pub(crate) fn pool(&self) -> &IrqLock<Option<Pool>, P> {
        &self.pool
    }

    pub(crate) fn quarantine(&self) -> &IrqLock<Quarantine, P> {
        &self.quarantine
    }

    /// What bounces.
    pub fn bouncing(&self) -> Bouncing {
        self.bouncing
    }

    /// Where the pool's memory is, if there is a pool.
    pub fn pool_range(&self) -> Option<PhysRange> {
        self.shape.map(|(_, range)| range)
    }

    /// Occupancy of the pool, if there is one.
    pub fn pool_usage(&self) -> Option<Usage> {
        self.pool.lock().as_ref().map(Pool::usage)
    }
}
