//! Messages of one tag each, as words.
//!
//! `size, code, tag, capacity, state, value ..., end`. The firmware sets `code` for the message and
//! `state` for the tag; a tag that it does not know keeps a zero length, and that is not the same
//! as an answer of zero.

use core::fmt;

/// Words of a message: four cache lines, enough for a command line of 200 characters.
pub const MAX_WORDS: usize = 64;
/// Words around the value.
const FRAME: usize = 6;
const RESPONSE: u32 = 0x8000_0000;

/// Tags that the kernel asks.
pub mod tag {
    /// Board revision: one word.
    pub const BOARD_REVISION: u32 = 0x0001_0002;
    /// The ARM's part of the low GiB: base and length in bytes.
    pub const ARM_MEMORY: u32 = 0x0001_0005;
    /// The VideoCore's part: base and length in bytes.
    pub const VC_MEMORY: u32 = 0x0001_0006;
    /// A clock's rate: clock id in; id and hertz out.
    pub const CLOCK_RATE: u32 = 0x0003_0002;
    /// The command line: characters.
    pub const COMMAND_LINE: u32 = 0x0005_0001;
    /// DMA channels that the firmware leaves to the ARM: a bit mask.
    pub const DMA_CHANNELS: u32 = 0x0006_0001;
}

/// Why a message holds no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagError {
    /// The firmware could not parse the message.
    Rejected {
        /// The message's response code.
        code: u32,
    },
    /// The firmware does not know the tag.
    Unknown {
        /// The tag.
        tag: u32,
    },
    /// The answer is longer than the message.
    TooLong {
        /// Bytes of the answer.
        len: usize,
        /// Bytes of room.
        room: usize,
    },
}

impl fmt::Display for TagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected { code } => write!(f, "the firmware rejected the message ({code:#x})"),
            Self::Unknown { tag } => write!(f, "the firmware does not answer tag {tag:#010x}"),
            Self::TooLong { len, room } => write!(f, "an answer of {len} bytes, room for {room}"),
        }
    }
}

/// An answer: the value's words and its length in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    words: [u32; MAX_WORDS],
    len: usize,
}

impl Answer {
    /// Word `i` of the value, if the answer is that long.
    pub fn word(&self, i: usize) -> Option<u32> {
        (i * 4 + 4 <= self.len).then(|| self.words[i])
    }

    /// The value's bytes.
    pub fn bytes(&self) -> impl Iterator<Item = u8> {
        let words = self.words.into_iter();
        words.flat_map(u32::to_le_bytes).take(self.len)
    }
}

/// Writes the question into `message`. The value may be answered with as much as there is room for.
pub(super) fn ask(message: &mut [u32; MAX_WORDS], tag: u32, value: &[u32]) {
    let room = MAX_WORDS - FRAME;
    let value = &value[..value.len().min(room)];
    message.fill(0);
    message[0] = (MAX_WORDS * 4) as u32;
    message[2] = tag;
    message[3] = (room * 4) as u32;
    message[5..5 + value.len()].copy_from_slice(value);
}

/// Reads the answer out of `message`.
pub(super) fn answer(message: &[u32; MAX_WORDS]) -> Result<Answer, TagError> {
    match message[1] {
        RESPONSE => {}
        code => return Err(TagError::Rejected { code }),
    }
    let (tag, state) = (message[2], message[4]);
    let len = (state & !RESPONSE) as usize;
    if state & RESPONSE == 0 || (len == 0 && tag != tag::COMMAND_LINE) {
        return Err(TagError::Unknown { tag });
    }
    let room = (MAX_WORDS - FRAME) * 4;
    if len > room {
        return Err(TagError::TooLong { len, room });
    }
    let mut words = [0; MAX_WORDS];
    words[..MAX_WORDS - FRAME].copy_from_slice(&message[5..MAX_WORDS - 1]);
    Ok(Answer { words, len })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn answered(tag: u32, state: u32, value: &[u32]) -> [u32; MAX_WORDS] {
        let mut message = [0; MAX_WORDS];
        ask(&mut message, tag, &[]);
        message[1] = RESPONSE;
        message[4] = state;
        message[5..5 + value.len()].copy_from_slice(value);
        message
    }

    #[test]
    fn a_question_says_its_own_size_and_ends() {
        let mut message = [!0; MAX_WORDS];
        ask(&mut message, tag::CLOCK_RATE, &[2]);
        assert_eq!(message[..6], [256, 0, tag::CLOCK_RATE, 232, 0, 2]);
        assert_eq!(message[MAX_WORDS - 1], 0);
    }

    #[test]
    fn an_answer_of_zero_is_not_the_same_as_none() {
        let zero = answer(&answered(tag::DMA_CHANNELS, RESPONSE | 4, &[0])).expect("answered");
        assert_eq!(zero.word(0), Some(0));
        assert_eq!(zero.word(1), None);
        let none = TagError::Unknown { tag: 0x0002_0001 };
        assert_eq!(answer(&answered(0x0002_0001, RESPONSE, &[])), Err(none));
        assert_eq!(answer(&answered(0x0002_0001, 0, &[7])), Err(none));
    }

    #[test]
    fn an_empty_command_line_is_an_answer() {
        let empty = answer(&answered(tag::COMMAND_LINE, RESPONSE, &[])).expect("answered");
        assert_eq!(empty.bytes().count(), 0);
    }

    #[test]
    fn text_comes_out_byte_by_byte() {
        let text = u32::from_le_bytes(*b"abcd");
        let message = answered(tag::COMMAND_LINE, RESPONSE | 3, &[text]);
        assert_eq!(
            answer(&message)
                .expect("answered")
                .bytes()
                .collect::<Vec<_>>(),
            b"abc"
        );
    }

    #[test]
    fn lengths_beyond_the_message_and_rejections_are_errors() {
        let long = answer(&answered(tag::COMMAND_LINE, RESPONSE | 1000, &[]));
        assert_eq!(
            long,
            Err(TagError::TooLong {
                len: 1000,
                room: 232
            })
        );
        let mut message = answered(tag::BOARD_REVISION, RESPONSE | 4, &[1]);
        message[1] = 0x8000_0001;
        assert_eq!(
            answer(&message),
            Err(TagError::Rejected { code: 0x8000_0001 })
        );
        message[1] = 0;
        assert_eq!(answer(&message), Err(TagError::Rejected { code: 0 }));
    }
}
