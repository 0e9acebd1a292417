//! A bus master as the mapping layer sees it: its limits, fixed at probe, and its counters.

extern crate alloc;

use crate::builder::Builder;
use crate::counters::Counters;
use crate::decision::Plain;
use crate::limits::Limits;
use crate::queries::Addressing;
use crate::reach::{DmaMask, MAX_WINDOWS, Reach};
use crate::restricted::{PoolNumber, RestrictedPool};
use crate::swiotlb::{Budget, Terms};
use alloc::sync::Arc;
use arrayvec::ArrayVec;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use hal::{DmaAddr, DmaWindow, PhysRange, RamMap};

/// Banks of RAM that a device remembers, to tell registers from them. This chip has three.
pub(crate) const MAX_BANKS: usize = 8;

/// Names a device for as long as the kernel runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceId(u32);

static NEXT: AtomicU32 = AtomicU32::new(0);

impl DeviceId {
    fn next() -> Self {
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// A name that tests give.
    #[cfg(test)]
    pub(crate) const fn for_tests(number: u32) -> Self {
        Self(number)
    }

    /// The name as a number.
    #[inline]
    pub(crate) const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A bus master: limits, counters, and a name for messages.
#[derive(Debug)]
pub struct DmaDevice {
    name: &'static str,
    /// Names it, too.
    terms: Arc<Terms>,
    reach: Reach,
    plain: Plain,
    addressing: Addressing,
    coherent_mask: DmaMask,
    registers: ArrayVec<DmaWindow, MAX_WINDOWS>,
    ram: ArrayVec<PhysRange, MAX_BANKS>,
    limits: Limits,
    pool: Option<RestrictedPool>,
    skip_sync: AtomicBool,
    /// Its driver is gone, and what that left mapped by address waits for a reset.
    removed: AtomicBool,
    pub(crate) counters: Counters,
}

impl DmaDevice {
    /// Starts the description of a device. What is not said: no window (identity), 32 address bits,
    /// not coherent, any length, any alignment.
    pub fn builder(name: &'static str) -> Builder {
        Builder::new(name)
    }

    /// A device of its own with limits that `Builder::build` has checked.
    pub(crate) fn new(
        name: &'static str,
        (reach, addressing): (Reach, Addressing),
        coherent_mask: DmaMask,
        (registers, ram): (ArrayVec<DmaWindow, MAX_WINDOWS>, &RamMap<'_>),
        (limits, pool, quota): (Limits, Option<RestrictedPool>, Option<u32>),
    ) -> Self {
        let plain = match pool {
            None => Plain::of(&reach, &limits),
            Some(_) => Plain::nothing(),
        };
        Self {
            name,
            terms: Arc::new(Terms::new(DeviceId::next(), name, quota)),
            plain,
            reach,
            addressing,
            coherent_mask,
            registers,
            ram: ram.banks.iter().copied().take(MAX_BANKS).collect(),
            limits,
            pool,
            skip_sync: AtomicBool::new(limits.coherent),
            removed: AtomicBool::new(false),
            counters: Counters::default(),
        }
    }

    /// Does it bounce through the shared pool, on no terms of its own, and any slots will do?
    #[inline]
    pub(crate) fn bounces_plainly(&self) -> bool {
        self.plain.any_slots && self.terms.are_plain()
    }

    /// For messages.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Tells this device from all others.
    #[inline]
    pub fn id(&self) -> DeviceId {
        self.terms.device()
    }

    /// What it was promised of the pool, and what it may have.
    #[inline]
    pub(crate) fn terms(&self) -> &Arc<Terms> {
        &self.terms
    }

    /// Slots of the pool that it may have at a time, beside those that it reserved; `None`: all.
    pub fn quota(&self) -> Option<u32> {
        self.terms.budget().map(Budget::quota)
    }

    /// What it can address.
    pub(crate) fn reach(&self) -> &Reach {
        &self.reach
    }

    /// The same for the plain case.
    #[inline]
    pub(crate) fn plain(&self) -> &Plain {
        &self.plain
    }

    /// What it demands of buffers.
    #[inline]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The pool that it is bound to, if any.
    pub(crate) fn restricted_pool(&self) -> Option<RestrictedPool> {
        self.pool
    }

    /// Is it bound to a pool, so that all its bytes go through that (RP-2)?
    #[inline]
    pub(crate) fn is_restricted(&self) -> bool {
        self.pool.is_some()
    }

    /// What it bounces through.
    #[inline]
    pub(crate) fn pool_number(&self) -> PoolNumber {
        match &self.pool {
            None => PoolNumber::SHARED,
            Some(pool) => pool.number(),
        }
    }

    /// Its addressing mask, for reports.
    pub fn mask(&self) -> DmaMask {
        self.reach.mask
    }

    /// The highest address that it can emit for memory that it shares with the CPU for good.
    pub fn coherent_mask(&self) -> DmaMask {
        self.coherent_mask
    }

    pub(crate) fn addressing(&self) -> Addressing {
        self.addressing
    }

    /// The address by which this device finds the registers at `block` (TR-5): registers have a
    /// list of windows of their own, so those onto RAM are not asked. What the device can emit counts.
    pub fn register_addr(&self, block: PhysRange) -> Option<DmaAddr> {
        let found = self.registers.iter();
        let bus = found.filter_map(|window| window.to_bus(block)).next()?;
        let last = bus.checked_add(block.len() - 1)?;
        (last <= self.reach.limit().last()).then_some(bus)
    }

    /// Is there nothing to sync for a driver that keeps bus addresses alone (SKIP-1, SKIP-2)?
    pub(crate) fn skips_sync(&self) -> bool {
        self.skip_sync.load(Ordering::Acquire)
    }

    /// From here on there may be (SKIP-3). For good: nobody tells when the last such mapping ended.
    pub(crate) fn stop_skipping_sync(&self) {
        self.skip_sync.store(false, Ordering::Release);
    }

    /// Its driver is gone.
    pub(crate) fn remove(&self) {
        self.removed.store(true, Ordering::Release);
    }

    /// Is its driver gone, with what it left mapped still to be given back?
    pub(crate) fn is_removed(&self) -> bool {
        self.removed.load(Ordering::Acquire)
    }

    /// What its driver left is given back now. Was there one that is gone?
    pub(crate) fn forget_removal(&self) -> bool {
        self.removed.swap(false, Ordering::AcqRel)
    }

    /// Do both ends of `block` lie in RAM, as far as was told at probe?
    pub(crate) fn ends_in_ram(&self, block: PhysRange) -> bool {
        let told = |at| self.ram.iter().any(|bank| bank.contains_addr(at));
        // One bank has all of nearly every block.
        self.ram.iter().any(|bank| bank.contains(block))
            || self.ram.is_full()
            || (told(block.start()) && told(block.last()))
    }

    /// Is some of `block` RAM, as far as was told at probe?
    pub(crate) fn is_ram(&self, block: PhysRange) -> bool {
        self.ram.iter().any(|bank| bank.overlaps(block))
    }
}
