//! What all channels share: the enable bits, and which channels are ours.

use super::registers::ENABLE;
use hal::{Irq, IrqLock, Mmio, Rank};

/// Legacy channels of the chip. 11 to 14 have another layout, 15 is the VideoCore's.
pub const LEGACY_CHANNELS: u32 = 11;
/// Channels 7 to 10 are lite.
const LITE: core::ops::RangeInclusive<u32> = 7..=10;

/// The number of a legacy channel that the ARM may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelId(u32);

impl ChannelId {
    /// The channel's number, 0 to 10.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The most that one control block of this channel moves, in bytes: a multiple of the word.
    /// Lite channels have 16 bits of length; 64 KiB itself is believed not to work there.
    pub fn max_block(self) -> u64 {
        if LITE.contains(&self.0) {
            0xFFFC
        } else {
            0x3FFF_FFFC
        }
    }
}

/// The legacy channels that both masks leave to the ARM: the device tree's
/// (`brcm,dma-channel-mask`) and the firmware's answer (tag 0x60001). Others belong to the firmware
/// and are never touched. Without an answer the tree decides.
pub fn usable(tree: u32, firmware: Option<u32>) -> impl Iterator<Item = ChannelId> {
    let mask = tree & firmware.unwrap_or(u32::MAX);
    (0..LEGACY_CHANNELS)
        .filter(move |n| mask >> n & 1 == 1)
        .map(ChannelId)
}

/// The shared registers.
pub struct Controller<M, I> {
    // Lock order: rank `Device`; nothing is locked under it.
    io: IrqLock<M, I>,
}

impl<M: Mmio, I: Irq> Controller<M, I> {
    /// The controller behind `io`, which starts at [`GLOBAL_OFFSET`](super::GLOBAL_OFFSET).
    pub const fn new(io: M) -> Self {
        Self {
            io: IrqLock::new(Rank::Device, "DMA controller", io),
        }
    }

    /// Lets a channel run. Context: any.
    pub fn enable(&self, channel: ChannelId) {
        self.change(|bits| bits | 1 << channel.0);
    }

    /// Stops a channel from starting: a transfer started meanwhile stays active and moves nothing
    /// until the channel is enabled. Context: any.
    pub fn disable(&self, channel: ChannelId) {
        self.change(|bits| bits & !(1 << channel.0));
    }

    fn change(&self, to: impl FnOnce(u32) -> u32) {
        let mut io = self.io.lock();
        let found = ENABLE.read(&mut *io).get();
        ENABLE.set(&mut *io, to(found));
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn numbers(tree: u32, firmware: Option<u32>) -> Vec<u32> {
        usable(tree, firmware).map(ChannelId::number).collect()
    }

    #[test]
    fn only_channels_that_both_masks_leave_are_used() {
        assert_eq!(numbers(0x07F5, Some(0x3C)), [2, 4, 5]);
        assert_eq!(numbers(0x07F5, None), [0, 2, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(numbers(0x7000, Some(u32::MAX)), []);
    }

    #[test]
    fn lite_channels_move_less_than_64_kib() {
        let max: Vec<_> = usable(0xC0, None).map(ChannelId::max_block).collect();
        assert_eq!(max, [0x3FFF_FFFC, 0xFFFC]);
    }
}
