//! A copy in flight, and the ways in which it ends.

use super::channel::{Channel, EngineError};
use core::fmt;
use dma::{DeviceReads, DeviceWrites, InFlight, Mapping, Quarantined, ToDevice};
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
    /// The channel did not confirm its halt: the buffers are gone until it is reset.
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

/// A copy that failed: why, and the mappings if they are safe to have.
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

type Flight<'c, 'd, P, M, C, B, D> = InFlight<'d, P, B, D, &'c Channel<'d, P, M, C>>;
/// All that a transfer owns: control blocks, source, destination.
type Parts<'c, 'd, P, M, C, A, S, B, T> = (
    Flight<'c, 'd, P, M, C, C, ToDevice>,
    FlightEnds<'c, 'd, P, M, C, A, S, B, T>,
);
type FlightEnds<'c, 'd, P, M, C, A, S, B, T> =
    Ends<Flight<'c, 'd, P, M, C, A, S>, Flight<'c, 'd, P, M, C, B, T>>;
type Rest<'d, P, A, S, B, T> = (Mapping<'d, P, A, S>, Mapping<'d, P, B, T>);
/// Both mappings at rest, or what went wrong.
type Ended<'d, P, A, S, B, T> =
    Result<Rest<'d, P, A, S, B, T>, Failure<Mapping<'d, P, A, S>, Mapping<'d, P, B, T>>>;

/// A copy in flight: owns both mappings and the channel's control blocks, gives no access to any.
///
/// Dropping it halts the channel and unmaps. Forgetting it leaks all three, and leaves the channel
/// busy for good.
#[must_use = "dropping a transfer halts it"]
pub struct Transfer<'c, 'd, P, M, C, A, S, B, T>
where
    P: Platform,
    M: Mmio,
    C: DmaBuffer,
    A: DmaBuffer,
    S: DeviceReads,
    B: DmaBuffer,
    T: DeviceWrites,
{
    channel: &'c Channel<'d, P, M, C>,
    parts: Option<Parts<'c, 'd, P, M, C, A, S, B, T>>,
}

impl<'c, 'd, P, M, C, A, S, B, T> Transfer<'c, 'd, P, M, C, A, S, B, T>
where
    P: Platform,
    M: Mmio,
    C: DmaBuffer,
    A: DmaBuffer,
    S: DeviceReads,
    B: DmaBuffer,
    T: DeviceWrites,
{
    pub(crate) fn new(
        channel: &'c Channel<'d, P, M, C>,
        blocks: Flight<'c, 'd, P, M, C, C, ToDevice>,
        ends: FlightEnds<'c, 'd, P, M, C, A, S, B, T>,
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
    /// mappings back to rest.
    ///
    /// Context: thread with interrupts on (or a clock that polls the channel).
    pub fn wait<K: Clock + ?Sized>(
        mut self,
        clock: &K,
        timeout_us: u64,
    ) -> Ended<'d, P, A, S, B, T> {
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

    /// Halts the channel, finished or not, and brings both mappings back to rest. The destination
    /// may hold a part of the copy.
    ///
    /// Context: any; waits for a bounded halt.
    pub fn abort(mut self) -> Result<Rest<'d, P, A, S, B, T>, Quarantined> {
        self.close()
    }

    /// Halts the channel if it still runs, and takes everything back.
    fn close(&mut self) -> Result<Rest<'d, P, A, S, B, T>, Quarantined> {
        let (blocks, ends) = self
            .parts
            .take()
            .expect("taken by calls that end the transfer");
        // Each end halts; after the first confirmed one the others find an idle channel.
        let blocks = blocks.end();
        let (source, dest) = (ends.source.end(), ends.dest.end());
        // The channel is free again only with its control blocks.
        self.channel.give_back(blocks?);
        Ok((source?, dest?))
    }
}

impl<P, M, C, A, S, B, T> Drop for Transfer<'_, '_, P, M, C, A, S, B, T>
where
    P: Platform,
    M: Mmio,
    C: DmaBuffer,
    A: DmaBuffer,
    S: DeviceReads,
    B: DmaBuffer,
    T: DeviceWrites,
{
    fn drop(&mut self) {
        if self.parts.is_some() {
            // Unmapped by the mappings' own drops, or quarantined and counted there.
            let _ = self.close();
        }
    }
}
