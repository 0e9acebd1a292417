//! Data by a DMA channel: one transfer between the controller's data port and a mapping, paced by
//! the port's request line, for all blocks of a request.
//!
//! The channel masters the bus, so the buffer is mapped for it and bounces by its limits. On
//! every way out the channel is halted before the mapping is released: that is what ending a
//! transfer means.

use super::card::Card;
use super::error::{SdError, Wait};
use super::transfer::{BlockBuffer, Failed, Request, refused};
use crate::dma_channel::{Channel, Copy, End, Register, Sink, Source, Transfer, TransferError};
use dma::{FromDevice, Refused, ToDevice};
use hal::{Clock, DmaBuffer, Mmio, Platform};

/// Time between two looks for an error: the controller does not interrupt.
const LOOK_US: u64 = 1_000;

/// Why a transfer failed, and its ends if they are at rest.
struct Lost<S, T> {
    error: SdError,
    ends: Option<(S, T)>,
}

type Ended<S, T> = Result<(S, T), Lost<S, T>>;

impl<M: Mmio, K: Clock + ?Sized> Card<'_, M, K> {
    pub(crate) fn read_by<P: Platform, N: Mmio, C: DmaBuffer, B: BlockBuffer>(
        &mut self,
        channel: &Channel<'_, P, N, C>,
        source: Register,
        request: Request,
        buffer: B,
    ) -> Result<B, Failed<B>> {
        let dest = channel.layer().map(channel.device(), buffer, FromDevice);
        let copy = |dest| Copy { source, dest };
        self.by_channel(channel, request, dest.map(copy), |(_, dest)| dest.unmap())
    }

    pub(crate) fn write_by<P: Platform, N: Mmio, C: DmaBuffer, B: BlockBuffer>(
        &mut self,
        channel: &Channel<'_, P, N, C>,
        dest: Register,
        request: Request,
        buffer: B,
    ) -> Result<B, Failed<B>> {
        let source = channel.layer().map(channel.device(), buffer, ToDevice);
        let copy = |source| Copy { source, dest };
        self.by_channel(channel, request, source.map(copy), |(source, _)| {
            source.unmap()
        })
    }

    /// Moves all of a request between the port and what was mapped, and gives back what `buffer`
    /// makes of the ends.
    fn by_channel<P, N, C, S, T, B>(
        &mut self,
        channel: &Channel<'_, P, N, C>,
        request: Request,
        copy: Result<Copy<S, T>, Refused<B>>,
        buffer: impl Fn((S, T)) -> B,
    ) -> Result<B, Failed<B>>
    where
        P: Platform,
        N: Mmio,
        C: DmaBuffer,
        S: Source<P>,
        T: Sink<P>,
    {
        let copy = copy.map_err(|refusal| refused(SdError::Map(refusal.error), refusal.buffer))?;
        match self.moved(channel, request, copy) {
            Ok(ends) => Ok(buffer(ends)),
            Err(Lost { error, ends }) => Err(Failed {
                error,
                buffer: ends.map(buffer),
            }),
        }
    }

    fn moved<P, N, C, S, T>(
        &mut self,
        channel: &Channel<'_, P, N, C>,
        request: Request,
        copy: Copy<S, T>,
    ) -> Ended<S, T>
    where
        P: Platform,
        N: Mmio,
        C: DmaBuffer,
        S: Source<P>,
        T: Sink<P>,
    {
        let moved = self.start(channel, request, copy);
        let ended = moved.and_then(|ends| match self.finish(request) {
            Ok(()) => Ok(ends),
            Err(error) => lost(error, Some(ends)),
        });
        match &ended {
            Ok(_) => self.traffic.dma_bytes += request.bytes,
            Err(_) => self.recover(),
        }
        ended
    }

    /// The command first: the port has nothing to give, and takes nothing, before.
    fn start<P, N, C, S, T>(
        &mut self,
        channel: &Channel<'_, P, N, C>,
        request: Request,
        copy: Copy<S, T>,
    ) -> Ended<S, T>
    where
        P: Platform,
        N: Mmio,
        C: DmaBuffer,
        S: Source<P>,
        T: Sink<P>,
    {
        if let Err(error) = self.host.send(request.command) {
            return lost(error, Some((copy.source, copy.dest)));
        }
        match channel.start(copy) {
            Ok(transfer) => self.watch(transfer, request.patience_us()),
            Err(refused) => {
                let ends = (refused.copy.source, refused.copy.dest);
                lost(SdError::Start(refused.error), Some(ends))
            }
        }
    }

    /// Waits for the channel, or an error of the card: then nothing asks for words any more, and
    /// the channel would wait for ever.
    fn watch<P, N, C, S, T>(
        &mut self,
        transfer: Transfer<'_, '_, P, N, C, S, T>,
        patience_us: u64,
    ) -> Ended<S, T>
    where
        P: Platform,
        N: Mmio,
        C: DmaBuffer,
        S: End<P>,
        T: End<P>,
    {
        let clock = self.host.clock();
        let start = clock.micros();
        let mut events = 0;
        let mut over = false;
        while !over && clock.micros() - start <= patience_us {
            let look = clock.ticks().saturating_add(clock.ticks_in(LOOK_US));
            over = clock.wait_until(look, &mut || {
                events = self.host.errors();
                events != 0 || transfer.is_done()
            });
        }
        match self.trouble(over, events, patience_us) {
            None => {
                let ended = transfer.wait(clock, 0);
                ended.or_else(|failure| lost(SdError::Transfer(failure.error), failure.ends))
            }
            Some(error) => match transfer.abort() {
                Ok(ends) => lost(error, Some(ends)),
                Err(gone) => lost(SdError::Transfer(TransferError::Quarantined(gone)), None),
            },
        }
    }

    /// Why a transfer has to be broken off, if it has to.
    const fn trouble(&self, over: bool, events: u32, after_us: u64) -> Option<SdError> {
        let command = self.host.command;
        match (over, events) {
            (true, 0) => None,
            (false, 0) => Some(SdError::TimedOut {
                wait: Wait::Data,
                after_us,
                command,
            }),
            _ => Some(SdError::Line { command, events }),
        }
    }
}

const fn lost<S, T>(error: SdError, ends: Option<(S, T)>) -> Ended<S, T> {
    Err(Lost { error, ends })
}
