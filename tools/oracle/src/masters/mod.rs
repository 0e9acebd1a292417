//! From accesses to registers to events: a file for each master.
//!
//! | file | master |
//! |---|---|
//! | `bus` | what all legacy masters see of memory |
//! | `dma_channels` | the DMA controller: doorbells, status |
//! | `control_block` | what a channel is told to move, 2D included |
//! | `sd_ports` | the data ports that channels feed |
//! | `mailbox` | the VideoCore's property channel |
//!
//! A further master (the USB controller, a framebuffer) is a file here and an arm in [`Masters`].
//! The emulator has finished a transfer when the store that starts it is told, but memory that a
//! master only reads is as it was.
//!
//! Source: BCM2711 ARM Peripherals.

mod bus;
mod control_block;
mod dma_channels;
mod mailbox;
mod sd_ports;

use crate::model::Event;
use dma_channels::Channels;
use mailbox::Mailbox;

/// The guest's RAM.
pub trait Ram {
    /// The bytes at a physical address; false if there is no way to see them.
    fn read(&self, phys: u64, bytes: &mut [u8]) -> bool;
}

/// An access of the CPU to a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    /// Physical address.
    pub phys: u64,
    /// What was stored, or loaded.
    pub value: u32,
    /// A store.
    pub store: bool,
}

/// All masters that are followed.
#[derive(Default)]
pub struct Masters {
    channels: Channels,
    mailbox: Mailbox,
}

impl Masters {
    /// What an access to a register means.
    pub fn access(&mut self, register: Register, ram: &impl Ram) -> Vec<Event> {
        let mut events = Vec::new();
        self.channels.access(register, ram, &mut events);
        self.mailbox.access(register, ram, &mut events);
        events
    }
}
