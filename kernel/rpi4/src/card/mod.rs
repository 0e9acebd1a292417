//! The SD card: from a slot to files.
//!
//! ```text
//! find -> Slot --open--> CardDevice (blocks by DMA or CPU) --reader--> Volume --audit--> tally
//! ```
//!
//! | file | is |
//! |---|---|
//! | `find` | which controllers may have a card, and how its blocks travel |
//! | `slot` | a controller and the card in it, if there is one; whether it is still the same |
//! | `device` | the card as a block device, in requests that a path can do |
//! | `reader` | the volume on it, for one command |
//! | `teller` | what an audit finds, on the console |
//! | `job` | the part of the main job that reads every file |
//!
//! Cards come and go. A command asks [`open`] for the slot, which looks whether the card is the one
//! that was identified, and identifies what is there if it is not. A card that is lost within a
//! command fails all that follows in it at once.
//!
//! Context: thread. The slot's lock is held for whole commands: not for interrupt handlers.

mod device;
mod find;
pub(crate) mod job;
mod reader;
mod slot;
mod teller;

pub(crate) use device::{CardDevice, CardError};
pub(crate) use find::{find, open};
pub(crate) use reader::{How, Reader, far_zone, read_volume, tell_unopened};
pub(crate) use slot::{BlockPath, Slot};
pub(crate) use teller::{Summary, Teller};
