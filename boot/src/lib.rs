//! From the loader's jump to a kernel that knows its machine.
//!
//! `entry` (target only, assembly) brings the core to EL1 in the upper half with MMU and caches on and
//! leaves a [`Handoff`]; [`tree`] turns the device tree into boot information. Both decide nothing
//! that a host test cannot see.

#![no_std]

#[cfg(all(target_os = "none", target_arch = "aarch64"))]
mod entry;
mod finding;
mod handoff;
mod image;
pub mod tree;
mod words;

#[cfg(all(target_os = "none", target_arch = "aarch64"))]
pub use entry::{KernelMain, SecondaryMain, build_id, image, secondary_start};
pub use finding::Finding;
pub use handoff::Handoff;
pub use image::{Image, Part, Rights, Stack, StackKind};
pub use words::CommandLine;
