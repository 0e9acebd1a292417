//! The property channel with a message that is mapped like any other buffer.

#![expect(unsafe_code, reason = "the message's bus address goes into the FIFO")]

use super::call::{CallError, exchange};
use super::message::{Answer, MAX_WORDS, answer, ask};
use core::sync::atomic::{AtomicBool, Ordering};
use dma::{Bidirectional, Dma, DmaDevice, Engine, EngineId, Halt, Mapping, Refused};
use hal::{Clock, DmaBuffer, IrqLock, Mmio, Platform, Rank};

/// Bytes of a message.
const MESSAGE: u64 = 4 * MAX_WORDS as u64;
/// The low bits of a FIFO word name the channel.
const ALIGN: u64 = 16;

/// Whether the VideoCore has the message. It cannot be halted: it is done when it has answered.
struct Owed(AtomicBool, EngineId);

// SAFETY: `call` sets the flag before the address goes into the FIFO and clears it when the address
// has come back, or was never sent; the VideoCore uses a message in between alone.
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

/// Registers and message, together: who has them may call.
type Parts<'d, P, M, B> = (M, Mapping<'d, P, B, Bidirectional>);

/// The mailbox, for as long as the kernel runs.
pub struct Mailbox<'d, P: Platform, M, B: DmaBuffer> {
    dma: &'d Dma<P>,
    owed: Owed,
    /// Lock order: rank `Device`; held to take and to put back, with nothing under it.
    parts: IrqLock<Option<Parts<'d, P, M, B>>, P>,
}

impl<'d, P: Platform, M: Mmio, B: DmaBuffer> Mailbox<'d, P, M, B> {
    /// The mailbox behind `io` (the whole block), which masters the bus as `device`. `message` is at
    /// least 256 bytes on a multiple of 16, and comes back if it is not or cannot be mapped.
    pub fn new(io: M, dma: &'d Dma<P>, device: &'d DmaDevice, message: B) -> Result<Self, B> {
        let range = message.range();
        if range.len() < MESSAGE || !range.start().is_aligned(ALIGN) {
            return Err(message);
        }
        let message = dma
            .map(device, message, Bidirectional)
            .map_err(|Refused { buffer, .. }| buffer)?;
        let parts = IrqLock::new(Rank::Device, "mailbox", Some((io, message)));
        Ok(Self {
            dma,
            owed: Owed(AtomicBool::new(false), EngineId::new()),
            parts,
        })
    }

    /// Asks the firmware one tag.
    ///
    /// Context: thread; waits for up to two seconds. A second caller meanwhile is told so.
    pub fn call<K: Clock + ?Sized>(
        &self,
        clock: &K,
        tag: u32,
        value: &[u32],
    ) -> Result<Answer, CallError> {
        let (mut io, mut message) = self.parts.lock().take().ok_or(CallError::Busy)?;
        let mut words = [0; MAX_WORDS];
        ask(&mut words, tag, value);
        put(&words, &mut message.for_cpu());
        self.owed.0.store(true, Ordering::Release);
        // SAFETY: the address goes into the FIFO alone, to the VideoCore, which is the device of the
        // mapping and answers in place.
        let (addr, flight) = unsafe { message.launch(&self.owed) };
        let addr = u32::try_from(addr.get()).expect("the mailbox's registers have 32 bits");
        self.dma.platform().publish();
        let sent = exchange(&mut io, clock, addr);
        let has_it = matches!(sent, Err(CallError::TimedOut));
        self.owed.0.store(has_it, Ordering::Release);
        let mut message = flight.end().map_err(CallError::Lost)?;
        let told = sent.and_then(|()| answer(&get(&message.for_cpu())).map_err(CallError::Tag));
        *self.parts.lock() = Some((io, message));
        told
    }
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
