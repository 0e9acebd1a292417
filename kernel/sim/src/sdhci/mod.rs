//! An SD host controller and the card behind it (SDHCI 3.0, SD Physical Layer).
//!
//! Takes what the controllers of the BCM2711 take and panics on the rest: registers that are not
//! words, stores that follow each other faster than the SD clock lets through, a bus clocked beyond
//! what the card's state allows, commands with the wrong kind of answer, commands on lines that an
//! error has blocked, words read from an empty FIFO. Blocks take their time: a FIFO that has been
//! emptied (or filled) is ready again a few looks later.
//!
//! Written from the specifications on its own, not shared with the driver.

mod card;
mod command;
mod controller;
mod data;

pub use card::CardKind;

use crate::Machine;
use crate::dma_engine::Port;
use controller::Controller;
use hal::Mmio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What goes wrong, from [`Sdhci::inject`] until [`Sdhci::release`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A command is not answered.
    NoAnswer(u8),
    /// The answer to a command has a bad CRC.
    AnswerCrc(u8),
    /// The controller never ends a command.
    Mute(u8),
    /// The card answers a command with these bits in its status.
    Status(u8, u32),
    /// The block after so many good ones has a bad CRC.
    DataCrc(u64),
    /// The block after so many good ones does not come in time.
    DataTimeout(u64),
    /// Nothing is ready, and nothing is said, after so many good blocks.
    Stall(u64),
    /// The controller does not come out of its reset.
    Reset,
    /// The clock does not become stable.
    Clock,
    /// The command line never becomes free.
    Lines,
    /// The card stays busy behind a command.
    Busy(u8),
    /// The card does not power up.
    PowerUp,
    /// The card does not come back from programming.
    Programming,
}

/// The controller. Clones are handles to the same one; the one that a driver owns is its [`Mmio`],
/// the one that is attached to a DMA controller is its data port.
#[derive(Clone)]
pub struct Sdhci(Arc<Mutex<Controller>>);

impl Sdhci {
    /// An empty slot, fed with `base_hz`, on `machine`'s clock.
    pub fn new(machine: &Machine, base_hz: u32) -> Self {
        Self(Arc::new(Mutex::new(Controller::new(
            machine.clone(),
            base_hz,
        ))))
    }

    fn lock(&self) -> MutexGuard<'_, Controller> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a card that holds `image` into the slot. Panics on a size that the kind cannot have.
    pub fn insert(&self, kind: CardKind, image: Vec<u8>) {
        self.lock().insert(kind, image);
    }

    /// Pulls the card, whatever it is doing. Its bytes.
    pub fn remove(&self) -> Vec<u8> {
        self.lock().remove()
    }

    /// The card's bytes.
    pub fn image(&self) -> Vec<u8> {
        self.lock().image()
    }

    /// Lets `fault` happen, in place of the one before.
    pub fn inject(&self, fault: Fault) {
        self.lock().fault = Some(fault);
    }

    /// Ends the fault.
    pub fn release(&self) {
        self.lock().fault = None;
    }
}

impl Mmio for Sdhci {
    fn read32(&mut self, offset: usize) -> u32 {
        self.lock().read(offset)
    }

    fn write32(&mut self, offset: usize, value: u32) {
        self.lock().write(offset, value);
    }
}

/// The data port, with its request line.
impl Port for Sdhci {
    fn read32(&mut self, offset: u32) -> u32 {
        assert_eq!(offset, 0, "the port is one word");
        self.lock().take_word()
    }

    fn write32(&mut self, offset: u32, value: u32) {
        assert_eq!(offset, 0, "the port is one word");
        self.lock().give_word(value);
    }

    fn ready(&mut self) -> bool {
        self.lock().requests_word()
    }
}
