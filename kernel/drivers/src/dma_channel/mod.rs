//! Legacy DMA channels: between memory and memory, or memory and a register, by control blocks.
//!
//! ```text
//! source: Mapping, MappedSg or Register --\
//! dest:   Mapping, MappedSg or Register ---+--> Channel::start --> Transfer --wait--> both ends, at rest
//! control blocks -------------------------/         |                 |
//!                                               doorbell     interrupt, time-out or drop: halted first
//! ```
//!
//! The engine moves whole words, so its device description has a length granule of 4 and the mapping
//! layer rounds lengths up inside memory that the buffer, or its slot, owns. `start` refuses
//! whatever else would make the engine misbehave (in the emulator it would hang for ever).
//!
//! A channel keeps its control blocks mapped. While a transfer has them the channel is busy, so a
//! transfer that was forgotten is never overrun by the next one. A channel that does not confirm its
//! halt is not started again before [`Channel::revive`] finds it halted.
//!
//! Source: BCM2711 ARM Peripherals, "DMA Controller". Context is said at each call.

mod block;
mod channel;
mod controller;
mod end;
mod gather;
mod halt;
mod interrupt;
mod queries;
mod registers;
mod revive;
mod start;
mod transfer;
mod unfit;

pub use block::{BLOCK, ChainError, GRANULE};
pub use channel::Channel;
pub use controller::{ChannelId, Controller, LEGACY_CHANNELS, usable};
pub use end::{Dreq, End, Register, Sink, Source};
pub use interrupt::EngineError;
pub use registers::{CHANNEL_LEN, CHANNEL_STRIDE, GLOBAL_LEN, GLOBAL_OFFSET};
pub use revive::ReviveError;
pub use start::{Copy, Master, NotStarted, StartError};
pub use transfer::{Failure, Transfer, TransferError};
pub use unfit::Unfit;

use hal::DmaAddr;

/// A bus address as the channel's registers take it.
fn narrow(addr: DmaAddr) -> u32 {
    u32::try_from(addr.get()).expect("`Channel::new` tested that the device's mask has 32 bits")
}
