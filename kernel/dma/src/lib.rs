//! DMA mapping: lending memory to devices that neither snoop the caches nor reach all of RAM.
//!
//! A driver describes its device once ([`DmaDevice`]) and lends it owned buffers:
//!
//! ```text
//!            map                      launch (unsafe, in drivers)
//! buffer ----------> Mapping<B, D> ------------------------------> InFlight + DmaAddr
//!        <----------  idle          <------------------------------
//!           unmap                     end: halts the engine first
//! ```
//!
//! * **Who may touch what.** A mapping owns its buffer. While it is idle the CPU looks at it through
//!   [`Mapping::for_cpu`]; in flight nobody but the device does. An address leaves the layer through
//!   [`Mapping::launch`] alone, when a register or control block is about to be written with it.
//! * **Direct or bounced** is one pure decision (`decision`). A buffer bounces when it must: it is out
//!   of reach, shares a cache line with foreign bytes while the device writes, or `swiotlb=force`
//!   says so. No driver can tell which it was.
//! * **Cache rules** are two pure tables ([`maintenance`]): clean before in every direction,
//!   invalidate after where the device writes, and a barrier before anybody relies on either.
//! * **Losing things is safe.** A dropped mapping unmaps; a dropped transfer halts its engine; an
//!   engine that will not confirm its halt sends the memory into quarantine; `mem::forget` leaks
//!   memory, and never frees what a device may still write.
//!
//! Context: `map`, `unmap`, `for_cpu`, `launch` and `end` may be called with interrupts off and in a
//! handler. None allocates or waits, save for the pool's lock (a few hundred instructions) and the
//! engine's own bounded halt.
//!
//! | a driver has | it calls |
//! |---|---|
//! | a buffer, a window of pages, a physical range | [`Dma::map`], [`Dma::map_page`], [`Physical`] |
//! | a device that tells how much it wrote | [`FromDevice::REPORTED`], [`Mapping::complete`] |
//! | buffers mapped long before they are used | [`Dma::map_attrs`] with [`Attrs::DEFER_SYNC`] |
//! | a buffer that goes from device to device | [`Mapping::unmap_skip_sync`], [`Dma::map_device_owned`] |
//! | a buffer that several devices use at once | [`Dma::share`], [`Dma::map_shared`] |
//! | several buffers for one transfer | [`SgTable`], [`Dma::map_sg`] |
//! | a list that goes from device to device, or is shared | [`DeviceOwnedSg`], [`Dma::map_sg_shared`] |
//! | a ring, or nothing but an address | [`Mapping::expose`], [`MappedSg::expose`] |
//! | a slice that was lent to it | [`Staging`] |
//! | registers of another device | [`Dma::map_resource`] |
//! | code that keeps bus addresses alone | [`Dma::by_address`] |
//! | maps that must not fail | [`Dma::reserve`], at probe |
//! | maps that may wait | [`Dma::map_async`] |
//!
//! **When bounce buffers run out.** The pool grows, up to its ceiling. Beyond that a plain map is refused,
//! and says whether that is for now. Three things make it never come to that: a driver *reserves* as many
//! buffers as it needs at a time, which nobody else has then; a *quota* ([`Builder::quota`]) keeps one
//! device from having them all; and [`Dma::map_async`] *waits*, first come, first served, devices in
//! turn, for an unmap that need not know of it ([`Dma::with_waiting`]: the kernel around provides a queue).
//!
//! To lift the crate into another kernel, implement [`hal::Platform`] and hand a 2 MiB block of low
//! memory to [`swiotlb::Pool::new`]. Unsafe code is in `address`, `door`, `lent`, `shared`, `physical`
//! and `resource` alone; `share`, `by_address` and the making of an [`SgTable`] are all that allocates.

#![no_std]

pub mod address;
mod attrs;
mod bounce;
mod boxed;
mod builder;
pub mod cells;
pub mod checker;
mod complaints;
mod counters;
mod decision;
mod device;
mod direction;
mod door;
mod error;
mod filled;
mod guard;
mod held;
mod inspect;
mod layer;
mod lent;
mod level;
mod limits;
mod lines;
mod linux;
pub mod maintenance;
mod map;
mod mapping;
#[cfg(doctest)]
mod misuse;
mod owned;
mod physical;
mod pools;
mod quarantine;
mod queries;
mod reach;
mod reason;
mod removed;
mod reported;
mod reservation;
mod resource;
mod restricted;
mod sg;
mod shared;
mod span;
mod stand_in;
pub mod swiotlb;
mod sync;
#[cfg(test)]
mod testing;
pub mod trace;
mod users;
mod view;
mod waiting;

pub use attrs::Attrs;
pub use builder::{Builder, LimitError};
pub use cells::CellLimits;
pub use complaints::{Cause, Complaint};
pub use counters::Totals;
pub use device::{DeviceId, DmaDevice};
pub use direction::{
    Bidirectional, DeviceReads, DeviceWrites, Dir, Direction, Extent, Fill, FromDevice, Reported,
    ToDevice, Whole,
};
pub use door::{
    Engine, EngineId, Exposed, ExposedSg, Halt, InFlight, Quarantined, Rest, SgInFlight, SyncError,
};
pub use error::{Class, MapError, Refusal, Refused};
pub use filled::{Arrived, Filled};
pub use guard::Overrun;
pub use inspect::Inspector;
pub use layer::Dma;
pub use lent::{Cut, LentError, Made, Piece, Staged, Staging};
pub use limits::Limits;
pub use lines::LineMismatch;
pub use mapping::Mapping;
pub use owned::DeviceOwned;
pub use physical::Physical;
pub use pools::PoolView;
pub use reach::{DmaMask, MAX_WINDOWS, Reach};
pub use reason::{BounceReason, Bouncing};
pub use removed::Left;
pub use reported::{Completed, Misreported, TooMuch};
pub use reservation::{Reservation, ReserveError};
pub use resource::Resource;
pub use restricted::{MAX_RESTRICTED, RestrictedPool, TooManyPools};
pub use sg::{
    DeviceOwnedSg, MappedSg, NoTable, Segment, Segments, SgError, SgPart, SgRefused, SgTable,
    SgView,
};
pub use shared::Shared;
pub use span::PastEnd;
pub use users::Consumer;
pub use view::CpuView;
pub use waiting::MapFuture;
