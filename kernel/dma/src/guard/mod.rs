//! What surrounds a device's bytes in a bounce buffer: nobody else's, and a canary.
//!
//! A device is given a length and may not keep to it. What it finds, or leaves, around its own bytes is
//! decided by who it is:
//!
//! | | any device | untrusted ([`Builder::untrusted`](crate::Builder::untrusted)) | `dma_debug` |
//! |---|---|---|---|
//! | has a canary around it | to the ends of its lines | to the ends of its slots, a line behind at least | to the ends of its slots |
//! | is looked at | where the CPU takes over what the device wrote, and the last line has a tail | whenever a mapping ends | whenever a mapping ends |
//! | slots that came back | | | are poisoned, and looked at when they are taken again (CP-8) |
//!
//! * **Nobody else's bytes** (CP-4): what the data do not cover is the canary, and zeros up to the device's
//!   granule, which it may move.
//! * **It is told by name**: device, what was found and what was there before, and where. With a checker that
//!   is a finding, with the place that mapped it; else an alarm, one for each device until it is read.
//! * **It changes nothing**: the bytes that were mapped come home as they are (DM-6).
//! * **It is cheap where it finds nothing to do**: data that end on a line, for a device that is trusted, cost
//!   the question.
//!
//! Of a device that only reads nothing is looked at unless whole slots are: its lines are not dropped.
//!
//! | file | what |
//! |---|---|
//! | `pads` | what is around data: pure |
//! | `inspect` | the look at it when a mapping ends |
//! | `overrun` | what is told |
//! | `freed` | slots that nobody has (CP-8) |

mod freed;
mod inspect;
mod overrun;
mod pads;

pub use overrun::Overrun;

pub(crate) use freed::Freed;
pub(crate) use pads::{Cover, pads};

/// What is around a device's bytes: neither what fresh memory tends to hold nor what devices tend to write.
pub(crate) const CANARY: u8 = 0xC9;
/// What is in slots that nobody has.
pub(crate) const POISON: u8 = 0xD6;
