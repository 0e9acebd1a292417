//! The heap as Rust's global allocator.
//!
//! Four givers, each known by what it gave: the early region and the [`Reserve`](crate::Reserve) by
//! their addresses, slabs and pages of zone `Normal` by the layout. What was allocated early can be
//! freed late. Requests made inside the buddies go to the reserve, since the buddies cannot be asked.

#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use super::Heap;
use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{self, NonNull};
use hal::{Cpu, Irq, Zone};

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
