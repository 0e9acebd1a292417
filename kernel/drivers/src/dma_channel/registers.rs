//! Registers of the legacy DMA controller (BCM2711 ARM Peripherals, "DMA Controller").

use crate::reg::Reg;
use tock_registers::register_bitfields;

register_bitfields! {u32,
    /// Control and status of a channel.
    pub(crate) Cs [
        /// Resets the channel; clears itself.
        RESET OFFSET(31) NUMBITS(1) [],
        /// Ends the current control block and goes on with the next: not a stop.
        ABORT OFFSET(30) NUMBITS(1) [],
        /// At the end of a block, wait until its last write has arrived.
        WAIT_FOR_OUTSTANDING_WRITES OFFSET(28) NUMBITS(1) [],
        PANIC_PRIORITY OFFSET(20) NUMBITS(4) [],
        PRIORITY OFFSET(16) NUMBITS(4) [],
        /// An error flag is set in DEBUG.
        ERROR OFFSET(8) NUMBITS(1) [],
        /// Writes are still on their way.
        WAITING_FOR_OUTSTANDING_WRITES OFFSET(6) NUMBITS(1) [],
        PAUSED OFFSET(4) NUMBITS(1) [],
        /// A block with INTEN has ended. Write 1 to clear.
        INT OFFSET(2) NUMBITS(1) [],
        /// A block has ended. Write 1 to clear.
        END OFFSET(1) NUMBITS(1) [],
        /// Run. Also 0 while paused, so no sign of idleness.
        ACTIVE OFFSET(0) NUMBITS(1) []
    ],
    /// What a control block asks for.
    pub(crate) Ti [
        /// Beats per burst less one. Left at 0: longer bursts stall the bus on some channels.
        BURST_LENGTH OFFSET(12) NUMBITS(4) [],
        /// The request line that paces the transfer.
        PERMAP OFFSET(16) NUMBITS(5) [],
        /// Read when the request line says so.
        SRC_DREQ OFFSET(10) NUMBITS(1) [],
        SRC_INC OFFSET(8) NUMBITS(1) [],
        /// Write when the request line says so.
        DEST_DREQ OFFSET(6) NUMBITS(1) [],
        DEST_INC OFFSET(4) NUMBITS(1) [],
        /// Wait for the response to each write.
        WAIT_RESP OFFSET(3) NUMBITS(1) [],
        /// Raise the channel's interrupt at the end of the block.
        INTEN OFFSET(0) NUMBITS(1) []
    ],
    /// What went wrong, and what the channel is.
    pub(crate) Debug [
        /// A lite channel: half the bandwidth, lengths of 16 bits.
        LITE OFFSET(28) NUMBITS(1) [],
        VERSION OFFSET(25) NUMBITS(3) [],
        /// The error flags: write 1 to clear.
        READ_ERROR OFFSET(2) NUMBITS(1) [],
        FIFO_ERROR OFFSET(1) NUMBITS(1) [],
        READ_LAST_NOT_SET OFFSET(0) NUMBITS(1) []
    ]
}

/// Control and status.
pub(crate) const CS: Reg<Cs::Register> = Reg::at(0x00);
/// Bus address of the control block; 0 when the chain has ended.
pub(crate) const CONBLK_AD: Reg = Reg::at(0x04);
/// Errors.
pub(crate) const DEBUG: Reg<Debug::Register> = Reg::at(0x20);

/// Bytes from one channel's registers to the next one's.
pub const CHANNEL_STRIDE: u64 = 0x100;
/// Bytes of one channel's registers.
pub const CHANNEL_LEN: u64 = 0x24;
/// The controller's own registers, from the start of channel 0.
pub const GLOBAL_OFFSET: u64 = 0xFE0;
/// Bytes of the controller's own registers.
pub const GLOBAL_LEN: u64 = 0x14;
/// One enable bit per channel, from [`GLOBAL_OFFSET`]. Bits 24 and up move the window onto RAM of
/// all channels, the firmware's too: they are kept as found.
pub(crate) const ENABLE: Reg = Reg::at(0x10);

/// All error flags of DEBUG.
pub(crate) const ERRORS: u32 = 0b111;
