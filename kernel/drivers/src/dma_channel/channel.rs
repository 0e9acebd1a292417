//! One channel: its registers and its control blocks, which are the channel's own or a transfer's.
//!
//! What may become a channel is `unfit`'s to say, what its interrupt means `interrupt`'s.

#![expect(
    unsafe_code,
    reason = "promises to the mapping layer that a halted channel is halted"
)]

use super::block::GRANULE;
use super::controller::ChannelId;
use super::halt::halt;
use super::interrupt::Phase;
use super::registers::{CONBLK_AD, CS, Cs, DEBUG, ERRORS};
use super::start::StartError;
use super::unfit::{Unfit, check};
use dma::{Dma, DmaDevice, Engine, EngineId, Halt, Mapping, Refused, ToDevice};
use hal::{DmaBuffer, IrqLock, Mmio, Platform, Rank};

/// The blocks of a channel at rest.
pub(crate) type Blocks<'d, P, C> = Mapping<'d, P, C, ToDevice>;

/// Who has the control blocks.
pub(super) enum Keeper<'d, P: Platform, C: DmaBuffer> {
    /// The channel, at rest.
    Channel(Blocks<'d, P, C>),
    /// A transfer, for as long as it lives: for good if it was forgotten.
    Transfer,
    /// The quarantine: the channel did not halt.
    Quarantine,
}

pub(super) struct State<'d, P: Platform, M, C: DmaBuffer> {
    pub(super) io: M,
    pub(super) phase: Phase,
    pub(super) blocks: Keeper<'d, P, C>,
}

/// A legacy DMA channel.
///
/// Lock order: the channel's lock has rank `Device`; nothing else is locked under it.
pub struct Channel<'d, P: Platform, M, C: DmaBuffer> {
    id: ChannelId,
    engine: EngineId,
    dma: &'d Dma<P>,
    device: &'d DmaDevice,
    max_block: u64,
    block_memory: u64,
    pub(super) state: IrqLock<State<'d, P, M, C>, P>,
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
        let blocks = map_blocks(dma, device, memory)?;
        let block_memory = blocks.len();
        let state = State {
            io,
            phase: Phase::Over(Ok(())),
            blocks: Keeper::Channel(blocks),
        };
        let max_block = id.max_block();
        Ok(Self {
            id,
            engine: EngineId::new(),
            dma,
            device,
            max_block,
            block_memory,
            state: IrqLock::new(Rank::Device, "DMA channel", state),
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
    pub(crate) fn claim(&self) -> Result<Blocks<'d, P, C>, StartError> {
        let keeper = &mut self.state.lock().blocks;
        match core::mem::replace(keeper, Keeper::Transfer) {
            Keeper::Channel(blocks) => Ok(blocks),
            Keeper::Transfer => Err(StartError::Busy),
            Keeper::Quarantine => {
                *keeper = Keeper::Quarantine;
                Err(StartError::NotHalted)
            }
        }
    }

    /// The transfer is over for good.
    pub(crate) fn give_back(&self, blocks: Blocks<'d, P, C>) {
        self.state.lock().blocks = Keeper::Channel(blocks);
    }

    /// The transfer is over, but the channel did not halt, and its control blocks are in quarantine.
    pub(crate) fn give_up(&self) {
        self.state.lock().blocks = Keeper::Quarantine;
    }

    /// The doorbell: starts the chain at bus address `first`.
    pub(crate) fn ring(&self, first: u32) {
        let mut state = self.state.lock();
        state.phase = Phase::Running;
        let io = &mut state.io;
        // What the last transfer, or whoever had the channel before, left and nobody acknowledged.
        CS.write(io, Cs::INT::SET + Cs::END::SET);
        // Nothing is stored where nothing is set: the emulator keeps what is stored there.
        let flags = DEBUG.read(io).get() & ERRORS;
        if flags != 0 {
            DEBUG.set(io, flags);
        }
        CONBLK_AD.set(io, first);
        CS.write(io, Cs::ACTIVE::SET + Cs::WAIT_FOR_OUTSTANDING_WRITES::SET);
    }

    /// The CS register as it stands, for messages.
    pub(crate) fn status(&self) -> u32 {
        CS.read(&mut self.state.lock().io).get()
    }
}

/// Memory for control blocks, lent to the channel.
pub(super) fn map_blocks<'d, P: Platform, C: DmaBuffer>(
    dma: &'d Dma<P>,
    device: &'d DmaDevice,
    memory: C,
) -> Result<Blocks<'d, P, C>, Unfit> {
    check(device, &memory)?;
    dma.map(device, memory, ToDevice)
        .map_err(|Refused { error, .. }| Unfit::Map(error))
}

// SAFETY: `id` is the channel's own, made with it. `halt` confirms only a channel whose chain has ended with all writes answered, or that was
// reset and reads back idle. It is started by `ring` alone, which `start` calls once per transfer
// with that transfer's own control blocks.
unsafe impl<P: Platform, M: Mmio, C: DmaBuffer> Engine for &Channel<'_, P, M, C> {
    fn id(&self) -> EngineId {
        self.engine
    }

    fn halt(&self) -> Halt {
        halt(&mut self.state.lock().io)
    }
}
