//! One call through the FIFO.

use super::message::{MAX_WORDS, answer, ask};
use super::question::{Answer, Question, TagError};
use crate::reg::Reg;
use core::fmt;
use dma::Quarantined;
use hal::{Clock, Mmio};
use tock_registers::register_bitfields;

register_bitfields! {u32,
    Status [
        FULL OFFSET(31) NUMBITS(1) [],
        EMPTY OFFSET(30) NUMBITS(1) []
    ]
}

/// VideoCore to ARM.
const READ: Reg = Reg::at(0x00);
const READ_STATUS: Reg<Status::Register> = Reg::at(0x18);
/// ARM to VideoCore.
const WRITE: Reg = Reg::at(0x20);
const WRITE_STATUS: Reg<Status::Register> = Reg::at(0x38);

/// The property channel, in the low four bits of a FIFO word.
const PROPERTY: u32 = 8;
/// Clock changes take long; nothing takes a second.
const TIMEOUT_US: u64 = 1_000_000;

/// A message in RAM that the VideoCore can read and write.
pub trait MessageBuffer {
    /// Its bus address: a multiple of 16 below 4 GiB.
    fn bus(&self) -> u32;

    /// Its words, while the CPU has them.
    fn words(&mut self) -> &mut [u32; MAX_WORDS];

    /// Hands it to the VideoCore: what the CPU wrote is in RAM, and no line will be written back
    /// over the answer. Complete and published on return.
    fn sync_for_device(&mut self);

    /// Takes it back: the next load finds what the VideoCore wrote.
    fn sync_for_cpu(&mut self);
}

/// Why a call brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The FIFO stayed full.
    Full,
    /// No answer came.
    TimedOut,
    /// The answer is none.
    Tag(TagError),
    /// No answer came, and the message is in quarantine: the VideoCore may still write to it.
    Lost(Quarantined),
    /// Not asked: the VideoCore still has the message of an earlier call.
    Owed(Quarantined),
    /// Not asked: an earlier message was lost, and there is no other.
    NoMessage,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => write!(f, "mailbox full for {TIMEOUT_US} us"),
            Self::TimedOut => write!(f, "no answer from the mailbox within {TIMEOUT_US} us"),
            Self::Tag(error) => error.fmt(f),
            Self::Lost(lost) => write!(
                f,
                "no answer from the mailbox within {TIMEOUT_US} us: {lost}"
            ),
            Self::Owed(lost) => write!(
                f,
                "not asked: the firmware owes an answer, and has {} bytes for it",
                lost.len
            ),
            Self::NoMessage => write!(f, "not asked: no memory for a new message"),
        }
    }
}

/// Asks the firmware. `io` is the whole mailbox block; one call at a time.
///
/// After [`CallError::TimedOut`] the VideoCore may still write to the buffer.
///
/// Context: thread; waits for up to a second.
pub fn property<Q: Question, M: Mmio, B: MessageBuffer, K: Clock + ?Sized>(
    io: &mut M,
    clock: &K,
    buffer: &mut B,
    question: &Q,
) -> Result<Answer<Q::Value>, CallError> {
    ask(buffer.words(), question);
    buffer.sync_for_device();
    exchange(io, clock, buffer.bus())?;
    buffer.sync_for_cpu();
    answer(buffer.words(), question).map_err(CallError::Tag)
}

/// Sends the message at bus address `message` through the FIFO, and waits until it comes back.
///
/// After [`CallError::TimedOut`] the VideoCore may still use the message, after
/// [`CallError::Full`] it never had it.
pub(super) fn exchange<M: Mmio, K: Clock + ?Sized>(
    io: &mut M,
    clock: &K,
    message: u32,
) -> Result<(), CallError> {
    drain(io, message);
    let word = message | PROPERTY;
    if !wait(clock, || !WRITE_STATUS.read(io).is_set(Status::FULL)) {
        return Err(CallError::Full);
    }
    WRITE.set(io, word);
    // Another channel's answer may come in between: only our own word counts.
    let answered = wait(clock, || {
        !READ_STATUS.read(io).is_set(Status::EMPTY) && READ.read(io).get() == word
    });
    if answered {
        Ok(())
    } else {
        Err(CallError::TimedOut)
    }
}

/// Reads answers that nobody waited for. Was that to `message` among them?
pub(super) fn drain<M: Mmio>(io: &mut M, message: u32) -> bool {
    let mut found = false;
    while !READ_STATUS.read(io).is_set(Status::EMPTY) {
        found |= READ.read(io).get() == message | PROPERTY;
    }
    found
}

fn wait<K: Clock + ?Sized>(clock: &K, mut done: impl FnMut() -> bool) -> bool {
    let deadline = clock.ticks().saturating_add(clock.ticks_in(TIMEOUT_US));
    loop {
        if done() {
            return true;
        }
        if clock.ticks() >= deadline {
            return false;
        }
        core::hint::spin_loop();
    }
}

#[cfg(test)]
mod tests;
