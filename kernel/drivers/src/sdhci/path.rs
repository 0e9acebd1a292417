//! The way of a request: by the CPU, or by a DMA channel, whose limits count then.

use super::command::BLOCK;
use super::transfer::MAX_BLOCKS;
use crate::dma_channel::{Channel, Register};
use hal::{DmaBuffer, Mmio, Platform};

/// Who moves the words.
pub enum Path<'c, 'd, P: Platform, M, C: DmaBuffer> {
    /// The CPU.
    Pio(&'c P),
    /// A channel, whose limits count.
    Dma {
        /// The bus master.
        channel: &'c Channel<'d, P, M, C>,
        /// The controller's data port ([`DATA_PORT`](super::DATA_PORT)). Without a request line only
        /// where the port never runs empty: in the emulator.
        port: Register,
    },
}

impl<P: Platform, M, C: DmaBuffer> Clone for Path<'_, '_, P, M, C> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<P: Platform, M, C: DmaBuffer> Copy for Path<'_, '_, P, M, C> {}

impl<P: Platform, M: Mmio, C: DmaBuffer> Path<'_, '_, P, M, C> {
    /// Bytes of the longest request by this path, wherever its buffer lies: whole blocks, as many as
    /// the controller counts and as can bounce for the channel at once.
    pub fn max_bytes(&self) -> u64 {
        let counted = MAX_BLOCKS * BLOCK;
        match self {
            Self::Pio(_) => counted,
            Self::Dma { channel, .. } => {
                let max = channel.max_mapping_size();
                counted.min(max / BLOCK * BLOCK)
            }
        }
    }
}
