//! Drivers of BCM2711 blocks: registers in one file, behaviour in the next.
//!
//! All are generic over [`hal::Mmio`], so that each runs on a host against a model that reacts like
//! the chip. Addresses come from the device tree; none is written down here.
//!
//! | module | block | bus master |
//! |---|---|---|
//! | [`dma_channel`] | legacy DMA controller, channels 0-10 | yes: low GiB, whole words |
//! | [`mailbox`] | VideoCore mailbox, property channel | yes: low GiB |
//! | [`sdhci`] | SD host controllers EMMC1, EMMC2 | by a DMA channel, or not |
//! | [`power`] | PM block: watchdog, reset, power off | no |
//! | [`gpio`] | pin functions | no |
//! | [`pl011`] | UART0 | not here |

#![no_std]

pub mod dma_channel;
pub mod gpio;
pub mod mailbox;
pub mod pl011;
pub mod power;
mod reg;
pub mod sdhci;
