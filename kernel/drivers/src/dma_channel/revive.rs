//! Bringing back a channel that would not halt.
//!
//! Its last transfer's memory is in quarantine, control blocks and all. If it has come to its senses
//! since, which its own registers tell, that memory is nobody's secret any more: it goes back to where
//! it came from, and the channel works again with other control blocks. If it has not, nothing
//! changes, and one may ask again later.

use super::channel::{Channel, Keeper, map_blocks};
use super::halt::reset;
use super::unfit::Unfit;
use core::fmt;
use dma::Halt;
use hal::{DmaBuffer, Mmio, Platform};

/// Why a channel was not revived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviveError {
    /// There is nothing to revive: it is at rest, or a transfer has it.
    NotLost,
    /// It still does not halt.
    Running {
        /// The CS register.
        status: u32,
    },
    /// The memory for its control blocks will not do.
    Unfit(Unfit),
}

impl fmt::Display for ReviveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLost => write!(f, "the channel halted as it should: nothing to revive"),
            Self::Running { status } => {
                write!(f, "the channel still does not halt (CS {status:#010x})")
            }
            Self::Unfit(unfit) => unfit.fmt(f),
        }
    }
}

impl<P: Platform, M: Mmio, C: DmaBuffer> Channel<'_, P, M, C> {
    /// Halts and resets a channel whose last transfer could not be ended. Once the registers confirm
    /// it, everything that the channel left in quarantine is free again, and the channel works with
    /// control blocks in `memory`, which is as long as the last one at least. Returns how many buffers
    /// came out of quarantine.
    ///
    /// Where it fails `memory` is let go of, and all else is as before.
    ///
    /// Context: thread; runs the destructors of buffers.
    pub fn revive(&self, memory: C) -> Result<usize, ReviveError> {
        let blocks = map_blocks(self.layer(), self.device(), memory).map_err(ReviveError::Unfit)?;
        if blocks.len() < self.block_memory() {
            return Err(ReviveError::Unfit(Unfit::ControlMemory));
        }
        // From here on the channel is in use, so that no other caller revives it as well.
        self.take_lost()?;
        match self.free_lost() {
            Some(freed) => {
                self.give_back(blocks);
                Ok(freed)
            }
            None => {
                self.give_up();
                let status = self.status();
                Err(ReviveError::Running { status })
            }
        }
    }

    fn take_lost(&self) -> Result<(), ReviveError> {
        let keeper = &mut self.state.lock().blocks;
        match keeper {
            Keeper::Quarantine => {
                *keeper = Keeper::Transfer;
                Ok(())
            }
            Keeper::Channel(_) | Keeper::Transfer => Err(ReviveError::NotLost),
        }
    }

    /// The quarantine's memory, once the channel is halted and out of its reset.
    fn free_lost(&self) -> Option<usize> {
        let freed = self.layer().halt_again(self)?;
        match reset(&mut self.state.lock().io) {
            Halt::Confirmed => Some(freed),
            Halt::Unconfirmed => None,
        }
    }
}
