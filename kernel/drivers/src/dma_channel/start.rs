//! Starting a copy: check, launch control blocks and both ends, ring.

#![expect(
    unsafe_code,
    reason = "the one place where bus addresses reach control blocks"
)]

use super::block::{BLOCK, Chain, ChainError};
use super::channel::Channel;
use super::end::{End, Sink, Source};
use super::gather::Feed;
use super::narrow;
use super::transfer::{Ends, Transfer};
use core::fmt;
use dma::{DeviceId, DmaDevice};
use hal::{DmaAddr, DmaBuffer, Mmio, PhysRange, Platform};

/// A copy from a mapping, a mapped list or a [`Register`](super::Register) to another.
pub struct Copy<S, T> {
    /// Read by the device.
    pub source: S,
    /// Written by the device.
    pub dest: T,
}

/// A bus master, in errors. Two may have the same name, none the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Master {
    /// What it is called.
    pub name: &'static str,
    /// Which one it is.
    pub id: DeviceId,
}

impl Master {
    fn of(device: &DmaDevice) -> Self {
        let (name, id) = (device.name(), device.id());
        Self { name, id }
    }
}

impl fmt::Display for Master {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.id)
    }
}

/// Why a copy was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartError {
    /// A transfer of this channel has not been ended, or was forgotten.
    Busy,
    /// The last transfer ended without a halt of the channel, which has to be revived
    /// ([`Channel::revive`]).
    NotHalted,
    /// A mapping was made for another bus master than this channel.
    OtherDevice {
        /// Whose it is.
        mapped_for: Master,
        /// Whose it should be.
        channel: Master,
    },
    /// The two mappings have different lengths.
    Lengths {
        /// Bytes of the source.
        source: u64,
        /// Bytes of the destination.
        dest: u64,
    },
    /// Both ends are registers: nothing says how much to copy.
    NoLength,
    /// The channel's windows do not show a register (HW-9).
    Unseen {
        /// Where the CPU finds it.
        register: PhysRange,
        /// Who does not.
        channel: &'static str,
    },
    /// The copy is too long for the channel's control blocks.
    Chain(ChainError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => write!(f, "the channel is busy"),
            Self::NotHalted => write!(f, "the channel did not halt and was not revived"),
            Self::OtherDevice {
                mapped_for,
                channel,
            } => {
                write!(f, "mapped for {mapped_for}, but the master is {channel}")
            }
            Self::Lengths { source, dest } => {
                write!(f, "source of {source} bytes, destination of {dest}")
            }
            Self::NoLength => write!(f, "a copy between two registers has no length"),
            Self::Unseen { register, channel } => {
                write!(f, "no register window shows {register} to {channel}")
            }
            Self::Chain(error) => error.fmt(f),
        }
    }
}

/// A transfer, or both ends back.
type Started<'c, 'd, P, M, C, S, T> = Result<Transfer<'c, 'd, P, M, C, S, T>, NotStarted<S, T>>;

/// A copy that was not started: the reason, and both ends back.
pub struct NotStarted<S, T> {
    /// Why.
    pub error: StartError,
    /// Both ends, untouched.
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
    pub fn start<'c, S, T>(&'c self, copy: Copy<S, T>) -> Started<'c, 'd, P, M, C, S, T>
    where
        S: Source<P>,
        T: Sink<P>,
    {
        let chain = match self.check(&copy) {
            Ok(chain) => chain,
            Err(error) => return Err(NotStarted { error, copy }),
        };
        let blocks = match self.claim() {
            Ok(blocks) => blocks,
            Err(error) => return Err(NotStarted { error, copy }),
        };
        let Copy { source, dest } = copy;
        // SAFETY: the address goes into control blocks of this channel alone, which masters the bus
        // as the mapping's device (`check`), and reads there: the source words of the chain.
        let (from, source) = unsafe { source.read_by(self.device(), self) };
        // SAFETY: as above; the channel writes there: the destination words.
        let (to, dest) = unsafe { dest.written_by(self.device(), self) };
        let fill = |base: DmaAddr, memory: &mut [u8]| {
            let from = Feed::new(from, <S as End<P>>::runs(&source, from));
            let to = Feed::new(to, <T as End<P>>::runs(&dest, to));
            chain.write(memory, narrow(base), (from, to));
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

    fn check<S: Source<P>, T: Sink<P>>(&self, copy: &Copy<S, T>) -> Result<Chain, StartError> {
        for device in [copy.source.device(), copy.dest.device()] {
            self.check_lent(device)?;
        }
        let device = self.device();
        let unseen = copy.source.unseen(device).or(copy.dest.unseen(device));
        if let Some(register) = unseen {
            let channel = device.name();
            return Err(StartError::Unseen { register, channel });
        }
        if let (Some(source), Some(dest)) = (copy.source.length(), copy.dest.length())
            && source != dest
        {
            return Err(StartError::Lengths { source, dest });
        }
        let len = copy.dest.device_length().or(copy.source.device_length());
        let blocks = self.block_memory() / BLOCK;
        // What both may have, not what they have: that would tell how they were mapped.
        let cuts = copy.source.max_runs() - 1 + copy.dest.max_runs() - 1;
        let len = len.ok_or(StartError::NoLength)?;
        Chain::new(len, self.max_block(), blocks, cuts).map_err(StartError::Chain)
    }

    /// A mapping must have been made for this channel.
    fn check_lent(&self, device: Option<&DmaDevice>) -> Result<(), StartError> {
        let Some(device) = device else {
            return Ok(());
        };
        if device.id() != self.device().id() {
            let (mapped_for, channel) = (Master::of(device), Master::of(self.device()));
            return Err(StartError::OtherDevice {
                mapped_for,
                channel,
            });
        }
        Ok(())
    }
}
