//! The property channel with a message that is mapped like any other buffer.
//!
//! The VideoCore cannot be halted: it is done with a message when it has answered. If it does not in
//! time, the message goes into quarantine, and nothing is asked until the late answer has come: one
//! question at a time is all that the channel takes. Then the message's memory is free, and a new
//! message makes the mailbox work again ([`Mailbox::renew`]).

#![expect(unsafe_code, reason = "the message's bus address goes into the FIFO")]

use super::call::{CallError, drain, exchange};
use super::message::{MAX_WORDS, MESSAGE, answer, ask};
use super::question::{Answer, Question};
use core::mem::replace;
use core::sync::atomic::{AtomicBool, Ordering};
use dma::{Bidirectional, Dma, DmaDevice, Engine, EngineId, Halt, Mapping, Quarantined, Refused};
use hal::{Clock, DmaBuffer, Mmio, Platform};

/// The low bits of a FIFO word name the channel.
const ALIGN: u64 = 16;

/// Whether the VideoCore has the message.
struct Owed(AtomicBool, EngineId);

// SAFETY: `id` is made with the mailbox. `ask` sets the flag before the address goes into the FIFO;
// it is cleared when the address has come back, or was never sent. The VideoCore uses a message in
// between alone.
unsafe impl Engine for &Owed {
    fn id(&self) -> EngineId {
        self.1
    }

    fn halt(&self) -> Halt {
        if self.0.load(Ordering::Acquire) {
            Halt::Unconfirmed
        } else {
            Halt::Confirmed
        }
    }
}

/// Where the message is.
enum Message<'d, P: Platform, B: DmaBuffer> {
    /// Here.
    Ready(Mapping<'d, P, B, Bidirectional>),
    /// In quarantine, until this address comes out of the FIFO.
    Lost { addr: u32, lost: Quarantined },
    /// Its memory is free again. There is none.
    Gone,
}

/// The mailbox, for as long as the kernel runs.
pub struct Mailbox<'d, P: Platform, M, B: DmaBuffer> {
    io: M,
    dma: &'d Dma<P>,
    device: &'d DmaDevice,
    owed: Owed,
    message: Message<'d, P, B>,
}

impl<'d, P: Platform, M: Mmio, B: DmaBuffer> Mailbox<'d, P, M, B> {
    /// The mailbox behind `io` (the whole block), which masters the bus as `device`. `message` has
    /// [`MESSAGE`] bytes at least, on a multiple of 16, and comes back if it has not or cannot be
    /// mapped.
    pub fn new(io: M, dma: &'d Dma<P>, device: &'d DmaDevice, message: B) -> Result<Self, B> {
        let message = Message::Ready(map(dma, device, message)?);
        let owed = Owed(AtomicBool::new(false), EngineId::new());
        Ok(Self {
            io,
            dma,
            device,
            owed,
            message,
        })
    }

    /// Asks the firmware.
    ///
    /// After [`CallError::Lost`] further calls fail with [`CallError::Owed`] until the late answer has
    /// come, and with [`CallError::NoMessage`] from then on.
    ///
    /// Context: thread; waits for up to two seconds.
    pub fn ask<Q: Question, K: Clock + ?Sized>(
        &mut self,
        clock: &K,
        question: &Q,
    ) -> Result<Answer<Q::Value>, CallError> {
        self.look_for_late_answer();
        let mut message = self.take_message()?;
        let mut words = [0; MAX_WORDS];
        ask(&mut words, question);
        put(&words, &mut message.for_cpu());
        self.owed.0.store(true, Ordering::Release);
        // SAFETY: the address goes into the FIFO alone, to the VideoCore, which is the device of the
        // mapping and answers in place.
        let (addr, flight) = unsafe { message.launch(&self.owed) };
        let addr = u32::try_from(addr.get()).expect("the mailbox's registers have 32 bits");
        self.dma.platform().publish();
        let sent = exchange(&mut self.io, clock, addr);
        let has_it = matches!(sent, Err(CallError::TimedOut));
        self.owed.0.store(has_it, Ordering::Release);
        match flight.end() {
            Ok(mut message) => {
                let words = get(&message.for_cpu());
                self.message = Message::Ready(message);
                sent.and_then(|()| answer(&words, question).map_err(CallError::Tag))
            }
            Err(lost) => {
                self.message = Message::Lost { addr, lost };
                Err(CallError::Lost(lost))
            }
        }
    }

    /// Gives a mailbox that has no message another one, as for [`new`](Self::new). It comes back if
    /// none is missing.
    pub fn renew(&mut self, message: B) -> Result<(), B> {
        match self.message {
            Message::Gone => {
                self.message = Message::Ready(map(self.dma, self.device, message)?);
                Ok(())
            }
            Message::Ready(_) | Message::Lost { .. } => Err(message),
        }
    }

    fn take_message(&mut self) -> Result<Mapping<'d, P, B, Bidirectional>, CallError> {
        match replace(&mut self.message, Message::Gone) {
            Message::Ready(message) => Ok(message),
            Message::Lost { addr, lost } => {
                self.message = Message::Lost { addr, lost };
                Err(CallError::Owed(lost))
            }
            Message::Gone => Err(CallError::NoMessage),
        }
    }

    /// With the answer the VideoCore has given the message back: nobody uses its memory any more.
    fn look_for_late_answer(&mut self) {
        if let Message::Lost { addr, .. } = self.message
            && drain(&mut self.io, addr)
        {
            self.owed.0.store(false, Ordering::Release);
            let freed = self.dma.halt_again(&self.owed);
            debug_assert!(freed.is_some(), "the flag was just cleared");
            self.message = Message::Gone;
        }
    }
}

fn map<'d, P: Platform, B: DmaBuffer>(
    dma: &'d Dma<P>,
    device: &'d DmaDevice,
    message: B,
) -> Result<Mapping<'d, P, B, Bidirectional>, B> {
    let range = message.range();
    if range.len() < MESSAGE || !range.start().is_aligned(ALIGN) {
        return Err(message);
    }
    let mapped = dma.map(device, message, Bidirectional);
    mapped.map_err(|Refused { buffer, .. }| buffer)
}

fn put(words: &[u32; MAX_WORDS], bytes: &mut [u8]) {
    for (word, place) in words.iter().zip(bytes.chunks_exact_mut(4)) {
        place.copy_from_slice(&word.to_le_bytes());
    }
}

fn get(bytes: &[u8]) -> [u32; MAX_WORDS] {
    let mut words = [0; MAX_WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = u32::from_le_bytes(bytes.try_into().expect("chunks of four"));
    }
    words
}
