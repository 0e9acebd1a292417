//! Blocks of a zone: objects of a slab, or whole pages for what is larger than any class.
//!
//! Which of the two a block is follows from its layout and the heap's floor, and is told from them
//! again when it is freed; nothing is written down beside the block.

#![expect(unsafe_code, reason = "blocks are taken back by pointer")]

use super::{Heap, Started};
use crate::LinearMap;
use crate::class::Class;
use crate::slab::Slabs;
use core::alloc::Layout;
use core::ptr::NonNull;
use hal::{Cpu, Irq, NoPages, PAGE, PageSource, PhysRange, RamRegion, Zone};

impl<C: Cpu + Irq> Heap<C> {
    /// A block of `zone` for `layout`, and all bytes that belong to it.
    pub(crate) fn alloc_in(&self, layout: Layout, zone: Zone) -> Result<PhysRange, NoPages> {
        let (wanted, free) = (layout.size() as u64, 0);
        let started = self.started.get().ok_or(NoPages { wanted, zone, free })?;
        let (zones, linear) = (started.zones, started.linear);
        let Some(class) = Class::of(layout, started.floor) else {
            let pages = zones.alloc(wanted, layout.align() as u64, zone)?;
            return Ok(pages.range());
        };
        let object = self.slabs(zone).alloc(class, zone, zones, linear)?;
        Ok(range(linear, object, class.size() as u64))
    }

    /// Takes back a block.
    ///
    /// # Safety
    /// `alloc_in` gave `block` for the same `layout` and `zone`, and nobody uses it any more.
    pub(crate) unsafe fn free_in(&self, block: NonNull<u8>, layout: Layout, zone: Zone) {
        let Some(started) = self.started.get() else {
            return; // Nothing was ever given.
        };
        match Class::of(layout, started.floor) {
            // SAFETY: the caller's promise; the class follows from layout and floor as it did then.
            Some(class) => unsafe { self.slabs(zone).free(block, class) },
            // SAFETY: the caller's promise; without a class, `alloc_in` gave pages.
            None => unsafe { free_pages(started, block, layout) },
        }
    }

    /// The slabs that serve a zone. Those of `Normal` may hold pages of either zone, since it falls
    /// back to `Dma`; so `Dma` has its own. `High` has none: whoever wants it asks for whole pages.
    const fn slabs(&self, zone: Zone) -> &Slabs<C> {
        match zone {
            Zone::Dma => &self.dma,
            Zone::Normal | Zone::High => &self.normal,
        }
    }
}

/// # Safety
/// `alloc_in` gave pages at `block` for `layout`, and nobody uses them any more.
unsafe fn free_pages<C: Cpu + Irq>(started: &Started<C>, block: NonNull<u8>, layout: Layout) {
    let bytes = (layout.size() as u64).next_multiple_of(PAGE);
    let range = range(started.linear, block, bytes);
    // SAFETY: `alloc_in` let go of the region with this very range.
    started
        .zones
        .free(unsafe { RamRegion::assume_owned(range) });
}

/// The `len` bytes of RAM that are seen at `start`.
fn range(linear: LinearMap, start: NonNull<u8>, len: u64) -> PhysRange {
    PhysRange::new(linear.phys(start.as_ptr()), len).expect("a block of RAM does not wrap")
}
