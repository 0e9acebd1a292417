//! What is on a card: blocks, a partition table, FAT16 and FAT32 (to read), manifests.
//!
//! A [`BlockDevice`] takes owned buffers only. File data go as requests of many blocks straight into
//! owned pages, wherever those lie; metadata go through one staging buffer and a small cache.
//!
//! Nothing on a card is trusted. Every number is checked against the card, the partition and the
//! volume before it is used, every chain has an end that does not depend on the card, and each fault
//! is an [`Error`] with the numbers in it.
//!
//! The volume is read by our own code: `lamfat`, the nearest crate, reads file data into borrowed
//! slices and follows chains without counting or looking whether a cluster exists.
//!
//! Context: thread; all reads wait for the device.

#![no_std]

extern crate alloc;

mod audit;
mod blocks;
mod buffers;
mod device;
mod error;
pub mod fat;
pub mod manifest;
pub mod mbr;
mod requests;
mod staging;

pub use audit::{Audit, Finding, Tally, Watcher, audit};
pub use buffers::{Buffers, PageBuffers};
pub use device::{BLOCK, BlockDevice, Failed};
pub use error::Error;
pub use fat::Volume;
pub use requests::{Windowed, in_pieces};
