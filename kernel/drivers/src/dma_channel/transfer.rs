//! A copy in flight, and the ways in which it ends.

use super::channel::Channel;
use super::end::End;
use super::interrupt::EngineError;
use core::fmt;
use dma::{InFlight, Quarantined, ToDevice};
use hal::{Clock, DmaBuffer, Mmio, Platform};

/// What went wrong with a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferError {
    /// No interrupt within the time given; the channel was halted.
    TimedOut {
        /// Microseconds waited.
        after_us: u64,
        /// The CS register before the halt.
        status: u32,
    },
    /// The engine reported an error.
    Engine(EngineError),
    /// The channel did not confirm its halt: the buffers are gone until it is revived.
    Quarantined(Quarantined),
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut { after_us, status } => {
                write!(
                    f,
                    "no end within {after_us} us (CS {status:#010x}); the channel was halted"
                )
            }
            Self::Engine(EngineError { status, flags }) => {
                write!(
                    f,
                    "the engine reported an error (CS {status:#010x}, flags {flags:#x})"
                )
            }
            Self::Quarantined(quarantined) => quarantined.fmt(f),
        }
    }
}

/// A copy that failed: why, and both ends if they are safe to have.
pub struct Failure<S, T> {
    /// Why.
    pub error: TransferError,
    /// Source and destination at rest. The destination may hold a part of the copy.
    pub ends: Option<(S, T)>,
}

impl<S, T> fmt::Debug for Failure<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

/// Source and destination.
pub(crate) struct Ends<S, T> {
    pub(crate) source: S,
    pub(crate) dest: T,
}

type Blocks<'c, 'd, P, M, C> = InFlight<'d, P, C, ToDevice, &'c Channel<'d, P, M, C>>;
/// An end in flight by a channel.
type Flight<'c, 'd, P, M, C, X> = <X as End<P>>::Flight<&'c Channel<'d, P, M, C>>;
type FlightEnds<'c, 'd, P, M, C, S, T> =
    Ends<Flight<'c, 'd, P, M, C, S>, Flight<'c, 'd, P, M, C, T>>;
/// All that a transfer owns: control blocks, source, destination.
type Parts<'c, 'd, P, M, C, S, T> = (Blocks<'c, 'd, P, M, C>, FlightEnds<'c, 'd, P, M, C, S, T>);

/// A copy in flight: owns both ends and the channel's control blocks, gives no access to any.
///
/// Dropping it halts the channel and unmaps. Forgetting it leaks all three, and leaves the channel
/// busy for good.
#[must_use = "dropping a transfer halts it"]
pub struct Transfer<'c, 'd, P, M, C, S, T>
where
    P: Platform,
    M: Mmio,
    C: DmaBuffer,
    S: End<P>,
    T: End<P>,
{
    channel: &'c Channel<'d, P, M, C>,
    parts: Option<Parts<'c, 'd, P, M, C, S, T>>,
}

impl<'c, 'd, P, M, C, S, T> Transfer<'c, 'd, P, M, C, S, T>
where
    P: Platform,
    M: Mmio,
    C: DmaBuffer,
    S: End<P>,
    T: End<P>,
{
    pub(crate) fn new(
        channel: &'c Channel<'d, P, M, C>,
        blocks: Blocks<'c, 'd, P, M, C>,
        ends: FlightEnds<'c, 'd, P, M, C, S, T>,
    ) -> Self {
        Self {
            channel,
            parts: Some((blocks, ends)),
        }
    }

    /// Has the interrupt come? Context: any.
    pub fn is_done(&self) -> bool {
        self.channel.outcome().is_some()
    }

    /// Waits for the channel's interrupt, for `timeout_us` microseconds at most, and brings both
    /// ends back to rest.
    ///
    /// Context: thread with interrupts on (or a clock that polls the channel).
    pub fn wait<K: Clock + ?Sized>(
        mut self,
        clock: &K,
        timeout_us: u64,
    ) -> Result<(S, T), Failure<S, T>> {
        let deadline = clock.ticks().saturating_add(clock.ticks_in(timeout_us));
        clock.wait_until(deadline, &mut || self.channel.outcome().is_some());
        let error = match self.channel.outcome() {
            Some(Ok(())) => None,
            Some(Err(error)) => Some(TransferError::Engine(error)),
            None => {
                let status = self.channel.status();
                Some(TransferError::TimedOut {
                    after_us: timeout_us,
                    status,
                })
            }
        };
        match (self.close(), error) {
            (Ok(ends), None) => Ok(ends),
            (Ok(ends), Some(error)) => Err(Failure {
                error,
                ends: Some(ends),
            }),
            (Err(lost), _) => Err(Failure {
                error: TransferError::Quarantined(lost),
                ends: None,
            }),
        }
    }

    /// Halts the channel, finished or not, and brings both ends back to rest. The destination
    /// may hold a part of the copy.
    ///
    /// Context: any; waits for a bounded halt.
    pub fn abort(mut self) -> Result<(S, T), Quarantined> {
        self.close()
    }

    /// Halts the channel if it still runs, and takes everything back.
    fn close(&mut self) -> Result<(S, T), Quarantined> {
        let (blocks, ends) = self
            .parts
            .take()
            .expect("taken by calls that end the transfer");
        // Each end halts; after the first confirmed one the others find an idle channel.
        let blocks = blocks.end();
        let (source, dest) = (S::land(ends.source), T::land(ends.dest));
        // The channel is free again only with its control blocks.
        match blocks {
            Ok(blocks) => self.channel.give_back(blocks),
            Err(lost) => {
                self.channel.give_up();
                return Err(lost);
            }
        }
        Ok((source?, dest?))
    }
}

impl<P, M, C, S, T> Drop for Transfer<'_, '_, P, M, C, S, T>
where
    P: Platform,
    M: Mmio,
    C: DmaBuffer,
    S: End<P>,
    T: End<P>,
{
    fn drop(&mut self) {
        if self.parts.is_some() {
            // Unmapped by the mappings' own drops, or quarantined and counted there.
            let _ = self.close();
        }
    }
}
