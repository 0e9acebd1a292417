//! Scatter-gather: lists of buffers that a device transfers as one.
//!
//! ```text
//!             map_sg                     launch (unsafe, in drivers)
//! SgTable<B> ----------> MappedSg<B, D> -----------------------------> SgInFlight, Segments
//!            <----------     idle       <-----------------------------
//!              unmap                       end: halts the engine first
//! ```
//!
//! A [`SgTable`] has the CPU's side, a buffer per element; the device's side is a list of
//! [`Segment`]s that comes to be when the table is mapped and is seen in flight alone. The two lists
//! differ in length, so the mapped one is a type of its own that owns the other: nobody can count
//! the wrong one (SG-3).
//!
//! * **Each element decides for itself** (SG-4), by the one decision of the layer.
//! * **An element that is too long** for one bounce buffer becomes several, where the caller permits
//!   more segments than elements (SG-9). So it does where the pool has no run as long any more: runs get
//!   shorter down to a slot, as far as the segments go.
//! * **Of a long buffer that shares its edge lines** only the first and the last line bounce, where
//!   the device takes that many segments and both ends fit its granule; else all of it does.
//! * **Neighbours are joined** on the bus side where both are mapped as they lie (SG-8).
//! * **Two phases.** First everything is planned (`plan`, pure) and all slots are taken; only then is
//!   a byte copied or a line cleaned. A list that is refused leaves nothing behind (SG-5).
//! * **The CPU looks** at an element ([`MappedSg::for_cpu`]), or at any part of the list's bytes, from one
//!   element into the next ([`MappedSg::for_cpu_range`]), by the rules of single mappings (PS).
//! * **From device to device** a list goes without the CPU in between ([`DeviceOwnedSg`]), and several
//!   devices may have it at once ([`Dma::map_sg_shared`](crate::Dma::map_sg_shared)): neither bounces, not
//!   even by its edges.
//! * **One barrier** for the list, in front of any copy out of a bounce buffer (SG-6).
//!
//! Build lists from the device's limits, never from what is known of the bounce pool (SG-7).
//!
//! Context: making a table allocates; mapping, unmapping and launching it does not.

mod cut;
mod error;
mod laid_out;
mod look;
mod map;
mod mapped;
mod owned;
mod part;
mod piece;
mod plan;
#[cfg(test)]
mod property;
mod segments;
mod shared;
mod sync;
mod table;
mod take;
mod unmap;
mod view;

pub use error::{SgError, SgRefused};
pub(crate) use mapped::HeldSg;
pub use mapped::MappedSg;
pub use owned::DeviceOwnedSg;
pub use part::SgPart;
pub(crate) use piece::Piece;
pub use segments::{Segment, Segments};
pub use table::{NoTable, SgTable};
pub use view::SgView;
