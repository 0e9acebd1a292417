//! The kernel heap: early region, then size classes, then pages.
//!
//! A `static` of this type is the `#[global_allocator]`. Until [`Heap::start`] it serves from a
//! region of the image. Afterwards small objects come from slabs of zone `Normal`, larger ones are
//! pages; what was allocated early is still known by its address. Requests made inside the buddies
//! go to the [`Reserve`], also known by its addresses.
//!
//! Context: not for interrupt handlers (pages are fetched, and an arena may be searched).

#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use crate::class::{Class, Floor};
use crate::reserve::Arena;
use crate::slab::Slabs;
use crate::{LinearMap, Reserve, Zones};
use core::alloc::{GlobalAlloc, Layout};
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};
use hal::{Cpu, Irq, NoPages, PAGE, PageSource, PhysRange, RamRegion, Zone};
use spin::Once;

/// The heap was started before, and its floor is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyStarted {
    /// The floor that holds.
    pub floor: Floor,
}

impl core::fmt::Display for AlreadyStarted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "the heap has started, aligned to {} bytes",
            self.floor.bytes()
        )
    }
}

/// The heap.
pub struct Heap<C: 'static> {
    early: Arena<C>,
    reserve: Reserve<C>,
    normal: Slabs<C>,
    dma: Slabs<C>,
    started: Once<Started<C>>,
}

/// What is decided once.
struct Started<C: 'static> {
    zones: &'static Zones<C>,
    linear: LinearMap,
    floor: Floor,
}

impl<C: Cpu + Irq> Heap<C> {
    /// A heap without memory.
    pub const fn new() -> Self {
        Self {
            early: Arena::new(),
            reserve: Reserve::new(),
            normal: Slabs::new(),
            dma: Slabs::new(),
            started: Once::new(),
        }
    }

    /// Gives it the memory for the time until [`start`](Self::start). Only the first call counts.
    pub fn init_early(&self, region: &'static mut [MaybeUninit<u8>]) {
        let len = region.len();
        // SAFETY: the slice is borrowed mutably for ever, so its memory is the arena's.
        unsafe { self.early.init(NonNull::from(region).cast(), len) };
    }

    /// The reserve of the frame allocator, for [`Zones::new`] and [`Reserve::init`].
    pub const fn reserve(&self) -> &Reserve<C> {
        &self.reserve
    }

    /// Bytes of the early region in use.
    pub fn early_used(&self) -> usize {
        self.early.used()
    }

    /// From now on, memory comes from `zones`. `floor` holds for good: the first slab is made with
    /// it, and a second call changes nothing.
    pub fn start(
        &self,
        zones: &'static Zones<C>,
        linear: LinearMap,
        floor: Floor,
    ) -> Result<(), AlreadyStarted> {
        let mut first = false;
        let started = self.started.call_once(|| {
            first = true;
            Started {
                zones,
                linear,
                floor,
            }
        });
        let floor = started.floor;
        if first {
            Ok(())
        } else {
            Err(AlreadyStarted { floor })
        }
    }

    /// The alignment of every object, once that is settled.
    pub fn floor(&self) -> Option<Floor> {
        self.started.get().map(|started| started.floor)
    }

    pub(crate) fn linear(&self) -> Option<LinearMap> {
        self.started.get().map(|started| started.linear)
    }

    /// A block of `zone` for `layout` and all bytes that belong to it.
    pub(crate) fn alloc_in(&self, layout: Layout, zone: Zone) -> Result<PhysRange, NoPages> {
        let wanted = layout.size() as u64;
        let started = self.started.get().ok_or(NoPages {
            wanted,
            zone,
            free: 0,
        })?;
        let Started {
            zones,
            linear,
            floor,
        } = *started;
        let Some(class) = Class::of(layout, floor) else {
            return zones
                .alloc(wanted, layout.align() as u64, zone)
                .map(|r| r.range());
        };
        let object = self.slabs(zone).alloc(class, zone, zones, linear)?;
        let range = PhysRange::new(linear.phys(object.as_ptr()), class.size() as u64);
        Ok(range.expect("an object of RAM does not wrap"))
    }

    /// Takes back a block.
    ///
    /// # Safety
    /// `alloc_in` gave `block` for the same `layout` and `zone`, and nobody uses it any more.
    pub(crate) unsafe fn free_in(&self, block: NonNull<u8>, layout: Layout, zone: Zone) {
        let Some(Started {
            zones,
            linear,
            floor,
        }) = self.started.get()
        else {
            return; // Nothing was ever given.
        };
        match Class::of(layout, *floor) {
            // SAFETY: the caller's promise; the class follows from layout and floor as it did then.
            Some(class) => unsafe { self.slabs(zone).free(block, class) },
            None => {
                let bytes = (layout.size() as u64).next_multiple_of(PAGE);
                let range = PhysRange::new(linear.phys(block.as_ptr()), bytes);
                let range = range.expect("these pages were allocated");
                // SAFETY: `alloc_in` let go of the region with this very range.
                zones.free(unsafe { RamRegion::assume_owned(range) });
            }
        }
    }

    /// Zone `Normal` falls back to `Dma` by page; only who asks for `Dma` has slabs of their own,
    /// and `High` has none: such objects could not be told apart when they are freed.
    const fn slabs(&self, zone: Zone) -> &Slabs<C> {
        match zone {
            Zone::Dma => &self.dma,
            Zone::Normal | Zone::High => &self.normal,
        }
    }
}

impl<C: Cpu + Irq> Default for Heap<C> {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: every block comes from exactly one of: early arena, reserve (both first-fit allocators
// over memory of their own), a slab object, or pages; each gives a block once until it is freed, at
// least as large and aligned as asked. `dealloc` finds the giver by address and layout, which are
// the same as at allocation. Nothing here unwinds.
unsafe impl<C: Cpu + Irq> GlobalAlloc for Heap<C> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.reserve.is_inside() {
            return self.reserve.arena().alloc(layout);
        }
        let Some(linear) = self.linear() else {
            return self.early.alloc(layout);
        };
        let block = self.alloc_in(layout, Zone::Normal);
        block.map_or(ptr::null_mut(), |block| {
            linear.pointer(block.start()).as_ptr()
        })
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let Some(block) = NonNull::new(pointer) else {
            return;
        };
        if self.early.owns(pointer) {
            // SAFETY: the address says that `early.alloc` gave it; the caller, that it is free now.
            unsafe { self.early.dealloc(block, layout) };
        } else if self.reserve.arena().owns(pointer) {
            // SAFETY: as above, for the reserve.
            unsafe { self.reserve.arena().dealloc(block, layout) };
        } else {
            // SAFETY: what is in neither came from `alloc_in` with zone `Normal`.
            unsafe { self.free_in(block, layout, Zone::Normal) };
        }
    }
}

#[cfg(test)]
mod tests;
