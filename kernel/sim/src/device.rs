//! The devices' side of RAM: through bus windows, past the cache.

use crate::adversary::Mind;
use crate::cache::{Event, LineState};
use crate::lines::{line_of, pieces_of};
use crate::world::World;
use crate::{BusError, BusView, Machine, Op, Violation, Who};
use hal::{Cpu, DmaAddr, PhysRange};

impl World {
    /// The RAM behind an access, or why there is none.
    fn target(&self, bus: &BusView, addr: DmaAddr, len: u64) -> Result<PhysRange, BusError> {
        let range = bus.resolve(addr, len)?;
        if self.memory.holds(range) {
            Ok(range)
        } else {
            Err(bus.error(addr, len, "no RAM there"))
        }
    }

    /// The RAM behind an access, recorded as touched by a device.
    fn reach(&mut self, bus: &BusView, addr: DmaAddr, len: u64) -> Option<PhysRange> {
        match self.target(bus, addr, len) {
            Ok(range) => {
                self.check_owned(Who::Device, range);
                Some(range)
            }
            Err(error) => {
                self.violate(Violation::Bus(error));
                None
            }
        }
    }

    fn device_read(&mut self, piece: PhysRange) -> Vec<u8> {
        self.turn();
        self.touch(line_of(piece.start()));
        self.journal.counters.device_bytes_read += piece.len();
        let mut bytes = vec![0; piece.len() as usize];
        self.memory.ram_read(piece.start(), &mut bytes);
        self.saw(&bytes);
        bytes
    }

    fn device_write_all(&mut self, range: PhysRange, bytes: &[u8]) {
        let mut rest = bytes;
        for piece in pieces_of(range) {
            let (now, later) = rest.split_at(piece.len() as usize);
            self.device_write(piece, now);
            rest = later;
        }
    }

    fn device_write(&mut self, piece: PhysRange, bytes: &[u8]) {
        let line = line_of(piece.start());
        self.touch(line);
        self.turn();
        if matches!(self.mind, Mind::WorstPrefetch) && !self.is_uncached(line) {
            self.memory.apply(line, Event::Fetch);
        }
        self.journal.counters.device_bytes_written += piece.len();
        self.memory.ram_write(piece.start(), bytes);
        self.order.device_wrote(line);
        let dirty = self.memory.state(line) == LineState::Dirty;
        if matches!(self.mind, Mind::WorstEvict) && dirty {
            self.memory.apply(line, Event::Evict);
        }
    }
}

impl Machine {
    /// A master behind `bus` reads `len` bytes at `addr`. An address outside of its windows is a
    /// violation and reads as ones.
    pub fn device_read(&self, bus: &BusView, addr: DmaAddr, len: usize) -> Vec<u8> {
        let mut world = self.world();
        let Some(range) = world.reach(bus, addr, len as u64) else {
            return vec![0xFF; len];
        };
        world.journal.push(Op::DeviceRead(range));
        pieces_of(range)
            .flat_map(|piece| world.device_read(piece))
            .collect()
    }

    /// A master behind `bus` writes `bytes` at `addr`. An address outside of its windows is a
    /// violation and the bytes are lost.
    pub fn device_write(&self, bus: &BusView, addr: DmaAddr, bytes: &[u8]) {
        let mut world = self.world();
        let Some(range) = world.reach(bus, addr, bytes.len() as u64) else {
            return;
        };
        world.journal.push(Op::DeviceWrite(range));
        world.device_write_all(range, bytes);
    }

    /// The calling core stores to a register that makes a device look at RAM. Models call this; so
    /// does a test that plays a device by hand.
    pub fn doorbell(&self) {
        let mut world = self.world();
        world.turn();
        world.journal.push(Op::Doorbell);
        let cpu = Self::cpu_id();
        if let Some(store) = world.order.unpublished(cpu) {
            world.violate(Violation::NotPublished { cpu, store });
        }
    }

    /// The CPU loads a register that may tell that a device is done: what devices wrote so far may
    /// be loaded only behind an `acquire` from here on.
    pub fn status_read(&self) {
        let mut world = self.world();
        world.journal.push(Op::StatusRead);
        world.order.status_read();
    }

    /// One word of a model's transfer; not traced, since the model traces the whole.
    pub(crate) fn transfer_read(&self, bus: &BusView, addr: DmaAddr) -> [u8; 4] {
        let mut world = self.world();
        let Some(range) = world.reach(bus, addr, 4) else {
            return [0xFF; 4];
        };
        let mut word = [0; 4];
        let bytes = pieces_of(range).flat_map(|piece| world.device_read(piece));
        word.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        word
    }

    /// One word of a model's transfer; not traced, since the model traces the whole.
    pub(crate) fn transfer_write(&self, bus: &BusView, addr: DmaAddr, word: [u8; 4]) {
        let mut world = self.world();
        if let Some(range) = world.reach(bus, addr, 4) {
            world.device_write_all(range, &word);
        }
    }

    /// Appends to the trace.
    pub(crate) fn note(&self, op: Op) {
        self.world().journal.push(op);
    }
}
