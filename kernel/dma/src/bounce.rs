//! Slots for a buffer that has to bounce: taken, checked against the device's reach, given back.

use crate::decision::Request;
use crate::device::DmaDevice;
use crate::error::MapError;
use crate::layer::Dma;
use crate::reason::BounceReason;
use crate::swiotlb::{Full, Layout, NeverFits, Slots, max_len};
use hal::{DmaAddr, Platform};

impl<P: Platform> Dma<P> {
    /// Slots that stand in for `request`, and where the device finds them.
    pub(crate) fn slots_for(
        &self,
        device: &DmaDevice,
        request: &Request,
        reason: BounceReason,
    ) -> Result<(Slots, DmaAddr), MapError> {
        let (block, reach) = (request.block, device.reach().last_reachable());
        let (capacity, memory) = self.shape().ok_or(MapError::NoPool {
            reason,
            block,
            reach,
        })?;
        let never = |max| MapError::TooLong {
            len: block.len(),
            max,
        };
        let max = max_len(device.limits(), capacity);
        let len = request.extent(device).ok_or(never(max))?.len();
        let layout = Layout::new(block.start(), len, device.limits(), 0, capacity)
            .map_err(|NeverFits { max }| never(max))?;
        let slots = self.alloc(&layout, len)?;
        match device.reach().reach_slots(slots.data()) {
            Some(bus) => Ok((slots, bus)),
            None => {
                self.release(slots);
                Err(MapError::PoolUnreachable {
                    pool: memory,
                    reach,
                })
            }
        }
    }

    fn alloc(&self, layout: &Layout, len: u64) -> Result<Slots, MapError> {
        let mut pool = self.pool().lock();
        let pool = pool.as_mut().expect("the shape was taken from this pool");
        pool.alloc(layout, len).map_err(
            |Full {
                 wanted,
                 free,
                 largest_run,
             }| {
                MapError::PoolFull {
                    wanted,
                    free,
                    largest_run,
                }
            },
        )
    }

    pub(crate) fn release(&self, slots: Slots) {
        let mut pool = self.pool().lock();
        pool.as_mut()
            .expect("slots come from a pool")
            .release(slots);
    }
}
