//! Memory: who owns which RAM, and where the kernel sees it.
//!
//! In the order of boot:
//!
//! 1. [`Heap::init_early`] gives the global allocator a region of the image.
//! 2. [`MemoryMap`] turns banks and claims into free RAM, [`Ram`] takes possession of it.
//! 3. [`Ram::carve`] sets aside the bounce pool, before any allocator has a byte (KM-5), and the
//!    [`Reserve`] of the frame allocator.
//! 4. [`tables::Plan`] and [`tables::build`] make the final page tables; `arch` switches to them.
//! 5. [`Reserve::init`], then [`Zones::add`] with what [`Ram`] has left.
//! 6. [`Heap::start`] with the [`Floor`] that follows from step 3.
//!
//! Decisions are pure functions over numbers; what touches memory is in `slab`, `heap`, `buf`,
//! `reserve`, `tables` and `ram`. Nothing here is for interrupt handlers.

#![no_std]

mod buf;
mod class;
mod frames;
mod heap;
mod linear;
mod map;
mod ram;
mod reach;
mod reserve;
mod slab;
pub mod tables;
mod zones;

#[cfg(test)]
mod testing;

pub use buf::HeapBuf;
pub use class::Floor;
pub use heap::{AlreadyStarted, Heap};
pub use linear::LinearMap;
pub use map::{Claim, ClaimKind, MapError, MemoryMap, Name, Named};
pub use ram::{Adopted, Ram};
pub use reach::dma_zone_end;
pub use reserve::Reserve;
pub use zones::{Counters, Zones};
