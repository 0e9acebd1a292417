//! One call through the FIFO.

use super::message::{Answer, MAX_WORDS, TagError, answer, ask};
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
    /// over the answer. Complete on return.
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
    /// Another call is under way, or an earlier one never ended.
    Busy,
    /// No answer came, and the message is in quarantine: the VideoCore may still write to it.
    Lost(Quarantined),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => write!(f, "mailbox full for {TIMEOUT_US} us"),
            Self::TimedOut => write!(f, "no answer from the mailbox within {TIMEOUT_US} us"),
            Self::Tag(error) => error.fmt(f),
            Self::Busy => write!(f, "the mailbox is busy, or was given up after a lost call"),
            Self::Lost(quarantined) => quarantined.fmt(f),
        }
    }
}

/// Asks the firmware one tag. `io` is the whole mailbox block; one call at a time.
///
/// After [`CallError::TimedOut`] the VideoCore may still write to the buffer.
///
/// Context: thread; waits for up to a second.
pub fn property<M: Mmio, B: MessageBuffer, K: Clock + ?Sized>(
    io: &mut M,
    clock: &K,
    buffer: &mut B,
    tag: u32,
    value: &[u32],
) -> Result<Answer, CallError> {
    ask(buffer.words(), tag, value);
    buffer.sync_for_device();
    exchange(io, clock, buffer.bus())?;
    buffer.sync_for_cpu();
    answer(buffer.words()).map_err(CallError::Tag)
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
    // Answers that nobody waited for.
    while !READ_STATUS.read(io).is_set(Status::EMPTY) {
        READ.read(io);
    }
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
