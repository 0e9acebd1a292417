//! The interface for drivers that keep nothing but a bus address, under every cache.
#![expect(unsafe_code, reason = "names memory by address and plays the device")]

#[path = "../common/mod.rs"]
mod common;

mod attributes;
mod lists;
mod order;
mod parts;
mod same;
mod streaming;
mod wrong;

use common::{Layer, pages};
use dma::address::{Attrs, ByAddress, Misuse};
use dma::{Dir, DmaDevice, MapError};
use hal::{DmaAddr, DmaBuffer, Pages, PhysAddr, PhysRange, Platform, Zone};
use sim::Machine;

const ZONES: [Zone; 2] = [Zone::Dma, Zone::High];
const DIRS: [Dir; 3] = [Dir::ToDevice, Dir::FromDevice, Dir::Bidirectional];

fn range(start: u64, len: u64) -> PhysRange {
    PhysRange::new(PhysAddr::new(start), len).expect("valid")
}

/// A driver that does as it should: its device is played by the same thread, between its calls.
struct Driver<'d> {
    machine: &'d Machine,
    calls: ByAddress<'d, Machine>,
}

impl<'d> Driver<'d> {
    fn new(machine: &'d Machine, dma: &'d Layer, device: &'d DmaDevice) -> Self {
        let calls = dma.by_address(device).expect("heap");
        Self { machine, calls }
    }

    fn map_attrs(&self, block: PhysRange, dir: Dir, attrs: Attrs) -> Result<DmaAddr, MapError> {
        // SAFETY: tests lend pages that they own, and play the device where this type says.
        unsafe { self.calls.map_single(block, dir, attrs) }
    }

    fn map(&self, block: PhysRange, dir: Dir) -> DmaAddr {
        self.map_attrs(block, dir, Attrs::NONE).expect("maps")
    }

    fn unmap_attrs(&self, addr: DmaAddr, len: u64, dir: Dir, attrs: Attrs) {
        self.report();
        // SAFETY: no device is played while this runs.
        unsafe { self.calls.unmap_single(addr, len, dir, attrs) }
    }

    fn unmap(&self, addr: DmaAddr, len: u64, dir: Dir) {
        self.unmap_attrs(addr, len, dir, Attrs::NONE);
    }

    fn for_cpu(&self, addr: DmaAddr, part: (u64, u64), dir: Dir) -> Result<(), Misuse> {
        self.report();
        // SAFETY: no device is played while this runs.
        unsafe { self.calls.sync_single_range_for_cpu(addr, part, dir) }
    }

    fn for_device(&self, addr: DmaAddr, part: (u64, u64), dir: Dir) -> Result<(), Misuse> {
        // SAFETY: no device is played while this runs.
        unsafe { self.calls.sync_single_range_for_device(addr, part, dir) }
    }

    /// The device reports that it is done.
    fn report(&self) {
        self.machine.status_read();
        self.machine.acquire();
    }

    /// The device writes.
    fn write(&self, addr: DmaAddr, at: u64, bytes: &[u8]) {
        let addr = addr.checked_add(at).expect("inside");
        self.machine.device_write(self.machine.bus(), addr, bytes);
    }

    /// What the device reads.
    fn read(&self, addr: DmaAddr, at: u64, len: usize) -> Vec<u8> {
        let addr = addr.checked_add(at).expect("inside");
        self.machine.device_read(self.machine.bus(), addr, len)
    }
}

/// `len` bytes of `fill` at `offset` of pages of their own, by address.
fn memory(
    machine: &Machine,
    zone: Zone,
    (offset, len): (u64, u64),
    fill: u8,
) -> (Pages<Machine>, PhysRange) {
    let pages = pages(machine, zone, offset, len, fill);
    let block = pages.range();
    (pages, block)
}
