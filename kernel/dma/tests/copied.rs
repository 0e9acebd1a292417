//! ST-2: the bytes that were copied for a device, each way, are counted, whatever way they took.
#![expect(unsafe_code, reason = "names buffers by address")]

mod common;

use common::{CELLS, Layer, POOL, layer, layer_with_cells, pages};
use dma::address::{Attrs, SgEntry};
use dma::{Bidirectional, Bouncing, Dir, DmaDevice, FromDevice, SgTable, ToDevice};
use hal::{DmaBuffer, Pages, Zone};
use sim::Machine;

/// What was copied for a device since this was last asked.
struct Copied<'d> {
    dma: &'d Layer,
    device: &'d DmaDevice,
    before: (u64, u64),
}

impl<'d> Copied<'d> {
    fn new(dma: &'d Layer, device: &'d DmaDevice) -> Self {
        let before = (0, 0);
        Self {
            dma,
            device,
            before,
        }
    }

    fn since(&mut self) -> (u64, u64) {
        let totals = self.dma.totals(self.device);
        let now = (totals.copied_in, totals.copied_out);
        let (input, output) = core::mem::replace(&mut self.before, now);
        (now.0 - input, now.1 - output)
    }
}

fn device(machine: &Machine) -> DmaDevice {
    let builder = DmaDevice::builder("lists").windows(machine.bus().windows());
    builder.segments(8, 4).build(&machine.ram()).expect("valid")
}

fn page(machine: &Machine, zone: Zone) -> Pages<Machine> {
    pages(machine, zone, 0, 128, 1)
}

fn each_way(dma: &Layer, len: u64) {
    let device = device(dma.platform());
    let mut copied = Copied::new(dma, &device);
    let buffer = |zone| pages(dma.platform(), zone, 0, len, 1);
    let (direct, bounces) = (|| buffer(Zone::Dma), || buffer(Zone::High));
    drop(dma.map(&device, direct(), Bidirectional).expect("fits"));
    assert_eq!(copied.since(), (0, 0), "direct");
    drop(dma.map(&device, bounces(), ToDevice).expect("fits"));
    assert_eq!(copied.since(), (len, 0));
    drop(dma.map(&device, bounces(), Bidirectional).expect("fits"));
    assert_eq!(copied.since(), (len, len));
    // What the device leaves alone stays as it was.
    drop(dma.map(&device, bounces(), FromDevice).expect("fits"));
    assert_eq!(copied.since(), (len, len));
    let mapping = dma.map(&device, bounces(), FromDevice::REPORTED);
    drop(mapping.expect("fits").complete(50).expect("fits").unmap());
    assert_eq!(copied.since(), (0, 50), "scrubbed, and no more comes home");
    let mapping = dma.map(&device, bounces(), Bidirectional);
    let mut mapping = mapping.expect("fits");
    assert_eq!(copied.since(), (len, 0));
    drop(mapping.for_cpu_range(10, 20).expect("inside"));
    assert_eq!(copied.since(), (20, 20), "a view, and its end");
}

#[test]
fn st_2_bytes_are_counted_each_way() {
    let (slots, cells) = (Machine::default(), Machine::default());
    each_way(&layer(&slots, Bouncing::AsNeeded, POOL), 300);
    let with_cells = layer_with_cells(&cells, Bouncing::AsNeeded, CELLS);
    each_way(&with_cells, 64);
}

#[test]
fn st_2_bytes_of_lists_are_counted_each_way() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = device(&machine);
    let mut copied = Copied::new(&dma, &device);
    let mut table = SgTable::with_capacity(2, 8).expect("memory");
    for zone in [Zone::High, Zone::Dma] {
        table.push(page(&machine, zone)).expect("room");
    }
    let list = dma.map_sg(&device, table, Bidirectional);
    let mut list = list.expect("fits");
    assert_eq!(copied.since(), (128, 0), "of the element that bounced");
    drop(list.for_cpu_range(100, 50).expect("inside"));
    assert_eq!(copied.since(), (28, 28));
    drop(list.unmap());
    assert_eq!(copied.since(), (0, 128));
}

#[test]
fn st_2_bytes_are_counted_each_way_by_address() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = device(&machine);
    let mut copied = Copied::new(&dma, &device);
    let calls = dma.by_address(&device).expect("memory");
    let (buffer, dir) = (page(&machine, Zone::High), Dir::Bidirectional);
    let (block, none) = (buffer.range(), Attrs::NONE);
    // SAFETY: the page is lent, and no device is told.
    let addr = unsafe { calls.map_single(block, dir, none) }.expect("fits");
    assert_eq!(copied.since(), (128, 0));
    // SAFETY: mapped so.
    unsafe { calls.sync_single_range_for_cpu(addr, (8, 40), dir) }.expect("mapped");
    assert_eq!(copied.since(), (0, 40));
    // SAFETY: mapped so.
    unsafe { calls.sync_single_range_for_device(addr, (8, 30), dir) }.expect("mapped");
    assert_eq!(copied.since(), (30, 0));
    // SAFETY: mapped so.
    unsafe { calls.unmap_single(addr, 128, dir, none) };
    assert_eq!(copied.since(), (0, 128));

    let mut list = [SgEntry::new(block)];
    // SAFETY: as above.
    unsafe { calls.map_sg(&mut list, dir, none) }.expect("fits");
    assert_eq!(copied.since(), (128, 0));
    // SAFETY: mapped so.
    unsafe { calls.sync_sg_for_cpu(&list, dir) }.expect("mapped");
    assert_eq!(copied.since(), (0, 128));
    // SAFETY: mapped so.
    unsafe { calls.sync_sg_for_device(&list, dir) }.expect("mapped");
    assert_eq!(copied.since(), (128, 0));
    // SAFETY: mapped so.
    unsafe { calls.unmap_sg(&mut list, dir, none) };
    assert_eq!(copied.since(), (0, 128));
}
