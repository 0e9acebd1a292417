//! A device at work while the CPU goes on: the adversary says when each of its accesses happens.
//!
//! Accesses happen in their order, each inside a line. Those that did not happen by the time at which
//! somebody waits for the device happen then, with turns of the adversary in between.

use crate::lines::{line_of, pieces_of};
use crate::world::World;
use crate::{BusView, Machine, Op, Who};
use hal::{DmaAddr, PhysRange};
use std::collections::VecDeque;

/// What a device does to a stretch of its address space.
#[derive(Clone, Debug)]
pub enum Access {
    /// Reads so many bytes.
    Read(DmaAddr, usize),
    /// Writes these bytes.
    Write(DmaAddr, Vec<u8>),
}

/// One access inside a line: the bytes to write, or none for a read.
#[derive(Debug)]
struct Act {
    piece: PhysRange,
    write: Option<Vec<u8>>,
}

/// The device's work: what is left of it, and what was read.
#[derive(Default)]
pub(crate) struct Background {
    left: VecDeque<Act>,
    read: Vec<u8>,
}

impl Background {
    /// Accesses that did not happen yet.
    pub(crate) fn left(&self) -> usize {
        self.left.len()
    }
}

impl World {
    /// The device's next access happens.
    pub(crate) fn act(&mut self) {
        let Some(Act { piece, write }) = self.background.left.pop_front() else {
            return;
        };
        self.check_owned(Who::Device, piece);
        self.touch(line_of(piece.start()));
        if let Some(bytes) = write {
            self.journal.counters.device_bytes_written += piece.len();
            self.memory.ram_write(piece.start(), &bytes);
            self.order.device_wrote(line_of(piece.start()));
            return;
        }
        self.journal.counters.device_bytes_read += piece.len();
        let mut bytes = vec![0; piece.len() as usize];
        self.memory.ram_read(piece.start(), &mut bytes);
        self.saw(&bytes);
        self.background.read.extend(bytes);
    }
}

impl Machine {
    /// A master behind `bus` begins with `accesses`. Panics where its bus shows no RAM.
    pub fn device_begins(&self, bus: &BusView, accesses: &[Access]) {
        let mut world = self.world();
        for access in accesses {
            let (addr, len, bytes) = match access {
                Access::Read(addr, len) => (*addr, *len, None),
                Access::Write(addr, bytes) => (*addr, bytes.len(), Some(bytes)),
            };
            let range = bus.resolve(addr, len as u64);
            let range = range.unwrap_or_else(|error| panic!("{error}"));
            world.journal.push(match bytes {
                None => Op::DeviceRead(range),
                Some(_) => Op::DeviceWrite(range),
            });
            for piece in pieces_of(range) {
                let at = (piece.start().get() - range.start().get()) as usize;
                let write = bytes.map(|bytes| bytes[at..at + piece.len() as usize].to_vec());
                world.background.left.push_back(Act { piece, write });
            }
        }
    }

    /// Waits for the device: what it read, in order.
    pub fn device_ends(&self) -> Vec<u8> {
        let mut world = self.world();
        while world.background.left() > 0 {
            world.turn();
            world.act();
        }
        std::mem::take(&mut world.background.read)
    }
}
