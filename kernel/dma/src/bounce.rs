//! Slots for a buffer that has to bounce: taken, checked against the device's reach, given back.

use crate::attrs::Attrs;
use crate::decision::Request;
use crate::device::DmaDevice;
use crate::direction::Direction;
use crate::error::MapError;
use crate::guard::Cover;
use crate::layer::Dma;
use crate::map::fill;
use crate::reason::BounceReason;
use crate::restricted::PoolNumber;
use crate::stand_in::StandIn;
use crate::swiotlb::{
    CHUNK, Denied, Full, Layout, NeverFits, OverQuota, Pool, Slots, Terms, max_len,
};
use hal::{DmaAddr, DmaBuffer, Platform};

/// Why a buffer was not lent by cells, or slots, at once.
pub(crate) enum NotAtOnce {
    /// Somebody has to look closer.
    Look,
    /// No chunk has such a run, and there are no others to be had here and now.
    Full(Full),
}

impl NotAtOnce {
    /// By the length alone: the layout would have to be in memory for this.
    #[cold]
    #[inline(never)]
    fn of<P: Platform>(pool: &Pool<P>, len: u64) -> Self {
        let layout = Layout::unbound(len);
        if pool.is_full_for(&layout) {
            Self::Full(pool.full_of(&layout))
        } else {
            Self::Look
        }
    }
}

impl<P: Platform> Dma<P> {
    /// Lends `buffer`, which must bounce, by slots of the chunk that this core prefers, where its device wants
    /// nothing in particular, as nearly all do, and no cells. No error is made here, nor passed on, which would take
    /// longer than the slots.
    #[inline(never)]
    pub(crate) fn by_slots<B: DmaBuffer, D: Direction>(
        &self,
        device: &DmaDevice,
        buffer: &B,
        request: &Request,
        reason: BounceReason,
    ) -> Result<(StandIn, DmaAddr), NotAtOnce> {
        let len = request.block.len();
        // Any slots of the shared pool will do, in one chunk.
        if len > CHUNK || !device.bounces_plainly() {
            return Err(NotAtOnce::Look);
        }
        let pool = self.pool().ok_or(NotAtOnce::Look)?;
        let Some(slots) = pool.take_at_once(&Layout::unbound(len), len) else {
            return Err(NotAtOnce::of(pool, len));
        };
        let Some(bus) = device.plain().addr_of_slots(slots.data()) else {
            pool.release(slots);
            return Err(NotAtOnce::Look);
        };
        self.users.took(device, &slots);
        let slots = StandIn::Slots(slots);
        fill::<_, _, D>(self.platform(), device, buffer, &slots, Cover::Lines);
        device.counters.mapped_bounced::<P>(reason, &slots, len);
        Ok((slots, bus))
    }

    /// The refusal of what [`by_slots`](Self::by_slots) found the pool full for, counted and told.
    #[cold]
    #[inline(never)]
    pub(crate) fn refuse_full(&self, device: &DmaDevice, full: Full, attrs: Attrs) -> MapError {
        self.refuse(device, self.full(full, PoolNumber::SHARED), attrs)
    }

    /// Slots that stand in for `request`, and where the device finds them.
    pub(crate) fn slots_for(
        &self,
        device: &DmaDevice,
        request: &Request,
        reason: BounceReason,
    ) -> Result<(Slots, DmaAddr), MapError> {
        let (pool, layout, len) = self.layout_for(device, request, reason)?;
        let slots = pool.alloc_for(device.terms(), &layout, len);
        let slots = slots.map_err(|error| self.denied(error, device.pool_number()))?;
        self.admit(device, pool, slots)
    }

    /// What slots for `request` have to look like, in which pool, and the bytes in them.
    #[inline]
    pub(crate) fn layout_for(
        &self,
        device: &DmaDevice,
        request: &Request,
        reason: BounceReason,
    ) -> Result<(&Pool<P>, Layout, u64), MapError> {
        let block = request.block;
        // What only a refusal tells is worked out there.
        let pool = self.pool_of(device).ok_or_else(|| MapError::NoPool {
            reason,
            block,
            reach: device.reach().last_reachable(),
        })?;
        let capacity = pool.capacity();
        let never = |max| MapError::TooLong {
            len: block.len(),
            max,
        };
        let max = || max_len(device.limits(), capacity);
        let extent = request.extent(device).ok_or_else(|| never(max()))?;
        let len = extent.len();
        let layout = Layout::new(block.start(), len, device.limits(), 0, capacity)
            .and_then(|layout| layout.guarded(len, device.limits(), capacity))
            .map_err(|NeverFits { max }| never(max))?;
        Ok((pool, layout, len))
    }

    /// Slots that were taken for a device, and where it finds them; back in their pool, if it does not.
    #[inline]
    pub(crate) fn admit(
        &self,
        device: &DmaDevice,
        pool: &Pool<P>,
        slots: Slots,
    ) -> Result<(Slots, DmaAddr), MapError> {
        self.look_at_freed(&slots);
        self.users.took(device, &slots);
        let len = slots.data().len();
        match device.reach().reach_slots(slots.data()) {
            Some(bus) if crosses(bus, len, device.limits().seg_boundary_mask) => {
                self.release_slots(device.terms(), slots);
                Err(MapError::TooLong { len, max: CHUNK })
            }
            Some(bus) => Ok((slots, bus)),
            None => {
                self.release_slots(device.terms(), slots);
                Err(MapError::PoolUnreachable {
                    pool: pool.range(),
                    reach: device.reach().last_reachable(),
                })
            }
        }
    }

    /// Why there are no slots, in full.
    #[cold]
    pub(crate) fn denied(&self, denied: Denied, pool: PoolNumber) -> MapError {
        match denied {
            Denied::Full(full) => self.full(full, pool),
            Denied::OverQuota(OverQuota {
                wanted,
                used,
                quota,
            }) => MapError::OverQuota {
                wanted,
                used,
                quota,
            },
        }
    }

    /// The pool is full: how full, and by whom.
    fn full(&self, full: Full, pool: PoolNumber) -> MapError {
        let Full {
            wanted,
            free,
            largest_run,
        } = full;
        MapError::PoolFull {
            wanted,
            free,
            largest_run,
            top: self.users.top(pool),
        }
    }

    /// Gives slots back that nobody could find again: as if the pool had none.
    pub(crate) fn unnoted(&self, terms: &Terms, slots: Slots) -> MapError {
        let pool = self.pool_at(slots.pool()).expect("slots come from a pool");
        let error = self.full(pool.without(&slots), slots.pool());
        self.release_slots(terms, slots);
        error
    }

    /// What was found by its address, as it was taken: slots, or a cell that the device reserved.
    pub(crate) fn recall(&self, device: &DmaDevice, stand_in: StandIn) -> StandIn {
        match (stand_in, self.pool_of(device)) {
            (StandIn::Slots(slots), Some(pool)) => {
                StandIn::Slots(pool.recall(device.terms(), slots))
            }
            (other, _) => other,
        }
    }

    /// Gives slots back that a device had.
    #[inline]
    pub(crate) fn release_slots(&self, terms: &Terms, slots: Slots) {
        self.users.gave(terms.device(), &slots);
        self.poison(|| self.users.name(terms.device()), &slots);
        let pool = self.pool_at(slots.pool()).expect("slots come from a pool");
        pool.release_for(terms, slots);
    }
}

/// Does a run cross a boundary of the device on its bus? In one chunk none does; a window may put a boundary
/// between two.
fn crosses(bus: DmaAddr, len: u64, boundary_mask: u64) -> bool {
    let last = bus.get().wrapping_add(len - 1);
    (bus.get() ^ last) & !boundary_mask != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fr_5_a_run_over_chunks_is_judged_on_the_bus() {
        let four_gib = u64::from(u32::MAX);
        let below = DmaAddr::new(0xFFE0_0000);
        assert!(crosses(below, CHUNK + 1, four_gib));
        assert!(!crosses(below, CHUNK + 1, u64::MAX));
        assert!(!crosses(below, CHUNK, four_gib));
        assert!(!crosses(DmaAddr::new(0xFFC0_0000), 2 * CHUNK, four_gib));
    }
}
