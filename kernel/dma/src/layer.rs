//! [`Dma`]: the layer as one value.

extern crate alloc;

use crate::cells::Cells;
use crate::checker::Checker;
use crate::complaints::Complaints;
use crate::device::DmaDevice;
use crate::inspect::Inspector;
use crate::lines::{LineMismatch, check_lines};
use crate::quarantine::Quarantine;
use crate::reason::{Bouncing, Policy};
use crate::restricted::Restricted;
use crate::swiotlb::{Grants, NoOrigins, Notes, Pool};
use crate::trace::Trace;
use crate::users::Users;
use alloc::boxed::Box;
use alloc::vec::Vec;
use hal::{IrqLock, Platform, Rank};

/// The mapping layer of a machine.
///
/// Lock order: the locks of the pool's chunks, quarantine and refusals, all of rank `Layer`, are never
/// held together, and nothing else is called under any.
pub struct Dma<P: Platform> {
    platform: P,
    bouncing: Bouncing,
    policy: Policy,
    pool: Option<Pool<P>>,
    cells: Option<Cells>,
    /// By number, from 1 on.
    pub(crate) restricted: Vec<Restricted<P>>,
    /// Who serves those who wait for slots.
    pub(crate) grants: Option<&'static dyn Grants>,
    quarantine: IrqLock<Quarantine, P>,
    complaints: IrqLock<Complaints, P>,
    /// Of devices, not of drivers.
    alarms: IrqLock<Complaints, P>,
    /// Told that an alarm waits.
    alarm: fn(),
    trace: Trace,
    pub(crate) users: Users<P>,
    /// Under `dma_debug=` alone.
    pub(crate) checker: Option<Box<Checker<P>>>,
}

impl<P: Platform> Dma<P> {
    /// The layer over `platform`, and the right to look into it. Without a pool every buffer that must
    /// bounce is refused.
    ///
    /// Context: thread; allocates.
    pub fn new(
        platform: P,
        bouncing: Bouncing,
        pool: Option<Pool<P>>,
    ) -> Result<(Self, Inspector), LineMismatch> {
        check_lines(platform.cache_lines())?;
        let layer = Self {
            platform,
            bouncing,
            policy: bouncing.policy(pool.is_some()),
            pool,
            cells: None,
            restricted: Vec::new(),
            grants: None,
            quarantine: IrqLock::new(Rank::Layer, "quarantine", Quarantine::new()),
            complaints: IrqLock::new(Rank::Layer, "refused mappings", Complaints::new()),
            alarms: IrqLock::new(Rank::Layer, "alarms", Complaints::new()),
            alarm: || {},
            trace: Trace::new(),
            users: Users::new(),
            checker: None,
        };
        Ok((layer, Inspector::new()))
    }

    /// Small objects bounce through `cells`, unless nothing bounces at all.
    pub fn with_cells(mut self, cells: Cells) -> Self {
        self.cells = self.policy.pool.then_some(cells);
        self
    }

    /// Has `alarm` called when a device was seen to have written beside what it was given
    /// ([`Inspector::alarm`]): in any context, with no lock of the layer held.
    pub fn alarm_with(&mut self, alarm: fn()) {
        self.alarm = alarm;
    }

    /// The machine under the layer, for barriers around a doorbell and for looking at buffers.
    #[inline]
    pub fn platform(&self) -> &P {
        &self.platform
    }

    /// What the decision knows of the system.
    #[inline]
    pub(crate) fn policy(&self) -> Policy {
        self.policy
    }

    /// The bounce pool of all devices that have none of their own, if there is one.
    #[inline]
    pub(crate) fn pool(&self) -> Option<&Pool<P>> {
        self.pool.as_ref()
    }

    /// All pools, the restricted ones last.
    pub(crate) fn pools(&self) -> impl Iterator<Item = &Pool<P>> {
        let own = self.restricted.iter().map(|own| &*own.pool);
        self.pool.iter().chain(own)
    }

    /// The same, before they are shared.
    pub(crate) fn pools_mut(&mut self) -> impl Iterator<Item = &mut Pool<P>> {
        let own = self.restricted.iter_mut().map(|own| &mut *own.pool);
        self.pool.iter_mut().chain(own)
    }

    /// The notes on all slots that `device` bounces through, if there are any. Allocates.
    pub(crate) fn notes_for(&self, device: &DmaDevice) -> Result<Option<Notes<'_>>, NoOrigins> {
        self.pool_of(device).map(Pool::notes).transpose()
    }

    /// Gives the pool what it asked for (see [`swiotlb::Supply`](crate::swiotlb::Supply)), and takes back
    /// what has been idle. Nothing to do for a pool that does not grow.
    ///
    /// Context: interrupts on, no lock held; allocates.
    pub fn tend_pool(&self) {
        if let Some(pool) = &self.pool {
            pool.tend();
        }
    }

    /// The cells that go with it, if there are any.
    #[inline]
    pub(crate) fn cells(&self) -> Option<&Cells> {
        self.cells.as_ref()
    }

    pub(crate) fn complaints(&self) -> &IrqLock<Complaints, P> {
        &self.complaints
    }

    pub(crate) fn alarms(&self) -> &IrqLock<Complaints, P> {
        &self.alarms
    }

    /// Tells that an alarm waits.
    pub(crate) fn kick_alarm(&self) {
        (self.alarm)();
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
