//! [`Dma`]: the layer as one value, and how a buffer gets its place.

use crate::attrs::Attrs;
use crate::decision::{Request, Route, route};
use crate::device::DmaDevice;
use crate::direction::Direction;
use crate::door;
use crate::error::{MapError, Refused};
use crate::lines::{LineMismatch, check_lines};
use crate::linux;
use crate::mapping::{Held, Mapping, Place};
use crate::quarantine::Quarantine;
use crate::reason::{BounceReason, Bouncing, Policy};
use crate::swiotlb::{Full, Layout, NeverFits, Pool, Slots, Usage, max_len};
use hal::{DmaAddr, DmaBuffer, IrqLock, LINE, PhysRange, Platform, Rank};

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

    /// Lends `buffer` to `device`. The buffer comes back from [`Mapping::unmap`], or with the reason
    /// if it cannot be lent.
    ///
    /// Context: any; waits for the pool's lock alone.
    pub fn map<'d, B: DmaBuffer, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        buffer: B,
        direction: D,
    ) -> Result<Mapping<'d, P, B, D>, Refused<B>> {
        self.map_attrs(device, buffer, direction, Attrs::NONE)
    }

    /// As [`map`](Self::map), with attributes.
    pub fn map_attrs<'d, B: DmaBuffer, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        buffer: B,
        direction: D,
        attrs: Attrs,
    ) -> Result<Mapping<'d, P, B, D>, Refused<B>> {
        // The value was only needed to name the type.
        let _ = direction;
        let request = Request::of(&buffer, D::DIR, attrs);
        match self.place(device, &buffer, &request) {
            Ok((place, bus)) => Ok(Mapping::new(self, device, Held::new(buffer, place, bus))),
            Err(error) => {
                device.counters.refused(P::cpu_id());
                Err(Refused { error, buffer })
            }
        }
    }

    fn place<B: DmaBuffer>(
        &self,
        device: &DmaDevice,
        buffer: &B,
        request: &Request,
    ) -> Result<(Place, DmaAddr), MapError> {
        match route(device, self.policy, request)? {
            Route::Direct(bus) => {
                let extent = request
                    .extent(device)
                    .expect("a direct route has an extent");
                self.clean(device, extent);
                self.count_direct(device, request);
                Ok((Place::Direct(extent), bus))
            }
            Route::Bounce(reason) => {
                let (slots, bus) = self.slots_for(device, request, reason)?;
                door::copy_in(&self.platform, device, buffer, &slots);
                device
                    .counters
                    .mapped_bounced(P::cpu_id(), reason, request.block.len());
                Ok((Place::Bounced(slots), bus))
            }
        }
    }

    fn count_direct(&self, device: &DmaDevice, request: &Request) {
        let len = request.block.len();
        let spared = linux::bounces_for_lines(len, LINE, request.dir);
        let spared = spared && !device.limits().coherent;
        device.counters.mapped_direct(P::cpu_id(), len, spared);
    }

    /// Cleans what the device is about to see (CM-1) and waits for it (CM-7).
    pub(crate) fn clean(&self, device: &DmaDevice, extent: PhysRange) {
        if !device.limits().coherent {
            self.platform.clean(extent);
            self.platform.complete();
        }
    }

    fn slots_for(
        &self,
        device: &DmaDevice,
        request: &Request,
        reason: BounceReason,
    ) -> Result<(Slots, DmaAddr), MapError> {
        let (block, reach) = (request.block, device.reach().last_reachable());
        let (capacity, memory) = self.shape.ok_or(MapError::NoPool {
            reason,
            block,
            reach,
        })?;
        let max = max_len(device.limits(), capacity);
        let extent = request.extent(device).ok_or(MapError::TooLong {
            len: block.len(),
            max,
        })?;
        let (orig, len) = (block.start(), extent.len());
        let layout =
            Layout::new(orig, len, device.limits(), 0, capacity).map_err(|NeverFits { max }| {
                MapError::TooLong {
                    len: block.len(),
                    max,
                }
            })?;
        let slots = self.alloc(&layout, len)?;
        match device.reach().reach(slots.data()) {
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
        let mut pool = self.pool.lock();
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
        let mut pool = self.pool.lock();
        pool.as_mut()
            .expect("slots come from a pool")
            .release(slots);
    }

    pub(crate) fn quarantine(&self) -> &IrqLock<Quarantine, P> {
        &self.quarantine
    }

    /// Bytes that `device` can always map at once if slots are free, wherever the buffer lies: a
    /// constant, never the state of the moment.
    pub fn max_mapping_size(&self, device: &DmaDevice) -> u64 {
        match self.shape {
            Some((capacity, _)) => max_len(device.limits(), capacity),
            None => u64::MAX,
        }
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
