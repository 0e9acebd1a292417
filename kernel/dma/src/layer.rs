//! [`Dma`]: the layer as one value.

use crate::complaints::Complaints;
use crate::inspect::Inspector;
use crate::lines::{LineMismatch, check_lines};
use crate::quarantine::Quarantine;
use crate::reason::{Bouncing, Policy};
use crate::swiotlb::{NoOrigins, Origins, Pool};
use crate::trace::Trace;
use hal::{IrqLock, PhysRange, Platform, Rank};
use spin::Once;

/// The mapping layer of a machine.
///
/// Lock order: the locks of pool, quarantine and refusals, all of rank `Layer`, are never held
/// together, and nothing else is called under any.
pub struct Dma<P: Platform> {
    platform: P,
    bouncing: Bouncing,
    policy: Policy,
    /// The pool's longest run and its memory, fixed: asked without the lock.
    shape: Option<(u32, PhysRange)>,
    pool: IrqLock<Option<Pool>, P>,
    /// Whose bytes are in the pool for drivers that keep addresses alone: made for the first of them.
    origins: Once<Origins>,
    quarantine: IrqLock<Quarantine, P>,
    complaints: IrqLock<Complaints, P>,
    trace: Trace,
}

impl<P: Platform> Dma<P> {
    /// The layer over `platform`, and the right to look into it. Without a pool every buffer that must
    /// bounce is refused.
    ///
    /// Context: thread; allocates.
    pub fn new(
        platform: P,
        bouncing: Bouncing,
        pool: Option<Pool>,
    ) -> Result<(Self, Inspector), LineMismatch> {
        check_lines(platform.cache_lines())?;
        let layer = Self {
            platform,
            bouncing,
            policy: bouncing.policy(pool.is_some()),
            shape: pool.as_ref().map(|pool| (pool.capacity(), pool.range())),
            pool: IrqLock::new(Rank::Layer, "bounce pool", pool),
            origins: Once::new(),
            quarantine: IrqLock::new(Rank::Layer, "quarantine", Quarantine::new()),
            complaints: IrqLock::new(Rank::Layer, "refused mappings", Complaints::new()),
            trace: Trace::new(),
        };
        Ok((layer, Inspector::new()))
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

    /// The notes on all slots, if there are slots. Allocates at the first call.
    pub(crate) fn origins(&self) -> Result<Option<&Origins>, NoOrigins> {
        let Some((_, memory)) = self.shape else {
            return Ok(None);
        };
        let made = self.origins.try_call_once(|| Origins::new(memory));
        made.map(Some)
    }

    pub(crate) fn complaints(&self) -> &IrqLock<Complaints, P> {
        &self.complaints
    }

    /// Where calls leave their events.
    #[inline]
    pub(crate) fn trace(&self) -> &Trace {
        &self.trace
    }

    pub(crate) fn quarantine(&self) -> &IrqLock<Quarantine, P> {
        &self.quarantine
    }

    pub(crate) fn bouncing(&self) -> Bouncing {
        self.bouncing
    }
}
