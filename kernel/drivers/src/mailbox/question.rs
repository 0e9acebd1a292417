//! What a question is, and what may come back.

use core::fmt;

/// A tag of the property channel, and how its answer is read.
pub trait Question {
    /// What it comes to.
    type Value;
    /// The tag.
    const TAG: u32;
    /// Words that an answer has at least. One of no words is an answer only where this is 0.
    const LEAST: usize;
    /// Words that question and answer have room for.
    const ROOM: usize = Self::LEAST;

    /// Writes the question's words into the value, which holds zeros.
    fn write(&self, value: &mut [u32]) {
        let _ = value;
    }

    /// Reads the answer: `len` bytes, [`LEAST`](Self::LEAST) words or more, at the start of `value`.
    fn read(&self, value: &[u32], len: usize) -> Result<Self::Value, TagError>;
}

/// What the firmware said. A value of zero is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// This.
    Value(T),
    /// Nothing: it does not know the tag.
    Unanswered,
}

impl<T> Answer<T> {
    /// The value, where it does not matter why there is none.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Unanswered => None,
        }
    }
}

impl<T: fmt::Display> fmt::Display for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Unanswered => f.write_str("not answered"),
        }
    }
}

/// Why a message that came back holds no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagError {
    /// The firmware could not parse the message.
    Rejected {
        /// The message's response code.
        code: u32,
    },
    /// An answer of another length than the tag has.
    Length {
        /// The tag.
        tag: u32,
        /// Bytes of the answer.
        len: usize,
        /// The fewest that make sense.
        least: usize,
        /// The most that there is room for.
        room: usize,
    },
    /// The answer is about something else than the question.
    Other {
        /// The tag.
        tag: u32,
        /// What was asked about.
        asked: u32,
        /// What was answered about.
        told: u32,
    },
    /// The firmware knows the tag and did not do it.
    Refused {
        /// The tag.
        tag: u32,
        /// The firmware's reason.
        status: u32,
    },
}

impl fmt::Display for TagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected { code } => write!(f, "the firmware rejected the message ({code:#x})"),
            Self::Length {
                tag,
                len,
                least,
                room,
            } => write!(
                f,
                "tag {tag:#010x}: {len} bytes answered, {least} to {room} expected"
            ),
            Self::Other { tag, asked, told } => {
                write!(f, "tag {tag:#010x}: asked about {asked}, told about {told}")
            }
            Self::Refused { tag, status } => {
                write!(f, "tag {tag:#010x}: the firmware refused ({status:#x})")
            }
        }
    }
}
