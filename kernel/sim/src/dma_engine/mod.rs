//! The legacy DMA controller of the BCM2711 (ARM Peripherals, chapter "DMA Controller"): channels 0
//! to 10, of which 7 to 10 are lite.
//!
//! Register semantics are the chip's where it defines them. Where it does not, or where a real
//! system hangs (lengths that are not whole words, reserved bits, a channel of the firmware), the
//! model panics. It is also slow where the chip may be: the last writes of a transfer stay
//! outstanding after END unless the control block says WAIT_RESP or the channel
//! WAIT_FOR_OUTSTANDING_WRITES, and after a pause for a few reads of CS.
//!
//! Data moves between RAM and RAM, word by word, with the machine's adversary between the words;
//! the CPU's cache is never asked. Register targets are [`Port`]s that a test attaches.

mod block;
mod channel;
mod controller;
mod moves;
mod port;
mod registers;

pub use channel::Faults;
pub use port::Port;

use crate::Machine;
use controller::Controller;
use hal::Mmio;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// When a transfer that was started moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Inside the register store that starts it, as in the emulator.
    AtOnce,
    /// When the test calls [`DmaEngine::step`] or [`DmaEngine::run`].
    Stepped,
}

/// The controller. Clones are handles to the same one; the one that a driver owns is its [`Mmio`].
#[derive(Clone)]
pub struct DmaEngine(Arc<Mutex<Controller>>);

impl DmaEngine {
    /// All channels idle, enabled and the ARM's; transfers move at once.
    pub fn new(machine: &Machine) -> Self {
        Self(Arc::new(Mutex::new(Controller::new(machine.clone()))))
    }

    fn lock(&self) -> MutexGuard<'_, Controller> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says when transfers move from now on.
    pub fn set_pace(&self, pace: Pace) {
        self.lock().pace = pace;
    }

    /// Leaves the channels whose bit is clear in `mask` to the firmware: touching one panics.
    pub fn set_usable(&self, mask: u32) {
        self.lock().usable = mask;
    }

    /// Puts `port` at the bus addresses `range` (in `7Cxxxxxx` to `7Fxxxxxx`).
    pub fn attach(&self, range: Range<u32>, port: impl Port + 'static) {
        self.lock().ports.attach(range, Box::new(port));
    }

    /// Injects `faults` into `channel`, in place of those before.
    pub fn inject(&self, channel: usize, faults: Faults) {
        self.lock().channels[channel].faults = faults;
    }

    /// Ends the faults of `channel`: what was stuck lands now, in RAM that the driver had better
    /// not reused.
    pub fn release(&self, channel: usize) {
        let mut controller = self.lock();
        controller.channels[channel].faults = Faults::default();
        controller.land_all(channel);
    }

    /// Moves up to `words` words, one from each active channel in turn. Says how many moved: fewer
    /// when all channels are idle, disabled or stuck.
    pub fn step(&self, words: usize) -> usize {
        self.lock().step(words)
    }

    /// Moves until nothing moves any more. Panics on a chain without end.
    pub fn run(&self) {
        self.lock().run();
    }

    /// Is the interrupt line of `channel` up?
    pub fn pending(&self, channel: usize) -> bool {
        self.lock().channels[channel].interrupt
    }
}

impl Mmio for DmaEngine {
    fn read32(&mut self, offset: usize) -> u32 {
        self.lock().read(offset)
    }

    fn write32(&mut self, offset: usize, value: u32) {
        self.lock().write(offset, value);
    }
}
