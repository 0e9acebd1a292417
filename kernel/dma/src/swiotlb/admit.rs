//! Slots by the terms of one device: a cell that it reserved, else slots within its quota.

use super::layout::Layout;
use super::pool::Pool;
use super::quota::{Budget, OverQuota};
use super::terms::Terms;
use super::{Full, Slots};
use hal::{Cpu, Irq};

/// Why a device got no slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// There are none of the shape.
    Full(Full),
    /// It has too many already.
    OverQuota(OverQuota),
}

impl<I: Irq + Cpu> Pool<I> {
    /// As `alloc`, by the terms of one device: a cell that it reserved, else slots within its quota.
    ///
    /// Context: as for `alloc`.
    #[inline]
    pub(crate) fn alloc_for(
        &self,
        terms: &Terms,
        layout: &Layout,
        len: u64,
    ) -> Result<Slots, Denied> {
        if terms.are_plain() {
            return self.alloc(layout, len).map_err(Denied::Full);
        }
        self.alloc_by_terms(terms, layout, len)
    }

    #[inline(never)]
    fn alloc_by_terms(&self, terms: &Terms, layout: &Layout, len: u64) -> Result<Slots, Denied> {
        let taken = self.by_terms(terms, layout, len, || self.alloc(layout, len));
        if matches!(taken, Err(Denied::Full(_))) && terms.budget().is_some() {
            // What was charged in vain may have been in a waiter's way.
            self.waiting().tell();
        }
        taken
    }

    /// As `alloc_for`, on behalf of a waiter: nobody is told of what is taken in vain, since who tries is
    /// who would be told. `grow`: as far as the pool can.
    pub(super) fn alloc_waiting(
        &self,
        terms: &Terms,
        layout: &Layout,
        len: u64,
        grow: bool,
    ) -> Result<Slots, Denied> {
        let present = || {
            if layout.is_long() {
                self.alloc_long(layout, len)
            } else {
                self.alloc_present(layout, len)
            }
        };
        let any = || {
            let grown = || grow.then(|| self.grow_until(layout, present)).flatten();
            self.counted(present().or_else(grown), layout)
        };
        self.by_terms(terms, layout, len, any)
    }

    fn by_terms(
        &self,
        terms: &Terms,
        layout: &Layout,
        len: u64,
        any: impl FnOnce() -> Result<Slots, Full>,
    ) -> Result<Slots, Denied> {
        if let Some(slots) = self.alloc_private(terms, layout, len) {
            return Ok(slots);
        }
        let Some(budget) = terms.budget() else {
            return any().map_err(Denied::Full);
        };
        budget.charge(layout.slots).map_err(Denied::OverQuota)?;
        any().map_err(|full| {
            budget.refund(layout.slots);
            Denied::Full(full)
        })
    }

    /// Gives slots back that a device with these terms had.
    #[inline]
    pub(crate) fn release_for(&self, terms: &Terms, slots: Slots) {
        match terms.budget() {
            Some(budget) if !slots.are_private() => self.release_charged(budget, slots),
            _ => self.release(slots),
        }
    }

    // Nearly no device has a quota, and the others need not know how many slots it was.
    #[cold]
    #[inline(never)]
    fn release_charged(&self, budget: &Budget, slots: Slots) {
        let count = slots.count;
        self.release(slots);
        budget.refund(count);
        self.waiting().tell();
    }
}
