//! Runs drivers that were written for the crate [`dma-api`](dma_api) on our mapping layer.
//!
//! ```text
//! let adapter: &'static Adapter<_, _> = ..Adapter::new(dma, device, pages)?;   // once per bus master
//! let driver = ForeignDriver::new(registers, adapter.device_dma());
//! ```
//!
//! *What the crate shows the CPU never reaches a device.* That crate lends slices: its containers give out
//! `&[T]` while a device works, and a map of a borrowed slice may outlive the borrow. So whatever it lends
//! or allocates is ordinary memory, and the device is given a **stage**: pages of our own with the same
//! bytes, mapped as any other buffer ([`Dma::by_address`](dma::Dma::by_address)). A sync copies exactly the
//! bytes that it names between the two. Lines of a slice are never cleaned or dropped, so neighbours of a
//! slice, or of the part that is synced, are safe whatever they share a line with.
//!
//! | the crate's call | here |
//! |---|---|
//! | `map_streaming_slice` | a stage with the slice's bytes: what the device does not write stays (CP-3) |
//! | `contiguous_box`, `_array`, `CpuDmaBuffer` | heap memory for the CPU, and a stage, both zero |
//! | `prepare_for_device` | copies in, cleans; nothing for `FromDevice` (CP-5) |
//! | `complete_for_cpu` | invalidates, waits, copies out; nothing for `ToDevice` |
//! | unmap, or dropping a container | frees the stage; copies nothing, since the crate has synced (ATTR-4) |
//! | `coherent_box`, `_array` | refused as `NoMemory`, and the log says why: the layer has no memory that CPU and device share for good yet |
//! | `flush`, `invalidate` on a pointer | nothing: no line of such memory is a device's |
//!
//! The crate's own versions of the syncs are not used at all: they invalidate whole lines at the edges
//! of what a device wrote, and before a transfer as well, and so lose what the CPU stored beside it.
//!
//! *Take the [`DeviceDma`] from [`Adapter::device_dma`].* It says "not coherent" of any
//! device, because for a coherent one the crate would leave out the syncs that copy. What maintenance a
//! device needs is the layer's business.
//!
//! The crate's buffer pool (its feature `pool`) is made of contiguous arrays and runs as they do, where its
//! lock does: that one links with its authors' kernel alone.
//!
//! Context: maps and allocations take pages, so they are for threads; syncs may be called anywhere. Unsafe
//! code is in `op` and `stage`.

#![no_std]

extern crate alloc;

mod op;
mod stage;

use dma::address::ByAddress;
use dma::swiotlb::NoOrigins;
use dma::{Dma, DmaDevice};
use dma_api::{DeviceDma, DmaCoherency, DmaConstraints, DmaDeviceInfo, DmaDomainId};
use hal::{PageSource, Platform};

/// One bus master, for drivers of the crate `dma-api`. Stages come from `S`.
#[derive(Debug)]
pub struct Adapter<P: Platform + 'static, S> {
    calls: ByAddress<'static, P>,
    pages: S,
}

impl<P: Platform, S: PageSource + Send + Sync + 'static> Adapter<P, S> {
    /// An adapter for `device`.
    ///
    /// Context: thread; may allocate.
    pub fn new(
        dma: &'static Dma<P>,
        device: &'static DmaDevice,
        pages: S,
    ) -> Result<Self, NoOrigins> {
        Ok(Self {
            calls: dma.by_address(device)?,
            pages,
        })
    }

    /// What to give a driver.
    pub fn device_dma(&'static self) -> DeviceDma {
        DeviceDma::new(self.info(), self)
    }

    /// The device in that crate's words. A driver narrows it with
    /// [`with_constraints`](DeviceDma::with_constraints).
    fn info(&self) -> DmaDeviceInfo {
        let device = self.calls.device();
        let mut constraints = DmaConstraints::new(device.mask().last().get());
        // All ones: no such rule.
        let boundary = device.limits().seg_boundary_mask.checked_add(1);
        constraints.boundary = boundary.and_then(|bytes| usize::try_from(bytes).ok());
        DmaDeviceInfo::new(DmaDomainId::Direct, DmaCoherency::NonCoherent, constraints)
    }
}
