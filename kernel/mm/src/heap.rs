//! The kernel heap: early region, then size classes, then pages.
//!
//! A `static` of this type is the `#[global_allocator]` (`global`). Until [`Heap::start`] it serves
//! from a region of the image, afterwards from slabs and pages of a zone (`blocks`).
//!
//! Context: not for interrupt handlers (pages are fetched, and an arena may be searched).

#![expect(unsafe_code, reason = "an allocator is given raw memory")]

mod blocks;
mod global;

use crate::class::Floor;
use crate::reserve::Arena;
use crate::slab::Slabs;
use crate::{LinearMap, Reserve, Zones};
use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use hal::{Cpu, Irq};
use spin::Once;

/// The heap was started before, and its floor is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyStarted {
    /// The floor that holds.
    pub floor: Floor,
}

impl fmt::Display for AlreadyStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

    /// Gives the heap memory for the time until [`start`](Self::start). Only the first call counts.
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

    /// Where RAM is seen, once the heap has started.
    pub(crate) fn linear(&self) -> Option<LinearMap> {
        self.started.get().map(|started| started.linear)
    }
}

impl<C: Cpu + Irq> Default for Heap<C> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
