//! SD cards behind an SD host controller (SDHCI 3.0): EMMC2, and EMMC1 in the emulator.
//!
//! ```text
//! registers + clock -> Host --Card::identify--> Card --read/write--> buffer, or error and buffer
//!                        ^                        |
//!                        +------- into_host ------+   (another card)
//! ```
//!
//! | file | is |
//! |---|---|
//! | `host` | the controller: reset, clock, power, waits |
//! | `command` | commands and their answers |
//! | `card` | identification, SDSC and SDHC/SDXC |
//! | `info` | what CID and CSD say |
//! | `transfer` | requests and what they have in common |
//! | `path` | which way a request goes, and how long it may be |
//! | `pio`, `dma` | the two ways in which words move |
//!
//! The card's power and its 3.3 V are the firmware's; UHS modes are not used.
//!
//! Sources: SD Host Controller Simplified Specification 3.00, SD Physical Layer Simplified
//! Specification 3.01, BCM2711 ARM Peripherals ("External Mass Media Controller").

mod card;
mod command;
mod dma;
mod error;
mod host;
mod info;
mod path;
mod pio;
mod registers;
mod transfer;

pub use card::{Card, Unidentified};
pub use command::BLOCK;
pub use error::{SdError, Wait};
pub use host::Host;
pub use info::{Addressing, Info};
pub use path::Path;
pub use registers::{BLOCK_LEN, DATA_PORT};
pub use transfer::{BlockBuffer, Failed, MAX_BLOCKS, Traffic};
