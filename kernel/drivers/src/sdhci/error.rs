//! What goes wrong with a card, in words and numbers.

use crate::dma_channel::{StartError, TransferError};
use core::fmt;
use dma::MapError;

/// What the driver waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A reset of the controller.
    Reset,
    /// A stable clock.
    Clock,
    /// Free command and data lines.
    Lines,
    /// The end of a command.
    Command,
    /// The card, busy after a command.
    Busy,
    /// A block to read.
    ReadReady,
    /// Room for a block to write.
    WriteReady,
    /// The end of a transfer.
    Data,
    /// The card's power-up.
    PowerUp,
    /// The card's return from programming.
    Programming,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reset => "the controller's reset",
            Self::Clock => "a stable clock",
            Self::Lines => "free lines",
            Self::Command => "the end of a command",
            Self::Busy => "a busy card",
            Self::ReadReady => "a block to read",
            Self::WriteReady => "room for a block",
            Self::Data => "the end of a transfer",
            Self::PowerUp => "the card's power-up",
            Self::Programming => "the card to finish writing",
        })
    }
}

/// Why a card could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SdError {
    /// Nothing answers in the slot.
    NoCard,
    /// The controller said neither yes nor no.
    TimedOut {
        /// To what.
        wait: Wait,
        /// Microseconds waited.
        after_us: u64,
        /// The command under way.
        command: u8,
    },
    /// The controller reported errors.
    Line {
        /// The command under way.
        command: u8,
        /// The error half of its status register: its `Display` has the words.
        events: u32,
    },
    /// The card refused.
    Refused {
        /// The command.
        command: u8,
        /// The card's status.
        status: u32,
    },
    /// The card does not take the slot's 3.3 V, or answered another check pattern.
    Voltage {
        /// What it answered.
        answer: u32,
    },
    /// The base clock is unknown, or too slow or fast for the divider.
    BaseClock {
        /// As it was given.
        hz: u32,
    },
    /// The length is not a number of blocks, or more of them than the controller counts.
    Length {
        /// Bytes wanted.
        bytes: u64,
        /// The most for one request.
        max: u64,
    },
    /// The blocks are not all on the card.
    Range {
        /// First block wanted.
        lba: u64,
        /// Blocks wanted.
        blocks: u64,
        /// Blocks on the card.
        capacity: u64,
    },
    /// The buffer could not be mapped for the channel.
    Map(MapError),
    /// The channel did not start.
    Start(StartError),
    /// The channel failed.
    Transfer(TransferError),
}

/// The error bits of the status register in words, worst news first.
const WORDS: [(u32, &str); 8] = [
    (1 << 16, "no answer"),
    (1 << 17, "answer with a bad CRC"),
    (1 << 18, "answer without an end"),
    (1 << 19, "answer to another command"),
    (1 << 20, "no data in time"),
    (1 << 21, "data with a bad CRC"),
    (1 << 22, "data without an end"),
    (1 << 24, "the automatic stop failed"),
];

fn in_words(events: u32) -> &'static str {
    let found = WORDS.iter().find(|(bit, _)| events & bit != 0);
    found.map_or("unknown error", |(_, words)| words)
}

impl fmt::Display for SdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCard => f.write_str("no card"),
            Self::TimedOut {
                wait,
                after_us,
                command,
            } => write!(f, "CMD{command}: waited {after_us} us for {wait}"),
            Self::Line { command, events } => {
                write!(f, "CMD{command}: {} ({events:#010x})", in_words(*events))
            }
            Self::Refused { command, status } => {
                write!(
                    f,
                    "CMD{command}: refused by the card (status {status:#010x})"
                )
            }
            Self::Voltage { answer } => {
                write!(f, "the card does not take 3.3 V (answer {answer:#010x})")
            }
            Self::BaseClock { hz } => write!(f, "no SD clock from a base clock of {hz} Hz"),
            Self::Length { bytes, max } => {
                write!(f, "{bytes} bytes are no request: whole blocks, up to {max}")
            }
            Self::Range {
                lba,
                blocks,
                capacity,
            } => write!(f, "{blocks} blocks at {lba} of a card of {capacity}"),
            Self::Map(error) => error.fmt(f),
            Self::Start(error) => error.fmt(f),
            Self::Transfer(error) => error.fmt(f),
        }
    }
}

impl SdError {
    /// Did the card not answer a command at all?
    pub(crate) const fn is_silence(&self) -> bool {
        matches!(self, Self::Line { events, .. } if *events & 1 << 16 != 0)
    }
}
