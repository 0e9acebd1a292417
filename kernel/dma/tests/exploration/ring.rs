//! Mappings in flight for long: the CPU takes one line over while the device works on the other.

use super::common::{assert_clean, layer, legacy, pages};
use super::{CHANGED, CPU, DEVICE, POOL, Search, tags};
use dma::{Bidirectional, Bouncing, Direction, Exposed, FromDevice};
use hal::{DmaAddr, DmaBuffer, Pages, Platform, Zone};
use sim::{DeviceAccess, Machine};

type Ring<'d, D> = Exposed<'d, Machine, Pages<Machine>, D>;

fn begin(machine: &Machine, access: DeviceAccess) {
    machine.device_begins(machine.bus(), &[access]);
}

fn fill(machine: &Machine, addr: DmaAddr, owner: u8) {
    begin(machine, DeviceAccess::Write(addr, tags(owner, 64)));
}

/// The device has reported what it did.
fn report(machine: &Machine) {
    machine.device_ends();
    machine.status_read();
    machine.acquire();
}

/// What the CPU finds in an entry that it takes over.
fn take<D: Direction>(ring: &mut Ring<'_, D>, at: u64) -> [u8; 64] {
    let mut bytes = [0; 64];
    // SAFETY: the device has reported this entry, and works on the other.
    unsafe { ring.sync_for_cpu(at, 64) }.expect("a line");
    // SAFETY: as above.
    unsafe { ring.read(at, &mut bytes) }.expect("inside");
    bytes
}

/// One entry is received, and given back, while the device fills the other.
fn receives(machine: &Machine, zone: Zone) {
    let (dma, device, buffer) = machine.set_up(|| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        (dma, legacy(machine), pages(machine, zone, 0, 128, 0))
    });
    machine.cpu_write(buffer.range().start(), &tags(CPU, 128));
    let range = buffer.range();
    let mapping = dma.map(&device, buffer, FromDevice).expect("maps");
    // SAFETY: the device's part is played below, with this address alone.
    let (first, mut ring) = unsafe { mapping.expose() };
    let second = first.checked_add(64).expect("inside");
    machine.publish();
    machine.doorbell();
    fill(machine, first, DEVICE);
    report(machine);
    fill(machine, second, DEVICE + 0x10);
    assert_eq!(take(&mut ring, 0), *tags(DEVICE, 64), "INV-2");
    // SAFETY: the device is told afterwards.
    unsafe { ring.sync_for_device(0, 64) }.expect("a line");
    machine.device_ends();
    machine.status_read();
    // SAFETY: the device is at rest.
    let buffer = unsafe { ring.unmap() };
    let wanted = [tags(DEVICE, 64), tags(DEVICE + 0x10, 64)].concat();
    assert_eq!(machine.cpu_read(range), wanted, "INV-2");
    drop(buffer);
    assert_clean(&dma);
}

/// The CPU answers in one entry while the device fills the other.
fn answers(machine: &Machine, zone: Zone) {
    let (dma, device, buffer) = machine.set_up(|| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        (dma, legacy(machine), pages(machine, zone, 0, 128, 0))
    });
    let range = buffer.range();
    machine.cpu_write(range.start(), &tags(CPU, 128));
    let mapping = dma.map(&device, buffer, Bidirectional).expect("maps");
    // SAFETY: the device's part is played below, with this address alone.
    let (first, mut ring) = unsafe { mapping.expose() };
    let second = first.checked_add(64).expect("inside");
    machine.publish();
    machine.doorbell();
    fill(machine, second, DEVICE);
    // SAFETY: the first entry is the CPU's until the device is told.
    unsafe { ring.sync_for_cpu(0, 64) }.expect("a line");
    // SAFETY: as above.
    unsafe { ring.write(0, &tags(CHANGED, 64)) }.expect("inside");
    // SAFETY: as above.
    unsafe { ring.sync_for_device(0, 64) }.expect("a line");
    begin(machine, DeviceAccess::Read(first, 64));
    assert_eq!(machine.device_ends(), tags(CHANGED, 64), "INV-1");
    machine.status_read();
    // SAFETY: the device is at rest.
    let buffer = unsafe { ring.unmap() };
    let wanted = [tags(CHANGED, 64), tags(DEVICE, 64)].concat();
    assert_eq!(machine.cpu_read(range), wanted, "INV-1, INV-2");
    drop(buffer);
    assert_clean(&dma);
}

#[test]
fn inv_2_ps_5_every_state_of_a_receive_ring_of_two_lines() {
    let mut search = Search::new();
    search.case("direct", |machine| receives(machine, Zone::Dma));
    search.case("bounced", |machine| receives(machine, Zone::High));
    search.end(2_600);
}

#[test]
fn inv_1_inv_2_every_state_of_a_ring_that_the_cpu_answers_in() {
    let mut search = Search::new();
    search.case("direct", |machine| answers(machine, Zone::Dma));
    search.case("bounced", |machine| answers(machine, Zone::High));
    search.end(2_800);
}
