//! Lists, and the device that takes them played by hand.

use super::{Idle, pages};
use dma::{Builder as DeviceBuilder, Direction, Dma, DmaDevice, MappedSg, Segment, SgTable};
use hal::{DmaBuffer, Pages, Platform, Zone};
use sim::Machine;

/// A master of the legacy bus that takes lists.
pub fn lists(machine: &Machine) -> DeviceBuilder {
    let builder = DmaDevice::builder("lists").windows(machine.bus().windows());
    builder.segments(32, 1)
}

pub fn gatherer(machine: &Machine) -> DmaDevice {
    lists(machine).build(&machine.ram()).expect("valid")
}

pub fn table<B: DmaBuffer>(buffers: Vec<B>, segments: usize) -> SgTable<B> {
    let mut table = SgTable::with_capacity(buffers.len(), segments).expect("memory");
    for buffer in buffers {
        table.push(buffer).ok().expect("room");
    }
    table
}

pub type List<'d, D, B = Pages<Machine>> = MappedSg<'d, Machine, B, D>;

pub fn map<'d, B: DmaBuffer, D: Direction>(
    (dma, device): (&'d Dma<Machine>, &'d DmaDevice),
    buffers: Vec<B>,
    direction: D,
) -> List<'d, D, B> {
    let table = table(buffers, 16);
    dma.map_sg(device, table, direction).expect("maps")
}

/// A whole transfer by an idle engine.
pub fn transfer<'d, B: DmaBuffer, D: Direction>(
    list: List<'d, D, B>,
    device: impl FnOnce(&Machine, &[Segment]),
) -> List<'d, D, B> {
    let machine = list.layer().platform().clone();
    let engine = Idle::default();
    // SAFETY: `device` uses the segments before this function returns.
    let flight = unsafe { list.launch(&engine) };
    machine.publish();
    machine.doorbell();
    let segments: Vec<_> = flight.segments().collect();
    device(&machine, &segments);
    machine.status_read();
    flight.end().expect("an idle engine confirms")
}

pub fn gather(machine: &Machine, segments: &[Segment]) -> Vec<u8> {
    let read = |s: &Segment| machine.device_read(machine.bus(), s.bus, s.len as usize);
    segments.iter().flat_map(read).collect()
}

pub fn scatter(machine: &Machine, segments: &[Segment], mut bytes: &[u8]) {
    for segment in segments {
        let (here, rest) = bytes.split_at(segment.len as usize);
        machine.device_write(machine.bus(), segment.bus, here);
        bytes = rest;
    }
}

/// All bytes of a list that is the CPU's again.
pub fn bytes(machine: &Machine, table: &SgTable<Pages<Machine>>) -> Vec<u8> {
    let all = table.elements().iter();
    all.flat_map(|pages| pages.bytes(machine).to_vec())
        .collect()
}

pub const SHAPES: [(Zone, u64, u64); 4] = [
    (Zone::Dma, 0, 128),
    (Zone::High, 60, 200),
    (Zone::High, 0, 64),
    (Zone::Dma, 4, 300),
];

pub fn mixed(machine: &Machine, fill: u8) -> Vec<Pages<Machine>> {
    SHAPES
        .map(|(zone, offset, len)| pages(machine, zone, offset, len, fill))
        .into()
}

pub const TOTAL: usize = 128 + 200 + 64 + 300;
