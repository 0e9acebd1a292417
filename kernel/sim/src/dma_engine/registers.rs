//! Registers of the legacy DMA channels (BCM2711 ARM Peripherals, "DMA Controller").
//!
//! Written from the manual on its own, not shared with the driver: a mistake in one of the two
//! shows as a disagreement.

/// Bytes from one channel's registers to the next one's.
const STRIDE: usize = 0x100;
/// Channels that this model has: 11 to 14 have another layout, 15 lies elsewhere.
pub(crate) const CHANNELS: usize = 11;
/// The first channel with the reduced engine.
const FIRST_LITE: usize = 7;

pub(crate) const CS_ACTIVE: u32 = 1 << 0;
pub(crate) const CS_END: u32 = 1 << 1;
pub(crate) const CS_INT: u32 = 1 << 2;
pub(crate) const CS_PAUSED: u32 = 1 << 4;
pub(crate) const CS_WAITING_FOR_OUTSTANDING_WRITES: u32 = 1 << 6;
pub(crate) const CS_ERROR: u32 = 1 << 8;
pub(crate) const CS_WAIT_FOR_OUTSTANDING_WRITES: u32 = 1 << 28;
pub(crate) const CS_ABORT: u32 = 1 << 30;
pub(crate) const CS_RESET: u32 = 1 << 31;
/// Fields that keep what is written: DISDEBUG, WAIT_FOR_OUTSTANDING_WRITES, both priorities.
pub(crate) const CS_CONFIG: u32 = 0x30FF_0000;
pub(crate) const CS_RESERVED: u32 = 0x0F00_FE80;

pub(crate) const TI_INTEN: u32 = 1 << 0;
pub(crate) const TI_TDMODE: u32 = 1 << 1;
pub(crate) const TI_WAIT_RESP: u32 = 1 << 3;
pub(crate) const TI_DEST_INC: u32 = 1 << 4;
pub(crate) const TI_DEST_WIDTH128: u32 = 1 << 5;
pub(crate) const TI_DEST_DREQ: u32 = 1 << 6;
pub(crate) const TI_DEST_IGNORE: u32 = 1 << 7;
pub(crate) const TI_SRC_INC: u32 = 1 << 8;
pub(crate) const TI_SRC_WIDTH128: u32 = 1 << 9;
pub(crate) const TI_SRC_DREQ: u32 = 1 << 10;
pub(crate) const TI_SRC_IGNORE: u32 = 1 << 11;
pub(crate) const TI_BURST_SHIFT: u32 = 12;
pub(crate) const TI_RESERVED: u32 = 0xF800_0004;

pub(crate) const DEBUG_READ_ERROR: u32 = 1 << 2;
/// READ_LAST_NOT_SET, FIFO_ERROR, READ_ERROR: cleared by writing ones.
pub(crate) const DEBUG_ERRORS: u32 = 0b111;
pub(crate) const DEBUG_RESERVED: u32 = 0xE000_0008;
pub(crate) const DEBUG_VERSION: u32 = 2 << 25;
pub(crate) const DEBUG_LITE: u32 = 1 << 28;

/// One bit for each channel, 14 to 0, in ENABLE.
pub(crate) const ENABLE_CHANNELS: u32 = 0x7FFF;

/// What an offset into the block means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Channel(usize, Register),
    IntStatus,
    Enable,
}

/// A register of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Register {
    Cs,
    ConblkAd,
    Ti,
    SourceAd,
    DestAd,
    TxfrLen,
    Stride,
    Nextconbk,
    Debug,
}

const REGISTERS: [Register; 9] = [
    Register::Cs,
    Register::ConblkAd,
    Register::Ti,
    Register::SourceAd,
    Register::DestAd,
    Register::TxfrLen,
    Register::Stride,
    Register::Nextconbk,
    Register::Debug,
];

/// Decodes `offset`. Panics where the block has no register, or one of another layout.
pub(crate) fn decode(offset: usize) -> Place {
    match offset {
        0xFE0 => return Place::IntStatus,
        0xFF0 => return Place::Enable,
        _ => assert!(offset.is_multiple_of(4), "unaligned access at {offset:#x}"),
    }
    let (channel, register) = (offset / STRIDE, offset % STRIDE / 4);
    let dma4 = (CHANNELS..15).contains(&channel);
    assert!(
        !dma4,
        "channel {channel} is a DMA4 channel: another layout, not in this model"
    );
    match REGISTERS.get(register) {
        Some(&register) if channel < CHANNELS => Place::Channel(channel, register),
        _ => panic!("no register at {offset:#x}"),
    }
}

/// Does `channel` have the reduced engine?
pub(crate) const fn is_lite(channel: usize) -> bool {
    channel >= FIRST_LITE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_find_their_registers() {
        assert_eq!(decode(0x000), Place::Channel(0, Register::Cs));
        assert_eq!(decode(0x51C), Place::Channel(5, Register::Nextconbk));
        assert_eq!(decode(0xA20), Place::Channel(10, Register::Debug));
        assert_eq!(decode(0xFE0), Place::IntStatus);
        assert_eq!(decode(0xFF0), Place::Enable);
    }

    #[test]
    #[should_panic(expected = "unaligned access")]
    fn unaligned_offsets_panic() {
        decode(0x002);
    }

    #[test]
    #[should_panic(expected = "no register")]
    fn holes_panic() {
        decode(0x024);
    }

    #[test]
    #[should_panic(expected = "DMA4 channel")]
    fn channels_of_the_other_layout_panic() {
        decode(0xB00);
    }
}
