//! Starting a copy: check, launch three mappings, ring.

#![expect(
    unsafe_code,
    reason = "the one place where bus addresses reach control blocks"
)]

use super::block::{BLOCK, Chain, ChainError};
use super::channel::Channel;
use super::transfer::{Ends, Transfer};
use core::fmt;
use dma::{DeviceReads, DeviceWrites, Mapping};
use hal::{DmaAddr, DmaBuffer, Mmio, Platform};

/// A copy from one mapping to another.
pub struct Copy<S, T> {
    /// Read by the device.
    pub source: S,
    /// Written by the device.
    pub dest: T,
}

/// Why a copy was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartError {
    /// A transfer of this channel has not been ended, or was forgotten.
    Busy,
    /// A mapping was made for another bus master than this channel.
    OtherDevice {
        /// Whose it is.
        mapped_for: &'static str,
        /// Whose it should be.
        channel: &'static str,
    },
    /// The two mappings have different lengths.
    Lengths {
        /// Bytes of the source.
        source: u64,
        /// Bytes of the destination.
        dest: u64,
    },
    /// The copy is too long for the channel's control blocks.
    Chain(ChainError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => write!(f, "the channel is busy"),
            Self::OtherDevice {
                mapped_for,
                channel,
            } => {
                write!(f, "mapped for {mapped_for}, but the master is {channel}")
            }
            Self::Lengths { source, dest } => {
                write!(f, "source of {source} bytes, destination of {dest}")
            }
            Self::Chain(error) => error.fmt(f),
        }
    }
}

/// What is to be copied from and to.
type Between<'d, P, A, S, B, T> = Copy<Mapping<'d, P, A, S>, Mapping<'d, P, B, T>>;

/// A transfer, or the mappings back.
type Started<'c, 'd, P, M, C, A, S, B, T> = Result<
    Transfer<'c, 'd, P, M, C, A, S, B, T>,
    NotStarted<Mapping<'d, P, A, S>, Mapping<'d, P, B, T>>,
>;

/// A copy that was not started: the reason, and the mappings back.
pub struct NotStarted<S, T> {
    /// Why.
    pub error: StartError,
    /// The mappings, untouched.
    pub copy: Copy<S, T>,
}

impl<S, T> fmt::Debug for NotStarted<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

impl<'d, P: Platform, M: Mmio, C: DmaBuffer> Channel<'d, P, M, C> {
    /// Starts copying. The buffers come back from [`Transfer::wait`].
    ///
    /// Context: any; does not wait.
    pub fn start<'c, A, S, B, T>(
        &'c self,
        copy: Between<'d, P, A, S, B, T>,
    ) -> Started<'c, 'd, P, M, C, A, S, B, T>
    where
        A: DmaBuffer,
        S: DeviceReads,
        B: DmaBuffer,
        T: DeviceWrites,
    {
        let chain = match self.check(&copy) {
            Ok(chain) => chain,
            Err(error) => return Err(NotStarted { error, copy }),
        };
        let Some(blocks) = self.claim() else {
            return Err(NotStarted {
                error: StartError::Busy,
                copy,
            });
        };
        let Copy { source, dest } = copy;
        // SAFETY: the address goes into control blocks of this channel alone, which masters the bus
        // as the mapping's device (`check`), and reads there: the source words of the chain.
        let (from, source) = unsafe { source.launch(self) };
        // SAFETY: as above; the channel writes there: the destination words.
        let (to, dest) = unsafe { dest.launch(self) };
        let fill = |base: DmaAddr, memory: &mut [u8]| {
            chain.write(memory, narrow(base), narrow(from), narrow(to));
        };
        // SAFETY: the address goes into CONBLK_AD, and into the chain's own links; the channel reads
        // control blocks and does not write them.
        let (first, blocks) = unsafe { blocks.launch_with(self, fill) };
        // Control blocks and buffers (Normal memory) before the start bit (Device memory): the engine
        // fetches as soon as it sees ACTIVE.
        self.layer().platform().publish();
        self.ring(narrow(first));
        Ok(Transfer::new(self, blocks, Ends { source, dest }))
    }

    fn check<A, S, B, T>(&self, copy: &Between<'d, P, A, S, B, T>) -> Result<Chain, StartError>
    where
        A: DmaBuffer,
        S: DeviceReads,
        B: DmaBuffer,
        T: DeviceWrites,
    {
        for device in [copy.source.device(), copy.dest.device()] {
            if device.id() != self.device().id() {
                let (mapped_for, channel) = (device.name(), self.device().name());
                return Err(StartError::OtherDevice {
                    mapped_for,
                    channel,
                });
            }
        }
        let (source, dest) = (copy.source.len(), copy.dest.len());
        if source != dest {
            return Err(StartError::Lengths { source, dest });
        }
        let blocks = self.block_memory() / BLOCK;
        Chain::new(copy.dest.device_len(), self.max_block(), blocks).map_err(StartError::Chain)
    }
}

/// A bus address as the channel's registers take it.
fn narrow(addr: DmaAddr) -> u32 {
    u32::try_from(addr.get()).expect("`Channel::new` tested that the device's mask has 32 bits")
}
