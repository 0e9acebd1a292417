//! The VideoCore mailbox, property channel: questions to the firmware.
//!
//! A question is a message in RAM; its bus address goes through a one-word FIFO, and comes back the
//! same way when the firmware has written the answer over the question. The VideoCore is a bus
//! master of the legacy kind: it sees the low GiB, and snoops nothing.
//!
//! [`property`] is for the time before there are mappings; [`Mailbox`] lends its message like any other
//! buffer.
//!
//! Source: the firmware's public wiki, "Mailbox property interface".

mod call;
mod mapped;
mod message;

pub use call::{CallError, MessageBuffer, property};
pub use mapped::Mailbox;
pub use message::{Answer, MAX_WORDS, TagError, tag};
