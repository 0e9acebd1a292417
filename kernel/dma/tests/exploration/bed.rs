//! A buffer, the lines around it, and a device that looks at all that it can see.

use super::common::{CANARY, Layer, layer, legacy, pages};
use super::{CHANGED, CPU, DEVICE, FORMER, NEIGHBOUR, POOL, tags};
use dma::{Bouncing, Dir, DmaDevice};
use hal::{DmaAddr, DmaBuffer, LINE, Pages, PhysAddr, PhysRange, Zone};
use sim::{DeviceAccess, Machine};

/// Bytes at each end of a buffer that the device leaves as they are.
const EDGE: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Two lines, in reach.
    Direct,
    /// Parts of two lines in reach, both its own.
    Unaligned,
    /// A line out of reach: another stands in for it.
    OutOfReach,
    /// Parts of two lines out of reach: one line stands in for both.
    UnalignedOutOfReach,
    /// The middle of a line, in reach, with neighbours that are written meanwhile.
    AmongOthers,
}

impl Place {
    pub(crate) const ALL: [Self; 5] = [
        Self::Direct,
        Self::Unaligned,
        Self::OutOfReach,
        Self::UnalignedOutOfReach,
        Self::AmongOthers,
    ];

    const fn shape(self) -> (Zone, u64, u64) {
        match self {
            Self::Direct => (Zone::Dma, 0, 128),
            Self::Unaligned => (Zone::Dma, 40, 48),
            Self::OutOfReach => (Zone::High, 0, 64),
            Self::UnalignedOutOfReach => (Zone::High, 40, 48),
            Self::AmongOthers => (Zone::Dma, 16, 32),
        }
    }
}

/// A part of pages, whose lines are its own or not.
pub(crate) struct Part {
    pages: Pages<Machine>,
    owns_lines: bool,
}

// SAFETY: a part of pages that are owned.
unsafe impl DmaBuffer for Part {
    fn range(&self) -> PhysRange {
        self.pages.range()
    }
    fn owned(&self) -> PhysRange {
        match self.owns_lines {
            true => self.pages.owned(),
            false => self.pages.range(),
        }
    }
}

/// The lines around a buffer, and what they should hold.
pub(crate) struct Bed<'m> {
    pub(crate) machine: &'m Machine,
    place: Place,
    lines: PhysRange,
    /// Where the buffer starts in them.
    offset: usize,
    /// All bytes of the lines, as they should be.
    wanted: Vec<u8>,
}

impl<'m> Bed<'m> {
    pub(crate) fn new(machine: &'m Machine, place: Place) -> (Self, Layer, DmaDevice, Part) {
        let (zone, offset, len) = place.shape();
        let (dma, device, part) = machine.set_up(|| {
            let dma = layer(machine, Bouncing::AsNeeded, POOL);
            let pages = pages(machine, zone, offset, len, 0);
            let owns_lines = place != Place::AmongOthers;
            (dma, legacy(machine), Part { pages, owns_lines })
        });
        let lines = part.range().round_out(LINE).expect("whole lines");
        let (offset, len) = (offset as usize, len as usize);
        let mut wanted = tags(NEIGHBOUR, lines.len() as usize);
        wanted[offset..offset + len].copy_from_slice(&tags(CPU, len));
        // What a former owner of the slot left is in the cache, dirty, as the buffer's own bytes are.
        if !matches!(place, Place::Direct | Place::Unaligned) {
            machine.cpu_write(PhysAddr::new(POOL.0), &tags(FORMER, 64));
        }
        machine.cpu_write(lines.start(), &wanted);
        let bed = Self {
            machine,
            place,
            lines,
            offset,
            wanted,
        };
        (bed, dma, device, part)
    }

    /// The buffer's bytes as they should be.
    pub(crate) fn bytes(&mut self, at: usize, len: usize) -> &mut [u8] {
        &mut self.wanted[self.offset + at..][..len]
    }

    /// The device works on all of a buffer while its neighbours are written: it reads what it can see,
    /// then writes all but the edges, if it may.
    pub(crate) fn device(&mut self, addr: DmaAddr, len: usize, dir: Dir) {
        let machine = self.machine;
        let (from, sight) = sight(addr, len);
        let mut work = vec![DeviceAccess::Read(from, sight)];
        let inner = tags(DEVICE, len - 2 * EDGE);
        if dir.device_writes() {
            let addr = addr.checked_add(EDGE as u64).expect("inside");
            work.push(DeviceAccess::Write(addr, inner.clone()));
        }
        machine.device_begins(machine.bus(), &work);
        self.write_neighbours();
        let seen = machine.device_ends();
        self.judge(&seen, (addr.get() - from.get()) as usize, len, dir);
        if dir.device_writes() {
            self.bytes(EDGE, inner.len()).copy_from_slice(&inner);
        }
        machine.status_read();
    }

    /// INV-1 and INV-7: the device sees the CPU's bytes, and nobody else's.
    fn judge(&mut self, seen: &[u8], at: usize, len: usize, dir: Dir) {
        let (before, rest) = seen.split_at(at);
        let (mine, behind) = rest.split_at(len);
        let nobodys = before.iter().chain(behind).all(|byte| *byte == CANARY);
        assert!(nobodys, "INV-7: {seen:x?}");
        let own = |byte: &u8| [CPU, CHANGED, DEVICE].contains(&(byte & 0xF0));
        assert!(mine.iter().all(own), "INV-7: {mine:x?}");
        // What it only writes it may see or not; what it sees is the buffer's.
        if dir != Dir::FromDevice {
            assert_eq!(mine, self.bytes(0, len), "INV-1");
        }
    }

    fn write_neighbours(&mut self) {
        if self.place == Place::AmongOthers {
            let neighbours = tags(NEIGHBOUR + 0x10, 16);
            self.machine.cpu_write(self.lines.start(), &neighbours);
            self.wanted[..16].copy_from_slice(&neighbours);
        }
    }

    /// INV-2 and INV-3: the lines hold what CPU and device left there.
    pub(crate) fn end(&self) {
        let found = self.machine.cpu_read(self.lines);
        assert_eq!(found, self.wanted, "INV-2, INV-3");
    }
}

/// What the device can see: its bytes, and all of their lines where a slot stands in for them.
fn sight(addr: DmaAddr, len: usize) -> (DmaAddr, usize) {
    // The window of legacy masters.
    let pool = 0xC000_0000 + POOL.0..0xC000_0000 + POOL.0 + POOL.1;
    if !pool.contains(&addr.get()) {
        return (addr, len);
    }
    let before = addr.get() % LINE;
    let lines = (before as usize + len).next_multiple_of(LINE as usize);
    (DmaAddr::new(addr.get() - before), lines)
}
