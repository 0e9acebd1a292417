//! The only unsafe code of the crate: bytes of bounce buffers, the one door through which an
//! address reaches a device, and the storage of what never came back.

#![expect(
    unsafe_code,
    reason = "memory that devices write, each block says who owns it"
)]

mod around;
mod bytes;
mod cells;
mod engine;
mod exposed;
mod exposed_sg;
mod flight;
mod launch;
mod parked;
mod raw;
mod rest;
mod scatter;
mod settle;

pub(crate) use around::{drop_run, fill_run, other_around, other_in_slot};
pub(crate) use bytes::{
    copy_block_in, copy_block_out, copy_in, copy_out, drop_slots, drop_stale, fill, fill_block,
    look, scrub,
};
pub(crate) use cells::{cells_home, fill_cells, other_in_cells, scrub_cells};
pub use engine::{Engine, EngineId, Halt, Quarantined};
pub use exposed::{Exposed, SyncError};
pub use exposed_sg::ExposedSg;
pub use flight::InFlight;
pub(crate) use parked::Parked;
pub use rest::Rest;
pub use scatter::SgInFlight;
