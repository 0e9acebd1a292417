//! What a channel's interrupt means: the end of its chain, or an error.
//!
//! The handler reads the registers, acknowledges and writes down the outcome; whoever waits for the
//! transfer looks at that. Nothing is unmapped here.

use super::channel::Channel;
use super::registers::{CS, Cs, DEBUG, ERRORS};
use hal::{DmaBuffer, Mmio, Platform};

/// What the engine reported instead of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineError {
    /// The CS register.
    pub status: u32,
    /// The error flags of the DEBUG register: 4 read, 2 FIFO, 1 last not set.
    pub flags: u32,
}

/// How far a started transfer is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Rung, and no interrupt since.
    Running,
    /// The last interrupt said this; `Ok` also before the first transfer.
    Over(Result<(), EngineError>),
}

impl<P: Platform, M: Mmio, C: DmaBuffer> Channel<'_, P, M, C> {
    /// Handles the channel's interrupt. Returns whether it was this channel's: lines are shared by
    /// the pairs 7/8 and 9/10.
    ///
    /// Context: interrupt handler, or a poll in its stead.
    pub fn interrupt(&self) -> bool {
        let mut state = self.state.lock();
        let io = &mut state.io;
        let status = CS.read(io);
        if !status.is_set(Cs::INT) {
            return false;
        }
        let flags = DEBUG.read(io).get() & ERRORS;
        let kept = Cs::ACTIVE.val(status.read(Cs::ACTIVE));
        CS.write(
            io,
            Cs::INT::SET + Cs::END::SET + Cs::WAIT_FOR_OUTSTANDING_WRITES::SET + kept,
        );
        if flags != 0 {
            DEBUG.set(io, flags);
        }
        let failed = flags != 0 || status.is_set(Cs::ERROR);
        let error = EngineError {
            status: status.get(),
            flags,
        };
        state.phase = Phase::Over(if failed { Err(error) } else { Ok(()) });
        true
    }

    /// What the interrupt said, once it has come.
    pub(crate) fn outcome(&self) -> Option<Result<(), EngineError>> {
        match self.state.lock().phase {
            Phase::Running => None,
            Phase::Over(outcome) => Some(outcome),
        }
    }
}
