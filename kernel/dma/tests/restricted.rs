//! Devices that are bound to a restricted pool: all their bytes go through it, and nobody else's do.
#![expect(unsafe_code, reason = "names buffers by address and plays the device")]

mod common;

use common::{
    Idle, Layer, POOL, Unproven, assert_clean, fly, layer, legacy, pages, pattern, transfer,
};
use dma::address::Attrs as AddressAttrs;
use dma::swiotlb::{CHUNK, SLOT};
use dma::{
    Bidirectional, BounceReason, Bouncing, Dir, DmaDevice, FromDevice, LimitError, MAX_RESTRICTED,
    MapError, Refusal, RestrictedPool, SgTable, ToDevice, TooManyPools,
};
use hal::{DmaAddr, DmaBuffer, DmaWindow, GIB, PAGE, PhysAddr, PhysRange, Zone};
use sim::{Builder, Machine, under_every_adversary};

/// Slots of the restricted pool: 64 KiB in the middle of a block.
const OWN: (u64, u64) = (0x1001_0000, 0x1_0000);
/// Its cells.
const OWN_CELLS: (u64, u64) = (0x1000_F000, PAGE);

fn read(machine: &Machine, addr: DmaAddr, len: usize) -> Vec<u8> {
    machine.device_read(machine.bus(), addr, len)
}

fn write(machine: &Machine, addr: DmaAddr, bytes: &[u8]) {
    machine.device_write(machine.bus(), addr, bytes);
}

fn range(start: u64, len: u64) -> PhysRange {
    PhysRange::new(PhysAddr::new(start), len).expect("valid")
}

/// Does the device find these bytes in memory of the restricted pool?
fn is_own(own: RestrictedPool, addr: DmaAddr, len: u64) -> bool {
    let phys = addr.get().checked_sub(0xC000_0000).expect("on the bus");
    own.region().contains(range(phys, len))
}

fn bound(machine: &Machine, name: &'static str, own: RestrictedPool) -> DmaDevice {
    let builder = DmaDevice::builder(name).windows(machine.bus().windows());
    builder
        .restricted(own)
        .build(&machine.ram())
        .expect("valid")
}

/// A layer with a pool for all and one for the device.
fn bed(machine: &Machine, bouncing: Bouncing) -> (Layer, RestrictedPool, DmaDevice) {
    let mut dma = layer(machine, bouncing, POOL);
    let own = dma.restrict(OWN, Some(OWN_CELLS));
    let device = bound(machine, "bound", own);
    (dma, own, device)
}

#[test]
fn rp_2_every_buffer_of_a_bound_device_goes_through_its_pool_and_no_other() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, own, device) = bed(machine, Bouncing::AsNeeded);
        for (zone, offset, len) in [
            (Zone::Dma, 0, 4096),
            (Zone::High, 17, 5000),
            (Zone::Dma, 3, 60),
            (Zone::High, 0, 1),
        ] {
            let sent = pages(machine, zone, offset, len, 0x5A);
            let mapping = dma.map(&device, sent, ToDevice).expect("room");
            drop(transfer(mapping, |addr, len| {
                assert!(is_own(own, addr, len as u64), "{addr} for {zone:?}");
                assert_eq!(read(machine, addr, len), vec![0x5A; len]);
            }));
            let received = pages(machine, zone, offset, len, 0);
            let mapping = dma.map(&device, received, FromDevice).expect("room");
            let mapping = transfer(mapping, |addr, len| {
                assert!(is_own(own, addr, len as u64), "{addr} for {zone:?}");
                write(machine, addr, &pattern(len));
            });
            let received = mapping.unmap();
            assert_eq!(*received.bytes(machine), pattern(len as usize)[..]);
        }
        let totals = dma.totals(&device);
        assert_eq!((totals.direct, totals.bounced), (0, [0, 0, 0, 8]));
        assert_eq!(totals.by_cell, 4, "and small objects by its own cells");
        assert_eq!(dma.pool_usage().expect("a pool").high_water, 0);
        assert_eq!(dma.own_pool(own).usage().used, 0);
        assert_clean(&dma);
    });
}

#[test]
fn rp_2_a_device_that_is_bound_to_none_gets_nothing_of_a_restricted_pool() {
    let machine = Machine::default();
    let (dma, own, _) = bed(&machine, Bouncing::Forced);
    let other = legacy(&machine);
    let buffer = pages(&machine, Zone::High, 0, 9000, 1);
    let mapping = dma.map(&other, buffer, ToDevice).expect("room");
    drop(transfer(mapping, |addr, _| assert!(!is_own(own, addr, 1))));
    assert_eq!(dma.own_pool(own).usage().high_water, 0);
    assert_eq!(dma.totals(&other).bounced, [1, 0, 0, 0]);
}

#[test]
fn rp_2_several_devices_share_one_restricted_pool() {
    let machine = Machine::default();
    let (dma, own, first) = bed(&machine, Bouncing::AsNeeded);
    let second = bound(&machine, "second", own);
    let engines = [Idle::default(), Idle::default()];
    let mut places = Vec::new();
    let mut flights = Vec::new();
    for (device, engine) in [&first, &second].into_iter().zip(&engines) {
        let buffer = pages(&machine, Zone::Dma, 0, 8192, 0);
        let mapping = dma.map(device, buffer, FromDevice).expect("room");
        let fill = if places.is_empty() { 1 } else { 2 };
        flights.push((
            fill,
            fly(mapping, engine, |addr, len| {
                assert!(is_own(own, addr, len as u64));
                places.push(addr);
                write(&machine, addr, &vec![fill; len]);
            }),
        ));
    }
    assert_ne!(places[0], places[1]);
    assert_eq!(dma.own_pool(own).usage().used, 8);
    for (fill, flight) in flights {
        let buffer = flight.end().expect("idle").unmap();
        assert!(buffer.bytes(&machine).iter().all(|byte| *byte == fill));
    }
    assert_eq!(dma.own_pool(own).usage().used, 0);
}

#[test]
fn rp_2_a_full_restricted_pool_refuses_and_neither_grows_nor_borrows() {
    let machine = Builder::default().bank(0x5000_0000, 0x20_0000).build();
    let (dma, own, device) = bed(&machine, Bouncing::AsNeeded);
    let all: Vec<_> = (0..OWN.1 / SLOT)
        .map(|_| {
            let slot = pages(&machine, Zone::High, 0, SLOT, 0);
            dma.map(&device, slot, ToDevice).expect("room")
        })
        .collect();
    let one_more = pages(&machine, Zone::Dma, 0, SLOT, 7);
    let refused = dma.map(&device, one_more, ToDevice).expect_err("full");
    assert!(
        matches!(
            refused.error,
            MapError::PoolFull {
                wanted: 1,
                free: 0,
                ..
            }
        ),
        "{:?}",
        refused.error
    );
    assert!(refused.error.is_transient());
    assert_eq!(dma.pool_usage().expect("a pool").used, 0, "not borrowed");
    let usage = dma.own_pool(own).usage();
    assert_eq!((usage.total, usage.used), (32, 32), "not grown");
    drop(all);
    assert!(dma.map(&device, refused.buffer, ToDevice).is_ok());
}

#[test]
fn rp_2_what_must_stay_in_place_is_refused_to_a_bound_device() {
    let machine = Machine::default();
    let (dma, _, device) = bed(&machine, Bouncing::AsNeeded);
    let shared = dma.share(pages(&machine, Zone::Dma, 0, 4096, 0));
    let refused = dma
        .map_shared(&device, shared, ToDevice)
        .expect_err("must bounce");
    let restricted = BounceReason::Restricted;
    assert_eq!(refused.error.reason(), Some(restricted));
    assert_eq!(dma.totals(&device).refused_for, [0, 0, 0, 1]);
    let other = legacy(&machine);
    let mapping = dma.map(&other, pages(&machine, Zone::Dma, 0, 64, 0), ToDevice);
    let owned = mapping.expect("maps").unmap_skip_sync();
    let refused = dma
        .map_device_owned(&device, owned, ToDevice)
        .expect_err("must bounce");
    assert_eq!(refused.error.reason(), Some(restricted));
    let line = refused.error.to_string();
    assert!(
        line.contains("restricted pool") && line.contains("memory-region"),
        "{line}"
    );
}

#[test]
fn rp_2_the_command_line_takes_no_restricted_pool_away() {
    let machine = Machine::default();
    let mut dma = layer(&machine, Bouncing::Off, POOL);
    let own = dma.restrict(OWN, Some(OWN_CELLS));
    let device = bound(&machine, "bound", own);
    for len in [64, 5000] {
        let buffer = pages(&machine, Zone::Dma, 0, len, 9);
        let mapping = dma
            .map(&device, buffer, Bidirectional)
            .expect("its own pool");
        drop(transfer(mapping, |addr, len| {
            assert!(is_own(own, addr, len as u64));
        }));
    }
    let other = legacy(&machine);
    let far = pages(&machine, Zone::High, 0, 64, 0);
    let refused = dma.map(&other, far, ToDevice).expect_err("noforce");
    assert!(matches!(refused.error, MapError::NoPool { .. }));
}

#[test]
fn rp_2_the_reason_is_the_pool_whatever_else_there_is() {
    let machine = Machine::default();
    let (dma, _, device) = bed(&machine, Bouncing::Forced);
    let odd = Unproven(pages(&machine, Zone::High, 5, 70, 0));
    drop(dma.map(&device, odd, FromDevice).expect("maps"));
    assert_eq!(dma.totals(&device).bounced, [0, 0, 0, 1]);
}

#[test]
fn rp_2_a_list_goes_through_the_pool_as_a_whole_without_direct_middles() {
    let machine = Machine::default();
    let mut dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let own = dma.restrict(OWN, None);
    let builder = DmaDevice::builder("lists").windows(machine.bus().windows());
    let builder = builder.segments(16, 4).restricted(own);
    let device = builder.build(&machine.ram()).expect("valid");
    let mut table = SgTable::with_capacity(4, 16).expect("heap");
    for (zone, offset) in [(Zone::Dma, 4), (Zone::High, 0)] {
        let element = Unproven(pages(&machine, zone, offset, 8000, 3));
        assert!(table.push(element).is_ok());
    }
    let mapped = dma.map_sg(&device, table, FromDevice).expect("room");
    let totals = dma.totals(&device);
    assert_eq!((totals.direct, totals.bounced), (0, [0, 0, 0, 2]));
    assert_eq!(dma.own_pool(own).usage().used, 8);
    drop(mapped);
    assert_eq!(dma.own_pool(own).usage().used, 0);
}

#[test]
fn rp_2_by_address_as_well() {
    let machine = Machine::default();
    let (dma, own, device) = bed(&machine, Bouncing::AsNeeded);
    let calls = dma.by_address(&device).expect("heap");
    let buffer = pages(&machine, Zone::Dma, 100, 3000, 0x33);
    let block = buffer.range();
    // SAFETY: the pages live on, and the device is played below, before unmap.
    let addr = unsafe { calls.map_single(block, Dir::Bidirectional, AddressAttrs::NONE) };
    let addr = addr.expect("room");
    assert!(is_own(own, addr, block.len()));
    machine.doorbell();
    assert_eq!(read(&machine, addr, 3000), [0x33; 3000]);
    write(&machine, addr, &[0x44; 3000]);
    machine.status_read();
    // SAFETY: mapped above, with these arguments; the device was played.
    unsafe { calls.unmap_single(addr, block.len(), Dir::Bidirectional, AddressAttrs::NONE) };
    assert!(buffer.bytes(&machine).iter().all(|byte| *byte == 0x44));
    assert_eq!(dma.own_pool(own).usage().used, 0);
}

#[test]
fn q_3_the_longest_mapping_is_the_restricted_pools_and_lim_2_holds_in_it() {
    let machine = Machine::default();
    let (dma, _, device) = bed(&machine, Bouncing::AsNeeded);
    assert_eq!(dma.max_mapping_size(&device), OWN.1);
    let fits = pages(&machine, Zone::Dma, 0, OWN.1, 0);
    assert!(dma.map(&device, fits, ToDevice).is_ok());
    let long = pages(&machine, Zone::Dma, 0, OWN.1 + 1, 0);
    let refused = dma.map(&device, long, ToDevice).expect_err("too long");
    assert_eq!(
        refused.error,
        MapError::TooLong {
            len: OWN.1 + 1,
            max: OWN.1
        }
    );
}

#[test]
fn rp_2_a_layer_that_lacks_the_pool_refuses_instead_of_falling_back() {
    let machine = Machine::default();
    let (dma, _, device) = bed(&machine, Bouncing::AsNeeded);
    let strange = layer(&machine, Bouncing::AsNeeded, (0x1000_0000, 0x1000));
    let buffer = pages(&machine, Zone::High, 0, 64, 0);
    let refused = strange
        .map(&device, buffer, ToDevice)
        .expect_err("no such pool");
    assert_eq!(refused.error.reason(), Some(BounceReason::Restricted));
    assert!(refused.error.to_string().contains("does not have"));
    assert!(dma.map(&device, refused.buffer, ToDevice).is_ok());
}

#[test]
fn mask_5_rp_2_a_device_must_reach_its_whole_region_and_nothing_else() {
    let machine = Machine::default();
    let mut dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let own = dma.restrict(OWN, Some(OWN_CELLS));
    let window = |len| {
        let window = DmaWindow::new(range(0x1000_0000, len), DmaAddr::new(0));
        window.expect("valid")
    };
    let device = |len| {
        let builder = DmaDevice::builder("short").windows(&[window(len)]);
        builder.restricted(own).build(&machine.ram())
    };
    assert!(device(CHUNK).is_ok(), "the shared pool is beyond");
    let error = device(0x1_8000).expect_err("half of it");
    assert_eq!(
        error,
        LimitError::RegionBeyondReach {
            region: own.region(),
            first: PhysAddr::new(0x1001_8000),
            mask: dma::DmaMask::bits(32),
        }
    );
    let masked = DmaDevice::builder("masked").windows(machine.bus().windows());
    let masked = masked.coherent_mask(dma::DmaMask::bits(31)).restricted(own);
    assert!(
        masked.build(&machine.ram()).is_err(),
        "the coherent mask too"
    );
}

#[test]
fn rp_2_a_layer_has_so_many_restricted_pools_and_no_more() {
    let machine = Builder::default().bank(0x2000_0000, 0x2_0000).build();
    let mut dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let pools: Vec<_> = (0..MAX_RESTRICTED as u64)
        .map(|i| dma.restrict((0x2000_0000 + i * PAGE, PAGE), None))
        .collect();
    for own in &pools {
        let device = bound(&machine, "one", *own);
        let buffer = pages(&machine, Zone::Dma, 0, 64, 0);
        let mapping = dma.map(&device, buffer, ToDevice).expect("room");
        drop(transfer(mapping, |addr, _| assert!(is_own(*own, addr, 64))));
    }
    let one_more = dma::swiotlb::Pool::restricted([machine.take(0x2001_0000, PAGE)]);
    let max = MAX_RESTRICTED;
    assert_eq!(
        dma.try_restrict(one_more.expect("low")),
        Err(TooManyPools { max })
    );
}

#[test]
fn geo_3_a_pool_of_two_pieces_hands_out_nothing_between_them() {
    let machine = Builder::empty()
        .bank(0x1000_0000, 4 * CHUNK)
        .bank(GIB, 4 * CHUNK)
        .build();
    let mut dma = layer(&machine, Bouncing::Off, POOL);
    let (head, tail) = ((0x101F_E000, 2 * PAGE), (0x1040_0000, PAGE));
    let pieces = [head, tail].map(|(start, len)| machine.take(start, len));
    let pool = dma::swiotlb::Pool::restricted(pieces).expect("low");
    let own = dma.try_restrict(pool).expect("room");
    let device = bound(&machine, "bound", own);
    let engine = Idle::default();
    let flights: Vec<_> = (0..6)
        .map(|_| {
            let slot = pages(&machine, Zone::High, 0, SLOT, 0);
            let mapping = dma.map(&device, slot, ToDevice).expect("room");
            fly(mapping, &engine, |addr, _| {
                let phys = addr.get() - 0xC000_0000;
                let inside = |(start, len): (u64, u64)| phys >= start && phys < start + len;
                assert!(inside(head) || inside(tail), "{phys:#x}");
            })
        })
        .collect();
    let more = dma.map(&device, pages(&machine, Zone::High, 0, 1, 0), ToDevice);
    assert!(more.expect_err("full").error.is_transient());
    drop(flights);
    assert_eq!(dma.max_mapping_size(&device), 2 * PAGE);
}

#[test]
fn rp_1_memory_beyond_the_lookup_table_is_no_pool() {
    let machine = Machine::default();
    let high = machine.take(GIB, PAGE);
    let refused = dma::swiotlb::Pool::<Machine>::restricted([high]);
    let region = refused.err().expect("beyond the first GiB").region;
    assert_eq!(region.range(), range(GIB, PAGE));
}

#[test]
fn rp_2_reports_show_of_each_device_the_pool_that_it_bounces_through() {
    let machine = Machine::default();
    let (dma, own, device) = bed(&machine, Bouncing::AsNeeded);
    let (other, inspector) = (legacy(&machine), dma.inspector());
    let by_cell = dma.map(&device, pages(&machine, Zone::Dma, 0, 64, 0), ToDevice);
    let view = inspector.pool_of(&dma, &device).expect("its own");
    assert_eq!((view.name(), view.restricted()), ("own", Some(own)));
    assert_eq!(format!("{view:?}"), "PoolView(own)");
    let (cells, usage) = view.cells().expect("a page of them");
    assert_eq!((cells, usage.used), (range(OWN_CELLS.0, OWN_CELLS.1), 1));
    assert_eq!(
        (own.name(), own),
        ("own", inspector.restricted_pool(&device).expect("bound"))
    );
    let shared = inspector.pool_of(&dma, &other).expect("everybody's");
    assert_eq!((shared.name(), shared.restricted()), ("shared", None));
    assert_eq!(
        (shared.range(), shared.cells()),
        (range(POOL.0, POOL.1), None)
    );
    assert_eq!(inspector.pool_extent(&dma), Some(shared.extent()));
    assert_eq!(inspector.restricted_pool(&other), None);
    drop(by_cell);
}

#[test]
fn st_1_st_2_each_pool_and_each_device_counts_for_itself() {
    let machine = Builder::default().bank(0x5000_0000, 0x20_0000).build();
    let (dma, own, device) = bed(&machine, Bouncing::AsNeeded);
    let (twin, other) = (bound(&machine, "twin", own), legacy(&machine));
    let map = |device, slots: u64| {
        let buffer = pages(&machine, Zone::High, 0, slots * SLOT, 0);
        dma.map(device, buffer, ToDevice).expect("room")
    };
    let held = (map(&device, 20), map(&twin, 2), map(&other, 30));
    drop(map(&device, 4));
    let used = |device| dma.slots_of(device);
    assert_eq!(
        (used(&device), used(&twin), used(&other)),
        ((20, 24), (2, 2), (30, 30))
    );
    let usage = dma.own_pool(own).usage();
    assert_eq!((usage.used, usage.high_water), (22, 26), "ST-1");
    assert_eq!((usage.runs, usage.bytes), (3, 26 * SLOT));
    let shared = dma.pool_usage().expect("a pool");
    assert_eq!((shared.used, shared.runs, shared.bytes), (30, 1, 30 * SLOT));
    let too_many = pages(&machine, Zone::High, 0, 11 * SLOT, 0);
    let full = dma.map(&twin, too_many, ToDevice).expect_err("full").error;
    let MapError::PoolFull { top: Some(top), .. } = full else {
        panic!("{full}");
    };
    assert_eq!((top.device, top.slots), ("bound", 20), "of the same pool");
    let long = pages(&machine, Zone::High, 0, OWN.1 + 1, 0);
    assert!(dma.map(&twin, long, ToDevice).is_err());
    let refused = |kinds: &[(Refusal, u64)]| {
        let mut all = [0; Refusal::COUNT];
        kinds
            .iter()
            .for_each(|(kind, count)| all[*kind as usize] = *count);
        all
    };
    let both = refused(&[(Refusal::Full, 1), (Refusal::TooLong, 1)]);
    assert_eq!(dma.totals(&twin).refused_by, both);
    assert_eq!(dma.own_pool(own).usage().refused, both);
    assert_eq!(dma.totals(&device).refused_by, refused(&[]));
    assert_eq!(dma.pool_usage().expect("a pool").refused, refused(&[]));
    drop(held);
    assert_eq!((used(&device), used(&other)), ((0, 24), (0, 30)));
    dma.reset_high_water();
    assert_eq!((used(&device), used(&twin)), ((0, 0), (0, 0)));
    drop(map(&device, 1));
    assert_eq!(
        (used(&device), dma.own_pool(own).usage().high_water),
        ((0, 1), 1)
    );
}

#[test]
fn st_2_more_devices_than_there_are_rows_lose_no_slots() {
    let machine = Machine::default();
    let (dma, _, first) = bed(&machine, Bouncing::AsNeeded);
    let many: Vec<_> = (0..150).map(|_| legacy(&machine)).collect();
    let map = |device| {
        let buffer = pages(&machine, Zone::High, 0, 3 * SLOT, 0);
        dma.map(device, buffer, ToDevice).expect("room")
    };
    let held = map(&first);
    many.iter().for_each(|device| drop(map(device)));
    assert_eq!(dma.slots_of(&first), (3, 3), "its own row");
    assert_eq!(dma.slots_of(&many[0]), (0, 3));
    assert_eq!(dma.slots_of(&many[149]), (0, 0), "counted with others");
    drop(held);
    assert_eq!(dma.slots_of(&first), (0, 3));
}
