//! Every way through the layer's unsafe code, once each, for Miri: on the smallest machine, with a cache
//! that stays quiet, since what caches do is tested elsewhere.
#![expect(
    unsafe_code,
    reason = "exposes mappings, names memory by address, plays the device"
)]

mod common;

use common::{
    Idle, Layer, SMALL_POOL, assert_clean, fly, layer, legacy, one_line, pages, small, transfer,
};
use dma::address::Attrs;
use dma::{Bidirectional, Bouncing, Dir, DmaDevice, FromDevice, Halt, Mapping, SgTable, Staging};
use hal::{DmaAddr, DmaBuffer, Pages, Zone};
use sim::Machine;

const ZONES: [Zone; 2] = [Zone::Dma, Zone::High];

type Page = Pages<Machine>;

/// Runs `scenario` with a buffer's zone: mapped where it lies, and bounced.
fn both_ways(scenario: impl Fn(&Machine, &Layer, &DmaDevice, Zone)) {
    for zone in ZONES {
        let machine = small().build();
        let dma = layer(&machine, Bouncing::AsNeeded, SMALL_POOL);
        scenario(&machine, &dma, &legacy(&machine), zone);
        assert_clean(&dma);
    }
}

/// The device writes ones over all that it was given.
fn ones(machine: &Machine) -> impl Fn(DmaAddr, usize) {
    |addr, len| machine.device_write(machine.bus(), addr, &vec![1; len])
}

fn map<'d>(dma: &'d Layer, device: &'d DmaDevice, page: Page) -> Mapping<'d, Machine, Page, Both> {
    dma.map(device, page, Bidirectional).expect("maps")
}

type Both = Bidirectional;

#[test]
fn looked_at_launched_unmapped_and_dropped() {
    both_ways(|machine, dma, device, zone| {
        let mut mapping = map(dma, device, pages(machine, zone, 13, 100, 7));
        mapping.for_cpu()[3] = 9;
        mapping.for_cpu_range(1, 4).expect("inside")[0] = 8;
        let mut mapping = transfer(mapping, ones(machine));
        assert_eq!(mapping.for_cpu()[..], [1; 100]);
        std::mem::forget(mapping.for_cpu());
        assert_eq!(mapping.unmap().bytes(machine)[..], [1; 100]);
        drop(map(dma, device, one_line(machine, zone)));
    });
}

#[test]
fn exposed_and_taken_back() {
    both_ways(|machine, dma, device, zone| {
        let mapping = map(dma, device, one_line(machine, zone));
        // SAFETY: the device's part is played below, with this address alone.
        let (addr, mut ring) = unsafe { mapping.expose() };
        ones(machine)(addr, 64);
        machine.status_read();
        let mut bytes = [0; 64];
        // SAFETY: the device is played by this thread, which is here.
        unsafe { ring.sync_for_cpu(0, 64) }.expect("whole lines");
        // SAFETY: as above.
        unsafe { ring.read(0, &mut bytes) }.expect("inside");
        // SAFETY: as above.
        unsafe { ring.write(0, &[2; 64]) }.expect("inside");
        // SAFETY: as above.
        unsafe { ring.sync_for_device(0, 64) }.expect("whole lines");
        machine.status_read();
        // SAFETY: the device is not played any more.
        drop(unsafe { ring.unmap() });
        assert_eq!(bytes, [1; 64]);
    });
}

#[test]
fn handed_from_device_to_device_and_shared() {
    let machine = small().build();
    let dma = layer(&machine, Bouncing::AsNeeded, SMALL_POOL);
    let device = legacy(&machine);
    let owned = map(&dma, &device, one_line(&machine, Zone::Dma)).unmap_skip_sync();
    let again = dma.map_device_owned(&device, owned, Bidirectional);
    let page = transfer(again.expect("maps"), ones(&machine));
    assert_eq!(
        page.unmap_skip_sync().reclaim().bytes(&machine)[..],
        [1; 64]
    );
    let shared = dma.share(one_line(&machine, Zone::Dma));
    let one = dma.map_shared(&device, shared.clone(), FromDevice);
    let one = transfer(one.expect("maps"), ones(&machine));
    drop(one.unmap());
    let page = shared.into_inner().expect("the only handle");
    assert_eq!(page.bytes(&machine)[..], [1; 64]);
}

#[test]
fn reported_in_part_and_lent_again() {
    both_ways(|machine, dma, device, zone| {
        let mapping = dma.map(device, one_line(machine, zone), FromDevice::REPORTED);
        let mapping = transfer(mapping.expect("maps"), ones(machine));
        let filled = mapping.complete(10).expect("fits").unmap();
        assert_eq!(
            (filled.bytes().to_vec(), filled.rest().len()),
            (vec![1; 10], 54)
        );
        let again = dma.map_filled(device, filled).expect("maps");
        let again = transfer(again, ones(machine)).complete(64).expect("fits");
        let page = again.unmap().into_inner();
        assert_eq!(page.bytes(machine)[..], [1; 64]);
    });
}

#[test]
fn lent_slices() {
    both_ways(|machine, dma, device, zone| {
        let mut staging = Staging::new(dma, device, one_line(machine, zone));
        let mut slice = [0; 100];
        let read = staging.from_device(&mut slice, |_, piece| {
            let n = piece.len();
            (Some(transfer(piece, ones(machine))), Ok::<_, ()>(n))
        });
        assert_eq!((read.ok(), slice), (Some(100), [1; 100]));
        let sent = staging.to_device(&slice, |_, piece| {
            (Some(transfer(piece, |_, _| {})), Ok::<_, ()>(()))
        });
        sent.expect("sent");
    });
}

#[test]
fn lists() {
    let machine = small().build();
    let dma = layer(&machine, Bouncing::AsNeeded, SMALL_POOL);
    let builder = DmaDevice::builder("gathers").windows(machine.bus().windows());
    let device = builder.segments(8, 4).build(&machine.ram()).expect("valid");
    let mut table = SgTable::with_capacity(2, 8).expect("memory");
    for zone in ZONES {
        let page = one_line(&machine, zone);
        table.push(page).expect("room");
    }
    let mut list = dma.map_sg(&device, table, Bidirectional).expect("maps");
    list.for_cpu(1).expect("there")[0] = 2;
    drop(list.unmap());
    assert_clean(&dma);
}

#[test]
fn by_address() {
    both_ways(|machine, dma, device, zone| {
        let page = one_line(machine, zone);
        let calls = dma.by_address(device).expect("heap");
        let both = Dir::Bidirectional;
        // SAFETY: the page is nobody else's, and the device is played here alone.
        let addr = unsafe { calls.map_single(page.range(), both, Attrs::NONE) }.expect("maps");
        ones(machine)(addr, 64);
        machine.status_read();
        // SAFETY: the device is not played meanwhile.
        unsafe { calls.sync_single_for_cpu(addr, 64, both) }.expect("mapped");
        // SAFETY: as above.
        unsafe { calls.sync_single_for_device(addr, 64, both) }.expect("mapped");
        machine.status_read();
        // SAFETY: the device is not played any more.
        unsafe { calls.unmap_single(addr, 64, both, Attrs::NONE) };
        assert_eq!(page.bytes(machine)[..], [1; 64]);
    });
}

#[test]
fn lost_and_found_again() {
    both_ways(|machine, dma, device, zone| {
        let engine = Idle::default();
        engine.0.set(Halt::Unconfirmed);
        let mapping = map(dma, device, one_line(machine, zone));
        let lost = fly(mapping, &engine, ones(machine)).end();
        assert!(lost.expect_err("no halt").recorded);
        // SAFETY: nothing plays the device any more.
        assert_eq!(unsafe { dma.device_was_reset(device) }, 1);
    });
}
