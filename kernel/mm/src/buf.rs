//! Objects of the heap that may be lent to a device.
//!
//! A [`HeapBuf`] holds an address, never a reference: a device may write there while it lives.

#![expect(unsafe_code, reason = "owned heap memory is looked at and given back")]

use crate::Heap;
use core::alloc::Layout;
use core::fmt;
use hal::{Access, Cpu, DmaBuffer, Irq, LINE, NoPages, PhysRange, Platform, View, ViewMut, Zone};

/// Owned bytes of the heap with a window in them; given back when dropped.
///
/// # Invariants
/// `block` came from `heap.alloc_in(layout, zone)`; `window` lies in it; all of it is initialised.
pub struct HeapBuf<C: Cpu + Irq + 'static> {
    heap: &'static Heap<C>,
    layout: Layout,
    zone: Zone,
    block: PhysRange,
    window: PhysRange,
}

impl<C: Cpu + Irq> Heap<C> {
    /// `len` bytes (not zero) of a class of whole cache lines, so that the buffer owns every line
    /// that it touches and never bounces for sharing one (UL-3). Zeroed.
    pub fn alloc_dma(&'static self, len: usize, zone: Zone) -> Result<HeapBuf<C>, NoPages> {
        self.alloc_buf_aligned(len, LINE as usize, zone)
    }

    /// `len` bytes (not zero) of any class: a small one may share its lines with its neighbours, as
    /// every object of the heap may. Zeroed.
    pub fn alloc_buf(&'static self, len: usize, zone: Zone) -> Result<HeapBuf<C>, NoPages> {
        self.alloc_buf_aligned(len, 1, zone)
    }

    fn alloc_buf_aligned(
        &'static self,
        len: usize,
        align: usize,
        zone: Zone,
    ) -> Result<HeapBuf<C>, NoPages> {
        let wanted = len as u64;
        let none = NoPages {
            wanted,
            zone,
            free: 0,
        };
        let layout = Layout::from_size_align(len, align).map_err(|_| none)?;
        if len == 0 {
            return Err(none);
        }
        // Objects of zone High would come back as those of zone Normal: pages are never mixed up.
        let layout = if zone == Zone::High {
            whole_pages(layout)
        } else {
            layout
        };
        let block = self.alloc_in(layout, zone)?;
        self.clear(block);
        let window = block
            .slice(0, wanted)
            .expect("a block holds what was asked for");
        Ok(HeapBuf {
            heap: self,
            layout,
            zone,
            block,
            window,
        })
    }

    /// A device must not see what the last owner left, nor may Rust see memory nobody wrote.
    fn clear(&self, block: PhysRange) {
        let linear = self
            .linear()
            .expect("nothing is allocated before the start");
        let bytes = usize::try_from(block.len()).expect("RAM fits in the address space");
        // SAFETY: the block was just allocated: RAM in the linear map that is ours.
        unsafe { linear.pointer(block.start()).write_bytes(0, bytes) };
    }
}

fn whole_pages(layout: Layout) -> Layout {
    let page = hal::PAGE as usize;
    let wide = layout.align_to(page).map(|layout| layout.pad_to_align());
    wide.unwrap_or(layout)
}

impl<C: Cpu + Irq> HeapBuf<C> {
    /// Moves the window to `len` bytes at `offset`. Gives the buffer back unchanged if it is not
    /// that long, or `len` is zero.
    pub fn with_window(mut self, offset: u64, len: u64) -> Result<Self, Self> {
        match self.block.slice(offset, len) {
            Some(window) => {
                self.window = window;
                Ok(self)
            }
            None => Err(self),
        }
    }

    /// The window's bytes.
    pub fn bytes<'a, P: Platform>(&'a self, platform: &'a P) -> View<'a, P> {
        // SAFETY: initialised RAM of ours (invariant); no device has it, since a mapping would have
        // taken `self`; `&self` keeps writers out while the view lives.
        unsafe { View::new(platform, self.window, Access::Read) }
    }

    /// The window's bytes, to be changed.
    pub fn bytes_mut<'a, P: Platform>(&'a mut self, platform: &'a P) -> ViewMut<'a, P> {
        // SAFETY: as in `bytes`, and `&mut self` keeps everybody else out.
        unsafe { ViewMut::new(platform, self.window) }
    }
}

// SAFETY: the ranges are fixed at allocation (`with_window` takes `self`); `block` is this value's
// alone, initialised, and only its address is kept. Forgetting the value frees nothing.
unsafe impl<C: Cpu + Irq> DmaBuffer for HeapBuf<C> {
    fn range(&self) -> PhysRange {
        self.window
    }

    fn owned(&self) -> PhysRange {
        self.block
    }
}

impl<C: Cpu + Irq> Drop for HeapBuf<C> {
    fn drop(&mut self) {
        let linear = self
            .heap
            .linear()
            .expect("it gave us memory, so it has started");
        let block = linear.pointer(self.block.start());
        // SAFETY: the invariant says where the block came from; we are its owner and end here.
        unsafe { self.heap.free_in(block, self.layout, self.zone) };
    }
}

impl<C: Cpu + Irq> fmt::Debug for HeapBuf<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeapBuf({:?} of {:?})", self.window, self.block)
    }
}
