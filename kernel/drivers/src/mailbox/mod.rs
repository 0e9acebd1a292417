//! The VideoCore mailbox, property channel: questions to the firmware.
//!
//! A question is a message in RAM; its bus address goes through a one-word FIFO, and comes back the
//! same way when the firmware has written the answer over the question. The VideoCore is a bus
//! master of the legacy kind: it sees the low GiB, and snoops nothing.
//!
//! ```text
//! Question --ask--> message --FIFO--> firmware --FIFO--> Answer::Value(of the question's own type)
//!                                                        Answer::Unanswered: it knows no such tag
//! ```
//!
//! | file | is |
//! |---|---|
//! | `question`, `tags` | what can be asked, and how an answer is read |
//! | `told` | what answers come to, in words |
//! | `message` | a question and its answer in RAM |
//! | `call` | one exchange through the FIFO |
//! | `mapped` | [`Mailbox`], which lends its message like any other buffer |
//! | `expander` | pins that the firmware sets for us: the card slot's power |
//!
//! [`property`] is for the time before there are mappings.
//!
//! Source: the firmware's public wiki, "Mailbox property interface".

mod call;
mod expander;
mod mapped;
mod message;
mod question;
mod tags;
mod told;

pub use call::{CallError, MessageBuffer, property};
pub use expander::{CARD_POWER_CYCLE, Pin, PinState, SetPin, Step, carry_out};
pub use mapped::Mailbox;
pub use message::{MAX_WORDS, MESSAGE};
pub use question::{Answer, Question, TagError};
pub use tags::*;
pub use told::{Causes, Celsius, Hertz, Part, Power, Text, Throttling};
