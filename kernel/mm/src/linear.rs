//! Where the CPU finds RAM: one addition.

#![expect(unsafe_code, reason = "whoever names the base vouches for the mapping")]

use core::ptr::{self, NonNull};
use hal::PhysAddr;

/// The linear map: RAM at `phys` is at `base + phys`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinearMap {
    base: u64,
}

impl LinearMap {
    /// The map that begins at `base` (`hal::layout::LINEAR_BASE` on the board).
    ///
    /// # Safety
    /// From now on every byte of RAM that a `RamRegion` owns can be read and written at `base` plus
    /// its physical address, with write-back caching, and that address is never zero.
    pub const unsafe fn new(base: u64) -> Self {
        Self { base }
    }

    /// Pointer to the byte of RAM at `addr`.
    pub fn pointer(self, addr: PhysAddr) -> NonNull<u8> {
        let virt = self.base.wrapping_add(addr.get());
        // The map has no object to derive a pointer from: its addresses count as exposed.
        NonNull::new(ptr::with_exposed_provenance_mut(virt as usize))
            .expect("the linear map does not show RAM at address zero")
    }

    /// The byte of RAM behind `pointer`.
    pub fn phys<T>(self, pointer: *const T) -> PhysAddr {
        let virt = pointer.expose_provenance() as u64;
        PhysAddr::new(virt.wrapping_sub(self.base))
    }
}
