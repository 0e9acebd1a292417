//! The device tree, read once into a [`BootInfo`].
//!
//! A flattened tree is the one form of boot information. It comes from the firmware or, where that
//! hands over none that we can use, from the image itself ([`choose`]). Nothing here trusts a byte
//! of it: every defect is a [`TreeError`] with numbers, never a panic, and nothing is allocated.
//!
//! What the tree says about a bus, its `ranges` and `dma-ranges` composed up to the root, becomes a
//! [`Translation`]: how a master on that bus has to address registers and RAM.
//!
//! Sources: Devicetree Specification 0.4 (chapters 2, 3, 5); the bindings of the nodes in [`Kind`].
//! Context: start of the boot core, with the caches on; walks the blob a few times, once.

mod board;
mod bus;
mod chosen;
mod cpus;
mod device;
mod error;
mod info;
mod interrupt;
mod kind;
mod memory;
mod pools;
mod property;
mod read;
mod translation;
mod walk;

#[cfg(test)]
mod tests;

pub use board::{banks_of, clip, memory_of_revision};
pub use cpus::ParkedCpu;
pub use error::TreeError;
pub use info::{
    Banks, BootInfo, Bus, BusId, Device, MAX_BANKS, MAX_BUSES, MAX_DEVICES, MAX_RESERVATIONS, Name,
    Reservation,
};
pub use kind::Kind;
pub use pools::{MAX_POOLS, PoolDefect, PoolNode, Region};
pub use read::{Source, WINDOW_BYTES, choose, read};
pub use translation::{MAX_WINDOWS, Translation};
