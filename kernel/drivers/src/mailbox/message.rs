//! Messages of one tag each, as words.
//!
//! `size, code, tag, room, state, value ..., end`. The firmware sets `code` for the message and `state`
//! for the tag: a length, and whether it answered at all.

use super::question::{Answer, Question, TagError};

/// Words of a message: room for a command line of a thousand characters.
pub const MAX_WORDS: usize = 256;
/// Bytes of a message.
pub const MESSAGE: u64 = 4 * MAX_WORDS as u64;
/// Words of the longest value. One word behind it ends the message.
pub(super) const ROOM: usize = MAX_WORDS - FIRST - 1;
/// Where the value begins.
const FIRST: usize = 5;
const RESPONSE: u32 = 0x8000_0000;

/// Writes the question into `message`, with room for its answer and no more.
pub(super) fn ask<Q: Question>(message: &mut [u32; MAX_WORDS], question: &Q) {
    let room = Q::ROOM.min(ROOM);
    message.fill(0);
    message[0] = MESSAGE as u32;
    message[2] = Q::TAG;
    message[3] = (room * 4) as u32;
    question.write(&mut message[FIRST..FIRST + room]);
}

/// Reads the answer out of `message`.
///
/// A tag that the firmware does not know keeps its state, or gets a length of nothing: that is not the
/// same as an answer of zero.
pub(super) fn answer<Q: Question>(
    message: &[u32; MAX_WORDS],
    question: &Q,
) -> Result<Answer<Q::Value>, TagError> {
    match message[1] {
        RESPONSE => {}
        code => return Err(TagError::Rejected { code }),
    }
    let (tag, state) = (Q::TAG, message[4]);
    let len = (state & !RESPONSE) as usize;
    if state & RESPONSE == 0 || (len == 0 && Q::LEAST > 0) {
        return Ok(Answer::Unanswered);
    }
    let (least, room) = (Q::LEAST * 4, Q::ROOM.min(ROOM) * 4);
    if !(least..=room).contains(&len) {
        return Err(TagError::Length {
            tag,
            len,
            least,
            room,
        });
    }
    question
        .read(&message[FIRST..FIRST + ROOM], len)
        .map(Answer::Value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::{ClockId, ClockRate, CommandLine, DmaChannels, Hertz, VideoCoreMemory};

    fn answered(state: u32, value: &[u32]) -> [u32; MAX_WORDS] {
        let mut message = [0; MAX_WORDS];
        message[1] = RESPONSE;
        message[4] = state;
        message[5..5 + value.len()].copy_from_slice(value);
        message
    }

    #[test]
    fn a_question_says_its_own_size_and_ends() {
        let mut message = [!0; MAX_WORDS];
        ask(&mut message, &ClockRate(ClockId::UART));
        assert_eq!(message[..7], [1024, 0, 0x0003_0002, 8, 0, 2, 0]);
        assert_eq!(message[MAX_WORDS - 1], 0);
    }

    #[test]
    fn an_answer_of_zero_is_not_the_same_as_none() {
        let zero = answer(&answered(RESPONSE | 4, &[0]), &DmaChannels);
        assert_eq!(zero, Ok(Answer::Value(0)));
        for none in [answered(RESPONSE, &[]), answered(0, &[7])] {
            assert_eq!(answer(&none, &DmaChannels), Ok(Answer::Unanswered));
        }
    }

    #[test]
    fn a_clock_of_0_hz_is_an_answer() {
        let stopped = answered(RESPONSE | 8, &[12, 0]);
        assert_eq!(
            answer(&stopped, &ClockRate(ClockId::EMMC2)),
            Ok(Answer::Value(Hertz(0)))
        );
    }

    #[test]
    fn an_empty_command_line_is_an_answer() {
        let empty = answer(&answered(RESPONSE, &[]), &CommandLine).expect("an answer");
        assert_eq!(empty.value().expect("a value").as_bytes(), b"");
        let none = answer(&answered(0, &[]), &CommandLine);
        assert_eq!(none, Ok(Answer::Unanswered));
    }

    #[test]
    fn text_comes_out_byte_by_byte() {
        let message = answered(RESPONSE | 3, &[u32::from_le_bytes(*b"abcd")]);
        let text = answer(&message, &CommandLine).expect("an answer").value();
        assert_eq!(text.expect("a value").as_bytes(), b"abc");
    }

    #[test]
    fn answers_that_are_too_short_or_too_long_are_errors() {
        let length = |tag, len, least, room| TagError::Length {
            tag,
            len,
            least,
            room,
        };
        let short = answer(&answered(RESPONSE | 4, &[0]), &VideoCoreMemory);
        assert_eq!(short, Err(length(0x0001_0006, 4, 8, 8)));
        let long = answer(&answered(RESPONSE | 2000, &[]), &CommandLine);
        assert_eq!(long, Err(length(0x0005_0001, 2000, 0, 1000)));
    }

    #[test]
    fn a_message_that_the_firmware_did_not_take_is_an_error() {
        for code in [0x8000_0001, 0] {
            let mut message = answered(RESPONSE | 4, &[1]);
            message[1] = code;
            let rejected = answer(&message, &DmaChannels);
            assert_eq!(rejected, Err(TagError::Rejected { code }));
        }
    }
}
