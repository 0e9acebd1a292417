//! The crate's trait, call by call. What it does is in `stage`.

#![expect(
    unsafe_code,
    reason = "implements a trait whose calls are promises about memory"
)]

use crate::Adapter;
use crate::stage::Part;
use alloc::alloc::{alloc_zeroed, dealloc};
use core::alloc::Layout;
use core::num::NonZeroUsize;
use core::ptr::NonNull;
use dma_api::{
    DmaAllocHandle, DmaCoherency, DmaConstraints, DmaDirection, DmaError, DmaMapHandle, DmaOp,
};
use hal::{DmaAddr, PAGE, PageSource, Platform};

/// A device's address in our words.
fn bus(addr: dma_api::DmaAddr) -> DmaAddr {
    DmaAddr::new(addr.as_u64())
}

/// The part of a container that a sync names.
fn part((cpu, addr): (NonNull<u8>, dma_api::DmaAddr), offset: usize, len: usize) -> Part {
    Part {
        cpu,
        addr: bus(addr),
        offset,
        len,
    }
}

impl<P: Platform, S: PageSource + Send + Sync + 'static> DmaOp for Adapter<P, S> {
    fn page_size(&self) -> usize {
        PAGE as usize
    }

    unsafe fn alloc_contiguous(
        &self,
        constraints: DmaConstraints,
        layout: Layout,
    ) -> Option<DmaAllocHandle> {
        let Some(size) = NonZeroUsize::new(layout.size()) else {
            // The crate gives no such thing back, and nobody touches a byte of it.
            let nothing = NonNull::dangling();
            // SAFETY: there is no byte that the addresses could be wrong about.
            let empty = unsafe { DmaAllocHandle::new(nothing, nothing, 0.into(), layout) };
            return Some(empty);
        };
        let align = constraints.align.max(layout.align());
        let addr = self.open(size, align, constraints.boundary)?;
        // SAFETY: the layout has a size, as was tested above.
        let cpu = unsafe { alloc_zeroed(layout) };
        let Some(cpu) = NonNull::new(cpu) else {
            // SAFETY: nobody was told of the stage.
            unsafe { self.close(addr, size) };
            return None;
        };
        let addr = addr.get().into();
        // SAFETY: fresh memory of this layout; the stage at `addr` lives until `dealloc_contiguous`, and
        // stands in for it.
        Some(unsafe { DmaAllocHandle::new(cpu, cpu, addr, layout) })
    }

    unsafe fn dealloc_contiguous(&self, handle: DmaAllocHandle) {
        let Some(size) = NonZeroUsize::new(handle.size()) else {
            return;
        };
        // SAFETY: the caller gives back what `alloc_contiguous` gave, and the device is done with it.
        unsafe { self.close(bus(handle.dma_addr()), size) };
        // SAFETY: allocated in `alloc_contiguous` with this layout, and given back once.
        unsafe { dealloc(handle.allocation_ptr().as_ptr(), handle.layout()) };
    }

    unsafe fn alloc_coherent(&self, _: DmaConstraints, layout: Layout) -> Option<DmaAllocHandle> {
        log::error!(
            "{}: {} bytes of coherent memory wanted and the layer has none: use a contiguous box or \
             array, and sync it",
            self.calls.device().name(),
            layout.size()
        );
        None
    }

    unsafe fn dealloc_coherent(&self, _: DmaAllocHandle) -> Result<(), DmaError> {
        // None was ever given.
        Err(DmaError::CoherentReleaseFailed)
    }

    unsafe fn map_streaming(
        &self,
        constraints: DmaConstraints,
        addr: NonNull<u8>,
        size: NonZeroUsize,
        _: DmaDirection,
    ) -> Result<DmaMapHandle, DmaError> {
        let layout = Layout::from_size_align(size.get(), constraints.align.max(1))?;
        let stage = self.open(size, layout.align(), constraints.boundary);
        let stage = stage.ok_or(DmaError::NoMemory)?;
        let all = Part {
            cpu: addr,
            addr: stage,
            offset: 0,
            len: size.get(),
        };
        // In every direction, so that what the device leaves out comes back as it was (CP-3).
        // SAFETY: the caller lends all of it, and nobody was told of the stage.
        unsafe { self.copy_in(&all, false) };
        // SAFETY: the lent buffer is the caller's, and no bounce buffer is shown to anybody.
        Ok(unsafe { DmaMapHandle::new(addr, stage.get().into(), layout, None) })
    }

    unsafe fn unmap_streaming(&self, handle: DmaMapHandle) {
        if let Some(size) = NonZeroUsize::new(handle.size()) {
            // SAFETY: the caller gives back what `map_streaming` gave, and the device is done with it.
            unsafe { self.close(bus(handle.dma_addr()), size) };
        }
    }

    /// Nothing: the memory that the crate shows the CPU is no device's.
    fn flush(&self, _: NonNull<u8>, _: usize) {}

    /// Nothing: as for `flush`, and it would lose what the CPU stored.
    fn invalidate(&self, _: NonNull<u8>, _: usize) {}

    /// Nothing: as for `flush`.
    fn flush_invalidate(&self, _: NonNull<u8>, _: usize) {}

    fn sync_alloc_for_device(
        &self,
        handle: &DmaAllocHandle,
        offset: usize,
        size: usize,
        direction: DmaDirection,
    ) {
        let part = part((handle.as_ptr(), handle.dma_addr()), offset, size);
        // SAFETY: the containers keep parts inside what they hold, and are borrowed meanwhile.
        unsafe { self.for_device(&part, direction) };
    }

    fn sync_alloc_for_cpu(
        &self,
        handle: &DmaAllocHandle,
        offset: usize,
        size: usize,
        direction: DmaDirection,
    ) {
        let part = part((handle.as_ptr(), handle.dma_addr()), offset, size);
        // SAFETY: as in `sync_alloc_for_device`.
        unsafe { self.for_cpu(&part, direction) };
    }

    fn sync_map_for_device(
        &self,
        handle: &DmaMapHandle,
        offset: usize,
        size: usize,
        direction: DmaDirection,
        _: DmaCoherency,
    ) {
        let part = part((handle.as_ptr(), handle.dma_addr()), offset, size);
        // SAFETY: as in `sync_alloc_for_device`; the slice is lent until it is unmapped.
        unsafe { self.for_device(&part, direction) };
    }

    fn sync_map_for_cpu(
        &self,
        handle: &DmaMapHandle,
        offset: usize,
        size: usize,
        direction: DmaDirection,
        _: DmaCoherency,
    ) {
        let part = part((handle.as_ptr(), handle.dma_addr()), offset, size);
        // SAFETY: as in `sync_map_for_device`.
        unsafe { self.for_cpu(&part, direction) };
    }
}
