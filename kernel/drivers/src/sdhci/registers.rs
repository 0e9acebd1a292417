//! Registers of an SD host controller (SD Host Controller Simplified Specification 3.00), as 32-bit
//! words: the controllers of this chip know no narrower access.

use crate::reg::Reg;
use tock_registers::register_bitfields;

register_bitfields! {u32,
    /// Block size and block count: one word, so that both halves go out together.
    pub(crate) Blocks [
        COUNT OFFSET(16) NUMBITS(16) [],
        SIZE OFFSET(0) NUMBITS(12) []
    ],
    /// Transfer mode and command. The store starts the command.
    pub(crate) Command [
        INDEX OFFSET(24) NUMBITS(6) [],
        /// Data follow on the DAT lines.
        DATA OFFSET(21) NUMBITS(1) [],
        CHECK_INDEX OFFSET(20) NUMBITS(1) [],
        CHECK_CRC OFFSET(19) NUMBITS(1) [],
        RESPONSE OFFSET(16) NUMBITS(2) [
            None = 0,
            /// 136 bits.
            Long = 1,
            /// 48 bits.
            Short = 2,
            /// 48 bits, then busy on DAT0.
            ShortBusy = 3
        ],
        MULTI_BLOCK OFFSET(5) NUMBITS(1) [],
        /// From the card.
        READ OFFSET(4) NUMBITS(1) [],
        /// CMD12 behind the last block, by the controller.
        AUTO_CMD12 OFFSET(2) NUMBITS(1) [],
        BLOCK_COUNT_ENABLE OFFSET(1) NUMBITS(1) []
    ],
    /// What the lines do.
    pub(crate) Present [
        DAT_INHIBIT OFFSET(1) NUMBITS(1) [],
        CMD_INHIBIT OFFSET(0) NUMBITS(1) []
    ],
    /// Bus width and bus power.
    pub(crate) Control [
        /// 7: 3.3 V.
        VOLTAGE OFFSET(9) NUMBITS(3) [],
        POWER OFFSET(8) NUMBITS(1) [],
        FOUR_BITS OFFSET(1) NUMBITS(1) []
    ],
    /// Clock, data time-out, resets.
    pub(crate) Clocks [
        RESET_DAT OFFSET(26) NUMBITS(1) [],
        RESET_CMD OFFSET(25) NUMBITS(1) [],
        RESET_ALL OFFSET(24) NUMBITS(1) [],
        /// 2 to the power of 13 and this many periods.
        TIMEOUT OFFSET(16) NUMBITS(4) [],
        DIVIDER_LOW OFFSET(8) NUMBITS(8) [],
        DIVIDER_HIGH OFFSET(6) NUMBITS(2) [],
        CARD_ENABLE OFFSET(2) NUMBITS(1) [],
        STABLE OFFSET(1) NUMBITS(1) [],
        ENABLE OFFSET(0) NUMBITS(1) []
    ],
    /// What happened. Write 1 to clear.
    pub(crate) Events [
        AUTO_CMD OFFSET(24) NUMBITS(1) [],
        DATA_END OFFSET(22) NUMBITS(1) [],
        DATA_CRC OFFSET(21) NUMBITS(1) [],
        DATA_TIMEOUT OFFSET(20) NUMBITS(1) [],
        COMMAND_INDEX OFFSET(19) NUMBITS(1) [],
        COMMAND_END OFFSET(18) NUMBITS(1) [],
        COMMAND_CRC OFFSET(17) NUMBITS(1) [],
        COMMAND_TIMEOUT OFFSET(16) NUMBITS(1) [],
        READ_READY OFFSET(5) NUMBITS(1) [],
        WRITE_READY OFFSET(4) NUMBITS(1) [],
        TRANSFER_COMPLETE OFFSET(1) NUMBITS(1) [],
        COMMAND_COMPLETE OFFSET(0) NUMBITS(1) []
    ]
}

/// Size and count of the blocks that the next command moves.
pub(crate) const BLOCKS: Reg<Blocks::Register> = Reg::at(0x04);
/// The argument of the next command.
pub(crate) const ARGUMENT: Reg = Reg::at(0x08);
/// The doorbell.
pub(crate) const COMMAND: Reg<Command::Register> = Reg::at(0x0C);
/// The answer, lowest word first.
pub(crate) const RESPONSE: [Reg; 4] = [Reg::at(0x10), Reg::at(0x14), Reg::at(0x18), Reg::at(0x1C)];
/// The FIFO.
pub(crate) const DATA: Reg = Reg::at(DATA_PORT as usize);
/// Lines.
pub(crate) const PRESENT: Reg<Present::Register> = Reg::at(0x24);
/// Width and power.
pub(crate) const CONTROL: Reg<Control::Register> = Reg::at(0x28);
/// Clock and resets.
pub(crate) const CLOCKS: Reg<Clocks::Register> = Reg::at(0x2C);
/// What happened.
pub(crate) const EVENTS: Reg<Events::Register> = Reg::at(0x30);
/// Which events are recorded.
pub(crate) const RECORDED: Reg = Reg::at(0x34);
/// Which events interrupt.
pub(crate) const INTERRUPTS: Reg = Reg::at(0x38);

/// Where a DMA channel finds the FIFO, from the start of the block.
pub const DATA_PORT: u64 = 0x20;
/// Bytes of a controller's registers.
pub const BLOCK_LEN: u64 = 0x100;

/// The events that are errors.
pub(crate) const ERRORS: u32 = 0xFFFF_0000;
/// All events of this driver: all errors, and the ends of commands and data.
pub(crate) const ALL_EVENTS: u32 = 0x017F_0033;
