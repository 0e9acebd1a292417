//! RS, QT: what a device reserved is there when nothing else is, and a quota leaves some for others.
#![expect(unsafe_code, reason = "launches mappings and plays the device")]

mod common;

use common::{
    Idle, Layer, POOL, assert_clean, fly, layer, legacy, pages, pattern, short, transfer,
};
use dma::address::Attrs;
use dma::{
    Bouncing, Class, Dir, DmaDevice, FromDevice, Halt, MapError, Mapping, Refused, Reservation,
    ReserveError, SgError, SgTable, ToDevice,
};
use hal::{DmaBuffer, PAGE, Pages, PhysAddr, PhysRange, Zone};
use sim::Machine;

const SLOT: u64 = 2048;
const SLOTS: usize = 1024;

/// A master that takes lists, with a quota.
fn limited(machine: &Machine, quota: u32) -> DmaDevice {
    let builder = DmaDevice::builder("limited").windows(machine.bus().windows());
    let builder = builder.segments(32, 1).quota(quota);
    builder.build(&machine.ram()).expect("valid")
}

/// All that is left of the pool, for another device.
fn hog<'d>(dma: &'d Layer, device: &'d DmaDevice) -> Reservation<'d, Machine> {
    let used = dma.pool_usage().expect("pool").used as usize;
    dma.reserve(device, SLOTS - used, SLOT, 1)
        .expect("free slots")
}

type Mapped<'d, D> = Result<Mapping<'d, Machine, Pages<Machine>, D>, Refused<Pages<Machine>>>;

/// Lends bytes that have to bounce.
fn map<'d, D: dma::Direction>(
    dma: &'d Layer,
    device: &'d DmaDevice,
    len: u64,
    direction: D,
) -> Mapped<'d, D> {
    let machine = dma.platform();
    dma.map(device, pages(machine, Zone::High, 3, len, 0xA5), direction)
}

#[test]
fn rs_1_reserved_maps_succeed_while_the_pool_is_full() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let (mine, other) = (legacy(&machine), legacy(&machine));
    let reservation = dma.reserve(&mine, 2, PAGE, 1).expect("room");
    let set = dma.inspector().reservations(&dma).next();
    let told = set.map(|set| (set.device, set.cells, set.used));
    assert_eq!(told, Some(("legacy", 2, 0)));
    let rest = hog(&dma, &other);
    let first = map(&dma, &mine, PAGE, FromDevice).expect("reserved");
    let second = map(&dma, &mine, 1, ToDevice).expect("reserved");
    let refused = map(&dma, &mine, 1, ToDevice).expect_err("both are in use");
    assert!(matches!(
        refused.error,
        MapError::PoolFull {
            wanted: 1,
            free: 0,
            ..
        }
    ));
    let sent = pattern(PAGE as usize);
    let first = transfer(first, |bus, len| {
        machine.device_write(machine.bus(), bus, &sent[..len]);
    });
    assert_eq!(first.unmap().bytes(&machine).to_vec(), sent);
    drop(second);
    drop((reservation, rest));
    assert_clean(&dma);
}

#[test]
fn rs_1_elements_of_a_list_have_a_cell_each() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let (mine, other) = (limited(&machine, 1), legacy(&machine));
    let reservation = dma.reserve(&mine, 3, PAGE, 1).expect("room");
    let rest = hog(&dma, &other);
    let list = |count: usize| {
        let mut table = SgTable::with_capacity(count, 8).expect("memory");
        for _ in 0..count {
            let element = pages(&machine, Zone::High, 0, PAGE, 1);
            assert!(table.push(element).is_ok(), "room");
        }
        table
    };
    let lent = dma.map_sg(&mine, list(3), ToDevice).expect("reserved");
    let Err(refused) = dma.map_sg(&mine, list(1), ToDevice) else {
        panic!("all three are in use");
    };
    assert!(matches!(refused.error, SgError::Element { index: 0, .. }));
    drop(lent);
    let Err(refused) = dma.map_sg(&mine, list(4), ToDevice) else {
        panic!("a fourth cell");
    };
    assert!(matches!(refused.error, SgError::Element { index: 3, .. }));
    assert!(
        dma.map_sg(&mine, list(3), ToDevice).is_ok(),
        "INV-6: none is lost"
    );
    drop((reservation, rest));
    assert_clean(&dma);
}

#[test]
fn rs_2_the_data_start_where_align_says() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = legacy(&machine);
    let _reservation = dma.reserve(&device, 3, 100, 0x1_0000).expect("room");
    let held = [(); 3].map(|()| map(&dma, &device, 100, ToDevice).expect("reserved"));
    for mapping in held {
        transfer(mapping, |bus, _| assert_eq!(bus.get() % 0x1_0000, 0));
    }
}

#[test]
fn rs_3_every_refusal_tells_why_and_takes_nothing() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = legacy(&machine);
    let error = |count, len, align| {
        dma.reserve(&device, count, len, align)
            .expect_err("refused")
    };
    let full = ReserveError::PoolFull {
        cells: 9,
        found: 8,
        slots: 128,
        free: 0,
        largest_run: 0,
    };
    assert_eq!(error(9, 128 * SLOT, 1), full);
    let max = SLOTS as u64 * SLOT;
    let len = max + 1;
    assert_eq!(error(1, len, 1), ReserveError::TooLong { len, max });
    assert_eq!(error(1, 1, 3), ReserveError::Align { bytes: 3 });
    assert_eq!(error(0, 1, 1), ReserveError::Nothing);
    assert_eq!(error(1, 0, 1), ReserveError::Nothing);
    assert_clean(&dma);
    let none = layer(&machine, Bouncing::Off, POOL);
    let error = none.reserve(&device, 1, 1, 1).expect_err("no pool");
    assert_eq!(error, ReserveError::NoPool);
}

#[test]
fn rs_3_cells_that_the_device_does_not_reach_are_refused_and_given_back() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let error = dma.reserve(&short(), 2, SLOT, 1).expect_err("of no use");
    let cell = PhysRange::new(PhysAddr::new(POOL.0), SLOT).expect("valid");
    assert_eq!(error, ReserveError::Unreachable { cell });
    assert_clean(&dma);
}

#[test]
fn rs_4_what_is_mapped_when_a_reservation_is_dropped_comes_home_by_unmap() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = legacy(&machine);
    let reservation = dma.reserve(&device, 4, PAGE, 1).expect("room");
    let mapping = map(&dma, &device, 10, FromDevice).expect("reserved");
    drop(reservation);
    assert_eq!(dma.pool_usage().expect("pool").used, 2, "the cell in use");
    drop(mapping);
    assert_clean(&dma);
}

#[test]
fn rs_4_a_cell_in_quarantine_is_in_use_until_the_device_was_reset() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let (mine, other) = (legacy(&machine), legacy(&machine));
    let reservation = dma.reserve(&mine, 1, PAGE, 1).expect("room");
    let rest = hog(&dma, &other);
    let engine = Idle::default();
    engine.0.set(Halt::Unconfirmed);
    let mapping = map(&dma, &mine, 64, FromDevice).expect("reserved");
    fly(mapping, &engine, |_, _| {}).end().expect_err("no halt");
    let refused = map(&dma, &mine, 64, FromDevice).expect_err("the device may still write it");
    assert_eq!(refused.error.class(), Class::Later);
    drop((reservation, rest));
    assert_eq!(
        dma.pool_usage().expect("pool").used,
        2,
        "given up, and kept"
    );
    // SAFETY: nothing plays the device any more.
    assert_eq!(unsafe { dma.device_was_reset(&mine) }, 1);
    assert_clean(&dma);
}

#[test]
fn rs_5_a_cell_mapped_by_address_goes_back_into_the_reservation() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let (mine, other) = (legacy(&machine), legacy(&machine));
    let reservation = dma.reserve(&mine, 1, PAGE, 1).expect("room");
    let rest = hog(&dma, &other);
    let calls = dma.by_address(&mine).expect("heap");
    let buffer = pages(&machine, Zone::High, 0, PAGE, 9);
    for _ in 0..3 {
        // SAFETY: the pages are ours and nobody plays the device.
        let addr = unsafe { calls.map_single(buffer.range(), Dir::ToDevice, Attrs::NONE) };
        let addr = addr.expect("reserved");
        let read = machine.device_read(machine.bus(), addr, 16);
        assert_eq!(read, [9; 16]);
        // SAFETY: as above.
        unsafe { calls.unmap_single(addr, PAGE, Dir::ToDevice, Attrs::NONE) };
    }
    let third = legacy(&machine);
    assert!(
        map(&dma, &third, 1, ToDevice).is_err(),
        "it went to nobody else"
    );
    drop((reservation, rest));
    assert_clean(&dma);
}

#[test]
fn qt_1_a_device_is_refused_beyond_its_quota_and_another_is_not() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let (device, other) = (limited(&machine, 3), legacy(&machine));
    let held = map(&dma, &device, PAGE, ToDevice).expect("2 of 3");
    let refused = map(&dma, &device, PAGE, ToDevice).expect_err("4 of 3");
    let over = MapError::OverQuota {
        wanted: 2,
        used: 2,
        quota: 3,
    };
    assert_eq!((refused.error, refused.error.class()), (over, Class::Later));
    assert!(map(&dma, &other, PAGE, ToDevice).is_ok());
    let inspector = dma.inspector();
    assert_eq!(inspector.quota_used(&device), Some(2));
    assert_eq!(inspector.quota_used(&other), None, "it has no quota");
    drop(held);
    assert!(map(&dma, &device, PAGE, ToDevice).is_ok());
}

#[test]
fn qt_1_what_is_longer_than_the_quota_fails_for_ever() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = limited(&machine, 3);
    let refused = map(&dma, &device, 4 * SLOT, ToDevice).expect_err("4 of 3");
    assert_eq!(refused.error.class(), Class::Never);
    assert_eq!(dma.max_mapping_size(&device), 3 * SLOT, "and so it is told");
}

#[test]
fn qt_1_quarantine_stays_charged() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = limited(&machine, 1);
    let engine = Idle::default();
    engine.0.set(Halt::Unconfirmed);
    let mapping = map(&dma, &device, 64, FromDevice).expect("1 of 1");
    fly(mapping, &engine, |_, _| {}).end().expect_err("no halt");
    assert!(map(&dma, &device, 64, FromDevice).is_err());
    engine.0.set(Halt::Confirmed);
    assert_eq!(dma.halt_again(&engine), Some(1));
    assert!(map(&dma, &device, 64, FromDevice).is_ok());
    assert_clean(&dma);
}
