//! The cache oracle: a model of four cores whose caches no device snoops, fed with what the real
//! image does in the emulator, which has no caches at all.
//!
//! This crate is the part without an emulator in it, so that tests can feed it sequences of events:
//!
//! | module | what |
//! |---|---|
//! | [`a64`] | which instructions matter, from their words |
//! | [`windows`] | virtual addresses to memory and its type, from the record in the image |
//! | [`masters`] | stores to the registers of bus masters into transfers, a file for each master |
//! | [`model`] | lines, cores, transfers, and the rules |
//! | [`finding`] | what can be wrong, and where it was seen |
//! | [`emulator`] | which emulators are understood, and the plugin's arguments |
//! | [`wire`] | the lines that the plugin writes and `cargo xtask oracle` reads |
//!
//! The model is the worst machine that the architecture allows, not a likely one. A line never
//! leaves a cache by itself, so that a dirty one stays dirty until somebody cleans it; and whatever
//! a device writes is taken to have been fetched the moment before. A sequence that passes is right
//! under every behaviour of a real cache; one that only works by luck is reported. It checks the
//! protocol and not the data: what the guest computes stays as it is.
//!
//! `docs/oracle.md` tells what it can see and what it cannot.

pub mod a64;
pub mod emulator;
pub mod finding;
pub mod masters;
pub mod model;
pub mod windows;
pub mod wire;

/// Bytes in a line of the data cache.
pub const LINE: u64 = 64;
/// Cores of the machine.
pub const CORES: usize = 4;
