//! The DMA controller: a store with ACTIVE set starts the chain at CONBLK_AD, a load of CS that shows
//! END or INT, or a store that clears one of them, or RESET, ends it.

use super::bus::{Target, target};
use super::control_block::{self, ControlBlock, Side};
use super::{Ram, Register, sd_ports};
use crate::finding::{Master, Part};
use crate::model::{Event, Piece, Range, Transfer};
use std::collections::HashSet;

/// Channels 0 to 14; 15 has a block of its own, and is the VideoCore's.
const CHANNELS: u64 = 0xFE00_7000;
const STRIDE: u64 = 0x100;
const COUNT: u64 = 15;
const CS: u64 = 0x00;
const CONBLK_AD: u64 = 0x04;

const RESET: u32 = 1 << 31;
const INT: u32 = 1 << 2;
const END: u32 = 1 << 1;
const ACTIVE: u32 = 1;

/// What was stored to the registers of the channels.
#[derive(Default)]
pub(super) struct Channels([Channel; COUNT as usize]);

#[derive(Clone, Copy, Default)]
struct Channel {
    /// CONBLK_AD, while it has not been fetched.
    block: u32,
}

impl Channels {
    pub(super) fn access(&mut self, register: Register, ram: &impl Ram, events: &mut Vec<Event>) {
        let offset = register.phys.wrapping_sub(CHANNELS);
        let number = offset / STRIDE;
        if number >= COUNT {
            return;
        }
        let (channel, value) = (&mut self.0[number as usize], register.value);
        let master = Master::Dma(number as u8);
        match (offset % STRIDE, register.store) {
            (CONBLK_AD, true) => channel.block = value,
            (CS, true) => {
                if value & RESET != 0 {
                    channel.block = 0;
                }
                if value & (RESET | INT | END) != 0 {
                    events.push(Event::End(master));
                }
                if value & (RESET | ACTIVE) == ACTIVE && channel.block != 0 {
                    let first = std::mem::take(&mut channel.block);
                    Chain::new(master, ram, events).follow(first);
                }
            }
            (CS, false) => {
                if value & (INT | END) != 0 {
                    events.push(Event::End(master));
                }
                events.push(Event::Status(master));
            }
            _ => {}
        }
    }
}

/// A chain of control blocks that is followed.
struct Chain<'a, R> {
    master: Master,
    ram: &'a R,
    events: &'a mut Vec<Event>,
    pieces: Vec<Piece>,
}

impl<'a, R: Ram> Chain<'a, R> {
    fn new(master: Master, ram: &'a R, events: &'a mut Vec<Event>) -> Self {
        Self {
            master,
            ram,
            events,
            pieces: Vec::new(),
        }
    }

    fn follow(mut self, first: u32) {
        let (mut at, mut seen) = (u64::from(first), HashSet::new());
        // A chain that comes back to a block never ends.
        while at != 0 && seen.insert(at) {
            let Some(block) = self.fetch(at) else {
                break;
            };
            for (side, part) in [
                (block.source, Part::Source),
                (block.dest, Part::Destination),
            ] {
                if let Some(side) = side {
                    self.side(&block, side, part);
                }
            }
            at = block.next;
        }
        let transfer = Transfer {
            master: self.master,
            pieces: self.pieces,
        };
        self.events.push(Event::Start(transfer));
    }

    fn fetch(&mut self, bus: u64) -> Option<ControlBlock> {
        let found = target(bus, control_block::LEN);
        let mut bytes = [0; control_block::LEN as usize];
        match found {
            Target::Ram(phys) => {
                self.pieces.push(Piece {
                    part: Part::ControlBlock,
                    range: Range::new(phys, control_block::LEN),
                });
                self.ram.read(phys, &mut bytes).then_some(())?;
            }
            _ => {
                self.outside(Part::ControlBlock, bus, control_block::LEN);
                // The emulator shows RAM there all the same.
                let phys = bus & 0x3FFF_FFFF;
                self.ram.read(phys, &mut bytes).then_some(())?;
            }
        }
        Some(ControlBlock::parse(&bytes))
    }

    fn side(&mut self, block: &ControlBlock, side: Side, part: Part) {
        for Range { start, len } in block.stretches(side) {
            match target(start, len) {
                Target::Ram(phys) => {
                    let range = Range::new(phys, len);
                    self.pieces.push(Piece { part, range });
                }
                Target::Register(register) if sd_ports::suits(&side, register) => {}
                _ => self.outside(part, start, len),
            }
        }
    }

    fn outside(&mut self, part: Part, bus: u64, len: u64) {
        self.events.push(Event::Outside {
            master: self.master,
            part,
            bus,
            len,
        });
    }
}

#[cfg(test)]
mod tests;
