//! For drivers that keep nothing but a bus address: Linux's calls under Linux's names.
//!
//! [`Dma::by_address`] gives a device these calls. They are `unsafe`, since nothing here owns a buffer
//! or knows what is in flight: the driver does. All else is the same as for mappings that own their
//! buffer: one decision, the same slots (and no cells, which have no notes), copies, cache operations, counters and refusals.
//!
//! | Linux | here |
//! |---|---|
//! | `dma_map_single`, `dma_map_phys` | [`map_single`](ByAddress::map_single), by physical address |
//! | `dma_map_page` | [`map_page`](ByAddress::map_page) |
//! | `dma_unmap_single`, `_page`, `_phys` | [`unmap_single`](ByAddress::unmap_single) |
//! | `dma_sync_single_for_cpu`, `_for_device` | the same, any part of a mapping |
//! | `dma_sync_single_range_for_cpu`, `_for_device` | the same |
//! | `dma_map_sg`, `dma_unmap_sg` | [`map_sg`](ByAddress::map_sg), [`unmap_sg`](ByAddress::unmap_sg), over [`SgEntry`] |
//! | `dma_sync_sg_for_cpu`, `_for_device` | the same |
//! | `dma_map_resource` | [`map_resource`](ByAddress::map_resource); unmap is nothing |
//! | `dma_mapping_error` | the `Result` of map: there is no error address (MAP-1) |
//! | `dma_need_sync` | [`need_sync`](ByAddress::need_sync), [`need_unmap`](ByAddress::need_unmap) |
//! | `DMA_ATTR_*` | [`Attrs`] |
//!
//! *Lookup.* The address leads back through the device's windows to RAM. Where that is not the pool's,
//! the bytes were mapped where they lie, and there is nothing else to know. Where it is, a note per slot
//! says whose bytes those are (CP-1, CP-2). Neither depends on how many mappings there are (DY-3).
//!
//! *Wrong calls.* A sync that fits no mapping is an error and does nothing. Unmap never fails (INV-9):
//! what it cannot make sense of it leaves alone, and keeps a [`Misuse`] for whoever may print
//! ([`Inspector::complaint`](crate::Inspector::complaint)). Of a bounced mapping the length and the
//! direction that map was given count, whatever is said later, so that a driver that is wrong about them
//! loses no bytes; of one mapped where it lies nothing is known, and what is said is done.
//!
//! Buffers are known by address and length, so those decide about shared lines (UL-2): a buffer that a
//! device writes bounces unless it starts and ends on a cache line.
//!
//! Context: any but for `by_address`. No call allocates or waits, save for the pool's lock.

#![expect(
    unsafe_code,
    reason = "the driver vouches for memory that it names by address"
)]

mod attrs;
mod entry;
mod find;
mod list;
mod map;
mod misuse;
mod sync;
mod unmap;

pub use attrs::Attrs;
pub use entry::SgEntry;
pub use misuse::Misuse;

use crate::checker::{Call, Seen};
use crate::complaints::Cause;
use crate::device::DmaDevice;
use crate::direction::Dir;
use crate::layer::Dma;
use crate::swiotlb::{NoOrigins, Notes};
use crate::trace::{Kind, Tag};
use core::fmt;
use hal::{DmaAddr, PhysRange, Platform};

/// The calls of one device, by bus address. Copies are the same thing.
pub struct ByAddress<'d, P: Platform> {
    dma: &'d Dma<P>,
    device: &'d DmaDevice,
    /// None where nothing can bounce.
    origins: Option<Notes<'d>>,
}

impl<P: Platform> Dma<P> {
    /// The calls by bus address, for `device`.
    ///
    /// Context: thread; from the first call of all on, each chunk of its pool takes 16 KiB of heap.
    pub fn by_address<'d>(&'d self, device: &'d DmaDevice) -> Result<ByAddress<'d, P>, NoOrigins> {
        Ok(ByAddress {
            dma: self,
            device,
            origins: self.notes_for(device)?,
        })
    }
}

impl<'d, P: Platform> ByAddress<'d, P> {
    /// The layer behind the calls.
    pub fn layer(&self) -> &'d Dma<P> {
        self.dma
    }

    /// The device that they are for.
    pub fn device(&self) -> &'d DmaDevice {
        self.device
    }

    /// Leaves an event of `len` bytes at `addr`; of a map with the buffer and where the device has it.
    // Inlined, so that what only the checker asks for is not made.
    #[inline(always)]
    fn note(
        &self,
        kind: Kind,
        (addr, len): (DmaAddr, u64),
        (dir, attrs): (Dir, Attrs),
        memory: Option<(PhysRange, PhysRange)>,
    ) {
        let tag = Tag::new(kind, dir, self.device.id().number()).attrs(attrs.0);
        self.dma.trace().note::<P>(tag, addr.get(), len);
        let coherent = self.device.limits().coherent;
        self.dma.show_checker(kind, self.device, || Seen {
            call: Call::Address,
            dir,
            addr: addr.get(),
            len,
            memory,
            shares: coherent || attrs.contains(Attrs::SHARED),
            skips: attrs.contains(Attrs::ALREADY_DEVICE_OWNED),
        });
    }

    /// Keeps a wrong call for a message.
    fn misused(&self, misuse: Misuse) {
        self.dma.misused(self.device, Cause::Misused(misuse));
    }

    /// Waits for maintenance, which only a device that does not snoop makes necessary (CM-7).
    fn wait(&self) {
        if !self.device.limits().coherent {
            self.dma.told().complete();
        }
    }
}

impl<P: Platform> Clone for ByAddress<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Platform> Copy for ByAddress<'_, P> {}

impl<P: Platform> fmt::Debug for ByAddress<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ByAddress({})", self.device.name())
    }
}
