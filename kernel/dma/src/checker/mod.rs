//! The checker: every call held against a list of live mappings (`dma_debug=on`).
//!
//! What the types rule out needs no check: a mapping is ended once, by whoever has it, with the length,
//! the direction and the count that it was made with (DBG-3 to DBG-7, DBG-11), and a refused one is no
//! address (DBG-2, DBG-9: `Result` must be used). All of that is left to a driver that keeps bus
//! addresses alone, and so it is checked there; and for all drivers:
//!
//! | | |
//! |---|---|
//! | DBG-12 to 14, 18 | what is mapped is RAM, and neither stack, text nor read-only data |
//! | DBG-15 | segments of lists are what the device takes |
//! | DBG-16 | no line is mapped twice while a device writes to it (OV-1 to OV-4) |
//! | DBG-17 | a device that goes away leaves nothing mapped |
//!
//! Coherent memory is not mapped, and no part of the list (DBG-5, OV-5).
//!
//! * **Off by default**: each call takes a lock and searches. Off, it costs a load and a branch.
//! * **Memory** for the list is reserved once, at boot. When it is full the checker turns itself off,
//!   with one line (DM-2); no call allocates (DM-5).
//! * **Nothing it finds changes what a call does** (DM-6).
//! * **Findings wait** until somebody who may print asks for them; whoever made the checker is told that
//!   there are some. The first one is printed, all are counted (DM-4).
//!
//! Lock order: the checker's own lock is of rank `Layer`, taken with no other of that rank held.

mod ended;
mod finding;
mod hooks;
mod live;
mod made;
mod options;
mod report;
mod state;
mod tree;

pub use finding::{Cause, Finding, NotForDevices};
pub use live::{Call, Live};
pub use options::{ENTRIES, Level, Nonsense, Options};
pub use state::{Checker, Forbidden, NoMemory, Status};

pub(crate) use hooks::Seen;
