//! Stages: pages of our own that a device is given in place of what the crate lends.
//!
//! A stage is mapped for both directions from open to close, since the trait says which way only when it
//! syncs. It owns whole lines, and the CPU stores to it in `copy_in` alone, which cleans: so its lines may
//! be dropped whole, and a part that does not fill its lines is synced with all of them.

#![expect(
    unsafe_code,
    reason = "copies between memory that is lent and pages that are owned"
)]

use crate::Adapter;
use core::num::NonZeroUsize;
use core::ptr::NonNull;
use dma::Dir;
use dma::address::{Attrs, Misuse};
use dma_api::DmaDirection;
use hal::{
    Access, DmaAddr, LINE, PAGE, PageSource, PhysAddr, PhysRange, Platform, RamRegion, Zone,
};

/// Some bytes of a container, on both sides.
pub(crate) struct Part {
    /// Where the CPU finds the whole.
    pub(crate) cpu: NonNull<u8>,
    /// Where the device finds the whole.
    pub(crate) addr: DmaAddr,
    pub(crate) offset: usize,
    pub(crate) len: usize,
}

impl Part {
    /// Its bytes, and the whole lines around them, as offsets and lengths.
    fn spans(&self) -> ((u64, u64), (u64, u64)) {
        let (offset, len) = (self.offset as u64, self.len as u64);
        let start = offset / LINE * LINE;
        let end = (offset + len).next_multiple_of(LINE);
        ((offset, len), (start, end - start))
    }
}

/// Bytes that a stage of this size maps: whole lines.
fn mapped(size: NonZeroUsize) -> Option<u64> {
    (size.get() as u64).checked_next_multiple_of(LINE)
}

impl<P: Platform, S: PageSource + Send + Sync + 'static> Adapter<P, S> {
    fn platform(&self) -> &P {
        self.calls.layer().platform()
    }

    /// A stage of zeros, mapped. Crosses no multiple of `boundary` if it can help it.
    pub(crate) fn open(
        &self,
        size: NonZeroUsize,
        align: usize,
        boundary: Option<usize>,
    ) -> Option<DmaAddr> {
        let len = mapped(size)?;
        let natural = match boundary {
            Some(bytes) if bytes.is_power_of_two() && size.get() <= bytes => {
                size.get().next_power_of_two()
            }
            _ => 1,
        };
        let align = (align.max(natural) as u64).max(PAGE);
        let region = self.pages.alloc(len, align, Zone::Dma).ok()?;
        match self.map(&region, len) {
            Some(addr) => Some(addr),
            None => {
                self.pages.free(region);
                None
            }
        }
    }

    fn map(&self, region: &RamRegion, len: u64) -> Option<DmaAddr> {
        let range = region.range();
        // `close` has nothing but the length to find out what to give back.
        let block = range.slice(0, len);
        let block = block.filter(|_| range.len() == len.next_multiple_of(PAGE))?;
        // SAFETY: pages that were just taken.
        unsafe { self.platform().zero(block) };
        // SAFETY: the pages are owned until `close`, which unmaps first; the CPU touches them between
        // syncs alone; the address goes to the driver of this device.
        let addr = unsafe {
            self.calls
                .map_single(block, Dir::Bidirectional, Attrs::NONE)
        };
        // The layer keeps the reason of a refusal for whoever prints.
        addr.ok()
    }

    /// Ends a stage. Copies nothing: the crate has synced what it wanted.
    ///
    /// # Safety
    /// `open` gave the stage at `addr` for this size, nobody has closed it, and the device is done with it.
    pub(crate) unsafe fn close(&self, addr: DmaAddr, size: NonZeroUsize) {
        let Some(len) = mapped(size) else {
            return;
        };
        // SAFETY: the stage is mapped until the next line.
        let start = unsafe { self.calls.cpu_side(addr) };
        // SAFETY: mapped in `map` with this length and direction, and the device is done with it.
        unsafe {
            self.calls
                .unmap_single(addr, len, Dir::Bidirectional, Attrs::SKIP_CPU_SYNC)
        };
        let pages = start.and_then(|start| PhysRange::new(start, len.next_multiple_of(PAGE)).ok());
        if let Some(pages) = pages {
            // SAFETY: `map` made sure that these are all the pages that were taken, and nobody else uses
            // them any more.
            let region = unsafe { RamRegion::assume_owned(pages) };
            self.pages.free(region);
        }
    }

    /// Gives a part to the device.
    ///
    /// # Safety
    /// The part lies in a live stage and the memory that it stands in for, of which nobody stores to these
    /// bytes meanwhile, and the device is told afterwards.
    pub(crate) unsafe fn for_device(&self, part: &Part, direction: DmaDirection) {
        match direction {
            // What the CPU stored there is no business of the device's (CP-5), and the stage has no dirty
            // line.
            DmaDirection::FromDevice => {}
            // SAFETY: the caller's promise is the one that is asked for.
            DmaDirection::ToDevice => unsafe { self.copy_in(part, false) },
            // SAFETY: as above.
            DmaDirection::Bidirectional => unsafe { self.copy_in(part, true) },
        }
    }

    /// Copies a part to its stage and shows it to the device, which may have written to the bytes around it
    /// in the same lines if it `writes`.
    ///
    /// # Safety
    /// As for [`for_device`](Self::for_device).
    pub(crate) unsafe fn copy_in(&self, part: &Part, writes: bool) {
        let (span, lines) = part.spans();
        if writes && span != lines {
            // What the device wrote beside the part must not be cleaned away by what a line of ours has.
            // SAFETY: the caller owns the part, and the bytes around it were given back by the device too,
            // or are about to be lost by any store to their line.
            let home = unsafe {
                self.calls
                    .sync_single_range_for_cpu(part.addr, lines, Dir::FromDevice)
            };
            self.tell(home);
        }
        // SAFETY: the caller vouches for a live stage.
        let Some(bytes) = (unsafe { self.stage(part) }) else {
            return;
        };
        let stage = self.platform().view(bytes, Access::Write);
        // SAFETY: the caller vouches that the part lies in the memory that was lent.
        let from = unsafe { part.cpu.add(part.offset) };
        // SAFETY: `view` gave a pointer that is valid for stores to these bytes until `end_view`; the lent
        // memory is valid for loads of as many, and the stage is pages of its own.
        unsafe { stage.copy_from_nonoverlapping(from, part.len) };
        self.platform().end_view(bytes, Access::Write);
        // SAFETY: the stage is mapped, and the device is told afterwards.
        let shown = unsafe {
            self.calls
                .sync_single_range_for_device(part.addr, lines, Dir::ToDevice)
        };
        self.tell(shown);
        self.platform().publish();
    }

    /// Takes a part over from the device.
    ///
    /// # Safety
    /// The part lies in a live stage and the memory that it stands in for, of which nobody loads or stores
    /// these bytes meanwhile, and the device has reported that it is done with them.
    pub(crate) unsafe fn for_cpu(&self, part: &Part, direction: DmaDirection) {
        if direction == DmaDirection::ToDevice {
            return;
        }
        let (_, lines) = part.spans();
        // The report was loaded before the bytes will be.
        self.platform().acquire();
        // SAFETY: the stage is mapped, and the device is done with the part; lines around it are dropped
        // and hold nothing of ours.
        let home = unsafe {
            self.calls
                .sync_single_range_for_cpu(part.addr, lines, Dir::FromDevice)
        };
        self.tell(home);
        // SAFETY: the caller vouches for a live stage.
        let Some(bytes) = (unsafe { self.stage(part) }) else {
            return;
        };
        let stage = self.platform().view(bytes, Access::Read);
        // SAFETY: the caller vouches that the part lies in the memory that was lent.
        let to = unsafe { part.cpu.add(part.offset) };
        // SAFETY: `view` gave a pointer that is valid for loads of these bytes until `end_view`; the lent
        // memory is valid for stores of as many, and the stage is pages of its own.
        unsafe { to.copy_from_nonoverlapping(stage, part.len) };
        self.platform().end_view(bytes, Access::Read);
    }

    /// Where the stage of a part is; `None` for one without a byte.
    ///
    /// # Safety
    /// The stage is mapped.
    unsafe fn stage(&self, part: &Part) -> Option<PhysRange> {
        // SAFETY: the caller's promise is the one that is asked for.
        let start: PhysAddr = unsafe { self.calls.cpu_side(part.addr) }?;
        PhysRange::new(start.checked_add(part.offset as u64)?, part.len as u64).ok()
    }

    /// The trait's syncs have no way to fail.
    fn tell(&self, done: Result<(), Misuse>) {
        if let Err(misuse) = done {
            log::error!("{}: {misuse}", self.calls.device().name());
        }
    }
}
