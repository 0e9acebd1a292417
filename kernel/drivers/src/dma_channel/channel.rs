//! One channel: its registers, its control blocks, and what its interrupt means.

#![expect(
    unsafe_code,
    reason = "promises to the mapping layer that a halted channel is halted"
)]

use super::block::BLOCK;
use super::controller::ChannelId;
use super::halt::halt;
use super::registers::{CONBLK_AD, CS, Cs, DEBUG, ERRORS};
use core::fmt;
use dma::{Dma, DmaDevice, DmaMask, Engine, Halt, Mapping, Refused, ToDevice};
use hal::{DmaBuffer, IrqLock, Mmio, Platform};

/// Bytes that the engine moves at a time: lengths are multiples of it.
pub const GRANULE: u64 = 4;

/// What cannot be a channel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The device description allows lengths that the engine cannot do.
    Granule {
        /// Bytes that the description says.
        found: u64,
    },
    /// The device description allows addresses that no register of the channel holds.
    Mask,
    /// The memory for control blocks does not start on a multiple of [`BLOCK`], or is shorter.
    ControlMemory,
    /// The memory for control blocks cannot be mapped.
    Map(dma::MapError),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granule { found } => {
                write!(
                    f,
                    "the device's granule is {found} bytes, the engine's {GRANULE}"
                )
            }
            Self::Mask => write!(f, "the device's mask is wider than the channel's 32 bits"),
            Self::ControlMemory => write!(f, "control blocks need {BLOCK} aligned bytes at least"),
            Self::Map(error) => write!(f, "control blocks: {error}"),
        }
    }
}

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
enum Phase {
    Running,
    Over(Result<(), EngineError>),
}

/// The blocks of a channel at rest.
pub(crate) type Blocks<'d, P, C> = Mapping<'d, P, C, ToDevice>;

struct State<'d, P: Platform, M, C: DmaBuffer> {
    io: M,
    phase: Phase,
    /// The control blocks; a transfer has them while it lives.
    blocks: Option<Blocks<'d, P, C>>,
}

/// A legacy DMA channel.
///
/// Lock order: the channel's lock is taken last; nothing else is locked under it.
pub struct Channel<'d, P: Platform, M, C: DmaBuffer> {
    id: ChannelId,
    dma: &'d Dma<P>,
    device: &'d DmaDevice,
    max_block: u64,
    block_memory: u64,
    state: IrqLock<State<'d, P, M, C>, P>,
}

impl<'d, P: Platform, M: Mmio, C: DmaBuffer> Channel<'d, P, M, C> {
    /// Channel `id` behind `io` (its [`CHANNEL_LEN`](super::CHANNEL_LEN) bytes of registers), which
    /// masters the bus as `device`; `memory` holds its control blocks from now on.
    pub fn new(
        id: ChannelId,
        io: M,
        dma: &'d Dma<P>,
        device: &'d DmaDevice,
        memory: C,
    ) -> Result<Self, Unfit> {
        check(device, &memory)?;
        let blocks = dma
            .map(device, memory, ToDevice)
            .map_err(|Refused { error, .. }| Unfit::Map(error))?;
        let block_memory = blocks.len();
        let state = State {
            io,
            phase: Phase::Over(Ok(())),
            blocks: Some(blocks),
        };
        let max_block = id.max_block();
        Ok(Self {
            id,
            dma,
            device,
            max_block,
            block_memory,
            state: IrqLock::new(state),
        })
    }

    /// Moves at most `bytes` (at least a cache line) per control block, so that longer copies are
    /// chains.
    pub fn with_max_block(mut self, bytes: u64) -> Self {
        self.max_block = bytes.clamp(hal::LINE, self.id.max_block()) & !(GRANULE - 1);
        self
    }

    /// The channel's number.
    pub fn id(&self) -> ChannelId {
        self.id
    }

    /// The bus master that buffers have to be mapped for.
    pub fn device(&self) -> &'d DmaDevice {
        self.device
    }

    /// The layer that buffers have to be mapped by.
    pub fn layer(&self) -> &'d Dma<P> {
        self.dma
    }

    pub(crate) fn max_block(&self) -> u64 {
        self.max_block
    }

    /// Bytes of control blocks.
    pub(crate) fn block_memory(&self) -> u64 {
        self.block_memory
    }

    /// Takes the control blocks: the channel is busy until they come back.
    pub(crate) fn claim(&self) -> Option<Blocks<'d, P, C>> {
        self.state.lock().blocks.take()
    }

    /// The transfer is over for good.
    pub(crate) fn give_back(&self, blocks: Blocks<'d, P, C>) {
        self.state.lock().blocks = Some(blocks);
    }

    /// The doorbell: starts the chain at bus address `first`.
    pub(crate) fn ring(&self, first: u32) {
        let mut state = self.state.lock();
        state.phase = Phase::Running;
        let io = &mut state.io;
        // Both acknowledged, should the last transfer have left them.
        CS.write(io, Cs::INT::SET + Cs::END::SET);
        CONBLK_AD.set(io, first);
        CS.write(io, Cs::ACTIVE::SET + Cs::WAIT_FOR_OUTSTANDING_WRITES::SET);
    }

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

    /// The CS register as it stands, for messages.
    pub(crate) fn status(&self) -> u32 {
        CS.read(&mut self.state.lock().io).get()
    }
}

fn check<C: DmaBuffer>(device: &DmaDevice, memory: &C) -> Result<(), Unfit> {
    let found = device.limits().granule;
    if !found.is_multiple_of(GRANULE) {
        return Err(Unfit::Granule { found });
    }
    if device.mask() > DmaMask::bits(32) {
        return Err(Unfit::Mask);
    }
    let range = memory.range();
    if !range.start().is_aligned(BLOCK) || range.len() < BLOCK {
        return Err(Unfit::ControlMemory);
    }
    Ok(())
}

// SAFETY: `halt` confirms only a channel whose chain has ended with all writes answered, or that was
// reset and reads back idle. It is started by `ring` alone, which `start` calls once per transfer
// with that transfer's own control blocks.
unsafe impl<P: Platform, M: Mmio, C: DmaBuffer> Engine for &Channel<'_, P, M, C> {
    fn halt(&self) -> Halt {
        halt(&mut self.state.lock().io)
    }
}
