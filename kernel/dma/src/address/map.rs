//! Lending memory that is named by its physical address.

use super::{Attrs, ByAddress};
use crate::decision::{Request, Route, route};
use crate::direction::Dir;
use crate::door;
use crate::error::MapError;
use crate::map::count_direct;
use crate::physical::Physical;
use crate::stand_in::StandIn;
use crate::trace::Kind;
use hal::{DmaAddr, PhysRange, Platform};

/// Where the device finds a buffer, and whether maintenance of it is still to be waited for.
struct Placed {
    addr: DmaAddr,
    owed: bool,
    kind: Kind,
    /// Where the bytes are for the device.
    side: PhysRange,
}

impl<P: Platform> ByAddress<'_, P> {
    /// Lends the RAM at `block` to the device (`dma_map_single`, `dma_map_phys`).
    ///
    /// Context: any; waits for the pool's lock alone.
    ///
    /// # Safety
    /// From here until it is unmapped, `block` is initialised RAM in the platform's linear map, lent by
    /// whoever owns it: nobody touches it, nor another byte in a line that the device writes, but this
    /// device in the direction `dir`, and the CPU between a sync for it and one for the device. The
    /// address and the block's length, rounded up to the device's granule, are given to this device
    /// alone. Under [`Attrs::DEFER_SYNC`] it is told after a sync for it; under
    /// [`Attrs::ALREADY_DEVICE_OWNED`] the CPU has stored nothing there since the last such sync, or
    /// since another device had it; under [`Attrs::SHARED`] "this device" is each that it is mapped for.
    pub unsafe fn map_single(
        &self,
        block: PhysRange,
        dir: Dir,
        attrs: Attrs,
    ) -> Result<DmaAddr, MapError> {
        // SAFETY: the caller lends the block for longer than this value lives.
        let buffer = unsafe { Physical::assume_lent(block) };
        match self.place(&buffer, dir, attrs) {
            Ok(Placed {
                addr,
                owed,
                kind,
                side,
            }) => {
                if owed {
                    self.wait();
                }
                let memory = Some((block, side));
                self.note(kind, (addr, block.len()), (dir, attrs), memory);
                Ok(addr)
            }
            Err(error) => Err(self.dma.refuse(self.device, error, attrs.0)),
        }
    }

    /// Lends `len` bytes at `offset` of `pages` (`dma_map_page`).
    ///
    /// Context: any; waits for the pool's lock alone.
    ///
    /// # Safety
    /// As for [`map_single`](Self::map_single), for these bytes.
    pub unsafe fn map_page(
        &self,
        pages: PhysRange,
        (offset, len): (u64, u64),
        dir: Dir,
        attrs: Attrs,
    ) -> Result<DmaAddr, MapError> {
        let Some(block) = pages.slice(offset, len) else {
            let error = MapError::OutsidePages { offset, len, pages };
            return Err(self.dma.refuse(self.device, error, attrs.0));
        };
        // SAFETY: the caller's promise is the one that `map_single` asks for.
        unsafe { self.map_single(block, dir, attrs) }
    }

    /// Shows the registers at `block` to the device (`dma_map_resource`). Nothing undoes it, since nothing
    /// is kept.
    ///
    /// Context: any; does not wait, and touches neither cache nor pool.
    ///
    /// # Safety
    /// The address, and as many bytes as there are registers, are given to this device alone, for
    /// accesses that the owner of the registers agrees with.
    pub unsafe fn map_resource(&self, block: PhysRange) -> Result<DmaAddr, MapError> {
        let resource = self.dma.map_resource(self.device, block)?;
        // SAFETY: the caller's promise is the one that `addr` asks for.
        Ok(unsafe { resource.addr() })
    }

    /// Decides, and does what was decided but for the last wait.
    fn place(&self, buffer: &Physical, dir: Dir, attrs: Attrs) -> Result<Placed, MapError> {
        let request = Request::of(buffer, dir, attrs.0);
        match route(self.device, self.dma.policy(), &request)? {
            Route::Direct(addr) => {
                count_direct::<P>(self.device, &request);
                Ok(Placed {
                    addr,
                    owed: self.show(&request, attrs),
                    kind: Kind::Map,
                    side: request.block,
                })
            }
            Route::Bounce(reason) => {
                let (slots, addr) = self.dma.slots_for(self.device, &request, reason)?;
                let (platform, block) = (&self.dma.told(), request.block);
                let side = slots.data();
                let slots = StandIn::Slots(slots);
                let cover = self.dma.cover(self.device);
                door::fill_block(platform, self.device, (buffer, block), &slots, cover);
                let counters = &self.device.counters;
                counters.mapped_bounced::<P>(reason, &slots, block.len());
                // Before anybody has the address (SKIP-3).
                self.device.stop_skipping_sync();
                let origins = self.origins.expect("made where there are slots");
                let slots = slots.into_slots().expect("made of slots just now");
                let kept = origins.keep(slots, block, dir, self.device.id());
                kept.map_err(|slots| {
                    counters.ended::<P>();
                    self.dma.unnoted(self.device.terms(), slots)
                })?;
                Ok(Placed {
                    addr,
                    owed: true,
                    kind: Kind::Bounce,
                    side,
                })
            }
        }
    }

    /// Cleans what the device is about to see where it lies (CM-1), unless that may wait.
    pub(super) fn show(&self, request: &Request, attrs: Attrs) -> bool {
        let waits =
            attrs.contains(Attrs::DEFER_SYNC) || attrs.contains(Attrs::ALREADY_DEVICE_OWNED);
        if waits || self.device.limits().coherent {
            return false;
        }
        // A block that is known by its address alone is mapped in place only if its length needs no
        // rounding up, so this is all that the device is given.
        self.dma.told().clean(request.block);
        true
    }
}
