//! What a client of a channel has to know before it builds a request.
//!
//! The limits are those of whoever masters the bus, which is the channel, never the client. So the
//! client asks the channel, and maps by it: it has no device to ask the wrong thing of.

use super::block::BLOCK;
use super::channel::Channel;
use dma::{
    Attrs, DeviceOwnedSg, Direction, DmaMask, Limits, MappedSg, Mapping, Refused, SgRefused,
    SgTable,
};
use hal::{DmaBuffer, LINE, Mmio, Platform};

impl<'d, P: Platform, M: Mmio, C: DmaBuffer> Channel<'d, P, M, C> {
    /// Bytes that one transfer may always have, wherever in RAM they lie: what can be mapped at once,
    /// and what the control blocks hold.
    pub fn max_mapping_size(&self) -> u64 {
        let mapped = self.layer().max_mapping_size(self.device());
        mapped.min(self.max_transfer())
    }

    /// Bytes that are moved at the least cost per byte.
    pub fn opt_mapping_size(&self) -> u64 {
        self.max_mapping_size()
    }

    /// Alignment masks, boundaries, granules, segments.
    pub fn limits(&self) -> &'d Limits {
        self.device().limits()
    }

    /// The smallest mask that would hold every address of RAM on this bus.
    pub fn required_mask(&self) -> DmaMask {
        self.device().required_mask()
    }

    /// Is there RAM that the channel does not reach?
    pub fn addressing_limited(&self) -> bool {
        self.device().addressing_limited()
    }

    /// Lends `buffer` to the channel, for [`start`](Self::start).
    ///
    /// Context: any; waits for the pool's lock alone.
    pub fn map<B: DmaBuffer, D: Direction>(
        &self,
        buffer: B,
        direction: D,
    ) -> Result<Mapping<'d, P, B, D>, Refused<B>> {
        self.layer().map(self.device(), buffer, direction)
    }

    /// As [`map`](Self::map), with attributes.
    pub fn map_attrs<B: DmaBuffer, D: Direction>(
        &self,
        buffer: B,
        direction: D,
        attrs: Attrs,
    ) -> Result<Mapping<'d, P, B, D>, Refused<B>> {
        self.layer()
            .map_attrs(self.device(), buffer, direction, attrs)
    }

    /// Lends a list to the channel, for [`start`](Self::start).
    ///
    /// Context: any; waits for the pool's lock alone.
    pub fn map_sg<B: DmaBuffer, D: Direction>(
        &self,
        table: SgTable<B>,
        direction: D,
    ) -> Result<MappedSg<'d, P, B, D>, SgRefused<SgTable<B>>> {
        self.layer().map_sg(self.device(), table, direction)
    }

    /// Lends a list that another transfer left to the devices, for [`start`](Self::start).
    ///
    /// Context: any; does not wait.
    pub fn map_sg_device_owned<B: DmaBuffer, D: Direction>(
        &self,
        owned: DeviceOwnedSg<'d, P, B>,
        direction: D,
    ) -> Result<MappedSg<'d, P, B, D>, SgRefused<DeviceOwnedSg<'d, P, B>>> {
        self.layer()
            .map_sg_device_owned(self.device(), owned, direction)
    }

    /// Bytes that a chain in the channel's control blocks moves.
    fn max_transfer(&self) -> u64 {
        let step = (self.max_block() & !(LINE - 1)).max(LINE);
        step.saturating_mul(self.block_memory() / BLOCK)
    }
}
