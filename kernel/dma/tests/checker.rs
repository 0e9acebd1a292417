//! The checker: each rule fires on a minimal wrong driver, and none on the correct ones (INV-10).

#![expect(
    unsafe_code,
    reason = "plays drivers that keep addresses, right and wrong"
)]

mod common;

use common::{Idle, Layer, POOL, fly, layer, legacy, pages, snooping_if, transfer};
use dma::address::{Attrs, ByAddress};
use dma::checker::{Call, Cause, Forbidden, Level, NotForDevices, Options};
use dma::{
    Bidirectional, Bouncing, Dir, Direction, DmaDevice, FromDevice, Halt, Mapping, Physical,
    SgTable, ToDevice,
};
use hal::{DmaAddr, DmaBuffer, PhysAddr, PhysRange, Zone};
use sim::Machine;

const ENTRIES: u32 = 64;

fn options(entries: u32) -> Options {
    let mut options = Options::default();
    options.level = Level::On;
    options.entries = entries;
    options
}

fn checked(machine: &Machine) -> Layer {
    let layer = layer(machine, Bouncing::AsNeeded, POOL);
    layer.checked(&options(ENTRIES), Forbidden::new())
}

/// What was found, without who and where.
fn causes(dma: &Layer) -> Vec<Cause> {
    dma.findings().iter().map(|finding| finding.cause).collect()
}

fn lists(machine: &Machine) -> DmaDevice {
    let builder = DmaDevice::builder("lists").windows(machine.bus().windows());
    builder.segments(8, 4).build(&machine.ram()).expect("valid")
}

fn mapped<'d, D: Direction>(
    dma: &'d Layer,
    device: &'d DmaDevice,
    zone: Zone,
    direction: D,
) -> Mapping<'d, Machine, hal::Pages<Machine>, D> {
    let page = pages(dma.platform(), zone, 0, 256, 0xA5);
    dma.map(device, page, direction).expect("fits")
}

/// A driver that does everything right, with buffers of one zone.
fn correct_driver(dma: &Layer, device: &DmaDevice, zone: Zone) {
    let machine = dma.platform().clone();
    drop(transfer(mapped(dma, device, zone, ToDevice), |_, _| {}));
    let mut mapping = transfer(mapped(dma, device, zone, Bidirectional), |_, _| {});
    mapping.for_cpu_range(64, 64).expect("inside")[0] = 1;
    let owned = mapping.unmap_skip_sync();
    let again = dma.map_device_owned(device, owned, FromDevice);
    drop(again.map(Mapping::unmap));
    let mut table = SgTable::with_capacity(3, 8).expect("memory");
    for zone in [zone, Zone::Dma, zone] {
        table.push(pages(&machine, zone, 4, 5000, 1)).expect("room");
    }
    let list = dma.map_sg(device, table, FromDevice).expect("fits");
    let engine = Idle::default();
    // SAFETY: no device is told.
    let flight = unsafe { list.launch(&engine) };
    drop(flight.end().expect("idle"));
    // SAFETY: no device is told.
    let (_, mut ring) = unsafe { mapped(dma, device, zone, FromDevice).expose() };
    // SAFETY: no device is told.
    unsafe { ring.sync_for_cpu(64, 64) }.expect("whole lines");
    // SAFETY: no device was told.
    drop(unsafe { ring.unmap() });
    let calls = dma.by_address(device).expect("memory");
    for dir in [Dir::ToDevice, Dir::FromDevice, Dir::Bidirectional] {
        let page = pages(&machine, zone, 0, 256, 0);
        // SAFETY: the page is lent, and no device is told.
        let addr = unsafe { calls.map_single(page.range(), dir, Attrs::NONE) }.expect("fits");
        let part = addr.checked_add(64).expect("low");
        // SAFETY: a part of what was just mapped.
        unsafe { calls.sync_single_for_cpu(part, 64, dir) }.expect("mapped");
        // SAFETY: as above.
        unsafe { calls.sync_single_for_device(part, 64, dir) }.expect("mapped");
        // SAFETY: mapped so.
        unsafe { calls.unmap_single(addr, 256, dir, Attrs::NONE) };
    }
}

#[test]
fn inv_10_nothing_is_found_of_correct_drivers() {
    let machine = Machine::default();
    let (dma, device) = (checked(&machine), lists(&machine));
    for zone in [Zone::Dma, Zone::High] {
        correct_driver(&dma, &device, zone);
    }
    let shared = dma.share(pages(&machine, Zone::Dma, 0, 128, 0));
    let again = shared.clone();
    let first = dma.map_shared(&device, shared, FromDevice).expect("low");
    let second = dma.map_shared(&device, again, FromDevice).expect("low");
    drop((first, second));
    let engine = Idle::default();
    let flight = fly(
        mapped(&dma, &device, Zone::High, ToDevice),
        &engine,
        |_, _| {},
    );
    engine.0.set(Halt::Unconfirmed);
    drop(flight);
    assert_eq!(causes(&dma), []);
    let status = dma.checker().status();
    assert_eq!((status.on, status.errors, status.live), (true, 0, 0));
    assert!(
        status.most >= 3,
        "lists are remembered by their pieces: {status:?}"
    );
    assert_eq!(dma.device_removed(&device).live, 0);
}

#[test]
fn dm_6_what_is_decided_does_not_change() {
    let totals = |with: bool| {
        let machine = Machine::default();
        let plain = layer(&machine, Bouncing::AsNeeded, POOL);
        let dma = if with {
            plain.checked(&options(ENTRIES), Forbidden::new())
        } else {
            plain
        };
        let device = lists(&machine);
        [Zone::Dma, Zone::High]
            .iter()
            .for_each(|zone| correct_driver(&dma, &device, *zone));
        (dma.totals(&device), dma.pool_state())
    };
    assert_eq!(totals(true), totals(false));
}

/// A driver that keeps addresses, and a mapping of its own: 256 bytes from the device.
fn with_address(wrong: impl FnOnce(&ByAddress<'_, Machine>, DmaAddr)) -> (Vec<Cause>, u64) {
    let machine = Machine::default();
    let (dma, device) = (checked(&machine), legacy(&machine));
    let calls = dma.by_address(&device).expect("memory");
    let page = pages(&machine, Zone::Dma, 0, 4096, 0);
    let block = page.range().slice(0, 256).expect("inside");
    // SAFETY: the page is lent, and no device is told.
    let addr = unsafe { calls.map_single(block, Dir::FromDevice, Attrs::NONE) }.expect("low");
    wrong(&calls, addr);
    let found = dma.findings();
    assert!(found.iter().all(|finding| finding.device == "legacy"));
    (
        found.iter().map(|finding| finding.cause).collect(),
        addr.get(),
    )
}

fn unmap(calls: &ByAddress<'_, Machine>, addr: DmaAddr, len: u64, dir: Dir) {
    // SAFETY: the page is nobody's but this test's, and no device is told, whatever is said.
    unsafe { calls.unmap_single(addr, len, dir, Attrs::NONE) };
}

#[test]
fn dbg_1_unmap_of_what_is_not_mapped() {
    let (found, addr) = with_address(|calls, addr| {
        unmap(calls, addr, 256, Dir::FromDevice);
        unmap(calls, addr, 256, Dir::FromDevice);
    });
    assert_eq!(found, [Cause::Unknown { addr, len: 256 }]);
}

#[test]
fn dbg_2_unmap_of_the_address_that_means_an_error() {
    let all_ones = DmaAddr::new(u64::MAX);
    let (found, _) = with_address(|calls, _| unmap(calls, all_ones, 64, Dir::ToDevice));
    assert_eq!(found, [Cause::Sentinel]);
}

#[test]
fn dbg_3_unmap_of_another_length() {
    let (found, addr) = with_address(|calls, addr| unmap(calls, addr, 128, Dir::FromDevice));
    let (mapped, len) = (256, 128);
    assert_eq!(found, [Cause::Length { addr, mapped, len }]);
}

#[test]
fn dbg_4_unmap_by_another_call() {
    let machine = Machine::default();
    let (dma, device) = (checked(&machine), legacy(&machine));
    let calls = dma.by_address(&device).expect("memory");
    // SAFETY: no device is told.
    let (addr, ring) = unsafe { mapped(&dma, &device, Zone::Dma, ToDevice).expose() };
    core::mem::forget(ring);
    unmap(&calls, addr, 256, Dir::ToDevice);
    let (mapped, call) = (Call::Single, Call::Address);
    let addr = addr.get();
    assert_eq!(causes(&dma), [Cause::Call { addr, mapped, call }]);
}

#[test]
fn dbg_7_unmap_in_another_direction() {
    let (found, addr) = with_address(|calls, addr| unmap(calls, addr, 256, Dir::ToDevice));
    let (mapped, dir) = (Dir::FromDevice, Dir::ToDevice);
    assert_eq!(found, [Cause::Direction { addr, mapped, dir }]);
}

#[test]
fn dbg_8_sync_of_what_no_mapping_contains() {
    let (found, addr) = with_address(|calls, addr| {
        for (at, len) in [(192, 128), (512, 64)] {
            let part = addr.checked_add(at).expect("low");
            // SAFETY: the page is nobody's but this test's, and no device is told.
            unsafe { calls.sync_single_for_cpu(part, len, Dir::FromDevice) }.expect("in RAM");
        }
    });
    let out = |at, len, mapped| Cause::OutOfRange {
        addr: addr + at,
        len,
        mapped,
    };
    assert_eq!(found, [out(192, 128, 64), out(512, 64, 0)]);
}

#[test]
fn dbg_10_sync_in_another_direction_unless_it_goes_both_ways() {
    let (found, addr) = with_address(|calls, addr| {
        // SAFETY: the page is nobody's but this test's, and no device is told.
        unsafe { calls.sync_single_for_device(addr, 64, Dir::ToDevice) }.expect("in RAM");
        // SAFETY: as above.
        unsafe { calls.sync_single_for_device(addr, 64, Dir::Bidirectional) }.expect("in RAM");
    });
    let mapped = Dir::FromDevice;
    let wrong = |dir| Cause::Direction { addr, mapped, dir };
    assert_eq!(found, [wrong(Dir::ToDevice), wrong(Dir::Bidirectional)]);
}

#[test]
fn dbg_12_13_stacks_text_and_read_only_data_are_told() {
    let all = [
        NotForDevices::Stack,
        NotForDevices::Text,
        NotForDevices::ReadOnly,
    ];
    for is in all {
        let machine = Machine::default();
        let page = pages(&machine, Zone::Dma, 0, 4096, 0);
        let mut forbidden = Forbidden::new();
        forbidden.push((page.range().slice(0, 64).expect("inside"), is));
        let dma = layer(&machine, Bouncing::AsNeeded, POOL).checked(&options(4), forbidden);
        let device = legacy(&machine);
        for (at, found) in [(64, false), (32, true)] {
            let block = page.range().slice(at, 64).expect("inside");
            // SAFETY: the page is lent for as long as the mapping lives.
            let buffer = unsafe { Physical::assume_lent(block) };
            drop(dma.map(&device, buffer, ToDevice).expect("low"));
            let wrong = found.then_some(Cause::Memory { block, is });
            assert_eq!(causes(&dma), wrong.into_iter().collect::<Vec<_>>());
        }
    }
}

#[test]
fn dbg_14_18_what_is_no_ram_is_told() {
    let machine = Machine::default();
    let dma = checked(&machine);
    // Snoops: nothing touches the memory, which is not there.
    let builder = DmaDevice::builder("d")
        .coherent()
        .mask(dma::DmaMask::bits(40));
    let device = builder.build(&machine.ram()).expect("valid");
    let block = PhysRange::new(PhysAddr::new(0x60_0000_0000), 64).expect("valid");
    // SAFETY: no device is told.
    let buffer = unsafe { Physical::assume_lent(block) };
    drop(dma.map(&device, buffer, ToDevice).expect("within the mask"));
    let is = NotForDevices::NotRam;
    assert_eq!(causes(&dma), [Cause::Memory { block, is }]);
}

#[test]
fn dbg_16_a_line_that_two_mappings_have() {
    let machine = Machine::default();
    let (dma, device) = (checked(&machine), legacy(&machine));
    let page = pages(&machine, Zone::Dma, 0, 4096, 0);
    let block = page.range().slice(0, 128).expect("inside");
    let lent = |range| {
        // SAFETY: of two mappings, the second breaks the promise; no device is told of either.
        unsafe { Physical::assume_lent(range) }
    };
    let first = dma.map(&device, lent(block), FromDevice).expect("low");
    let second = block.slice(64, 64).expect("inside");
    drop(dma.map(&device, lent(second), ToDevice).expect("low"));
    assert_eq!(causes(&dma), [], "OV-2");
    drop(dma.map(&device, lent(second), Bidirectional).expect("low"));
    let overlap = Cause::Overlap {
        block: second,
        other: block,
        by: "legacy",
    };
    assert_eq!(causes(&dma), [overlap]);
    let all: Vec<_> = (0..7)
        .map(|_| dma.map(&device, lent(block), FromDevice).expect("low"))
        .collect();
    let crowd = Cause::Crowd { block, count: 7 };
    assert_eq!(causes(&dma).last(), Some(&crowd), "OV-3");
    drop((first, all));
}

/// What is found when the device writes to a line that two mappings have, by address.
fn twice_by_address(coherent: bool, attrs: Attrs) -> usize {
    let machine = Machine::default();
    let dma = checked(&machine);
    let device = snooping_if(coherent, &machine).build(&machine.ram());
    let device = device.expect("valid");
    let calls = dma.by_address(&device).expect("memory");
    let page = pages(&machine, Zone::Dma, 0, 4096, 0);
    for _ in 0..2 {
        // SAFETY: the page is lent, and no device is told.
        unsafe { calls.map_single(page.range(), Dir::FromDevice, attrs) }.expect("low");
    }
    dma.findings().len()
}

#[test]
fn ov_4_lines_are_shared_in_silence_by_attribute_or_by_a_device_that_snoops() {
    assert_eq!(twice_by_address(false, Attrs::NONE), 1);
    assert_eq!(twice_by_address(false, Attrs::SHARED), 0);
    assert_eq!(twice_by_address(true, Attrs::NONE), 0);
    let machine = Machine::default();
    let (dma, device) = (checked(&machine), lists(&machine));
    let shared = dma.share(pages(&machine, Zone::Dma, 0, 128, 0));
    let list = |shared| {
        let mut table = SgTable::with_capacity(1, 8).expect("memory");
        assert!(table.push(shared).is_ok());
        dma.map_sg_shared(&device, table, FromDevice).expect("low")
    };
    drop((list(shared.clone()), list(shared)));
    assert_eq!(causes(&dma), [], "lists of shared buffers");
}

#[test]
fn dbg_17_what_a_driver_leaves_behind_is_counted_and_one_is_described() {
    let machine = Machine::default();
    let (dma, device) = (checked(&machine), legacy(&machine));
    sim::set_place(0xFFFF_FFFF_C000_1234);
    let one = mapped(&dma, &device, Zone::Dma, ToDevice);
    let other = mapped(&dma, &device, Zone::High, FromDevice);
    core::mem::forget((one, other));
    assert_eq!(dma.device_removed(&device).live, 2);
    let finding = dma.one_finding();
    assert!(matches!(finding.cause, Cause::Left { count: 2, one } if one.len == 256));
    let text = finding.to_string();
    assert!(
        text.starts_with("dma-debug: legacy: removed with 2 mappings live"),
        "{text}"
    );
    assert!(text.ends_with("; mapped at 0xffffffffc0001234"), "{text}");
}

#[test]
fn dm_2_a_full_list_turns_the_checker_off_and_the_layer_lives_on() {
    let machine = Machine::default();
    let plain = layer(&machine, Bouncing::AsNeeded, POOL);
    let (dma, device) = (
        plain.checked(&options(2), Forbidden::new()),
        lists(&machine),
    );
    let all: Vec<_> = (0..3)
        .map(|_| mapped(&dma, &device, Zone::Dma, ToDevice))
        .collect();
    assert!(
        dma.checker().overflow() && !dma.checker().overflow(),
        "told once"
    );
    assert!(!dma.checker().status().on);
    drop(all);
    correct_driver(&dma, &device, Zone::High);
    assert_eq!(
        causes(&dma),
        [],
        "an unmap of what was never noted is no finding"
    );
}

#[test]
fn dm_3_of_mappings_that_are_alike_but_for_who_made_them_each_ends_once() {
    let machine = Machine::default();
    let (dma, device) = (checked(&machine), legacy(&machine));
    let calls = dma.by_address(&device).expect("memory");
    let page = pages(&machine, Zone::Dma, 0, 256, 0);
    let [first, second] = [0xFFFF_FFFF_C000_1000, 0xFFFF_FFFF_C000_2000].map(|place| {
        sim::set_place(place);
        // SAFETY: the page is lent, and no device is told.
        unsafe { calls.map_single(page.range(), Dir::ToDevice, Attrs::NONE) }.expect("low")
    });
    assert_eq!(first, second);
    let live = || (0..ENTRIES).filter_map(|at| dma.checker().live(at));
    let mut callers: Vec<_> = live().map(|live| live.callers[0] & 0xFFFF).collect();
    callers.sort_unstable();
    assert_eq!(callers, [0x1000, 0x2000]);
    for left in [1, 0] {
        unmap(&calls, first, 256, Dir::ToDevice);
        assert_eq!((causes(&dma), live().count()), (vec![], left));
    }
}

#[test]
fn dm_4_findings_of_the_device_that_was_asked_for_alone_are_told() {
    let machine = Machine::default();
    let (dma, device) = (checked(&machine), legacy(&machine));
    let calls = dma.by_address(&device).expect("memory");
    for (asked, told) in [("other", 0), ("legacy", 1), ("other", 0), ("", 1)] {
        dma.checker().only(asked);
        unmap(&calls, DmaAddr::new(u64::MAX), 64, Dir::ToDevice);
        assert_eq!(dma.findings().len(), told, "{asked:?}");
    }
    let status = dma.inspector().checker_status(&dma).expect("it is on");
    assert_eq!(status.errors, 4);
}

#[test]
fn dm_4_off_is_final_and_no_checker_is_made_for_it() {
    let machine = Machine::default();
    let plain = layer(&machine, Bouncing::AsNeeded, POOL);
    let off = Options::default();
    let made = dma::checker::Checker::<Machine>::new(&off, Forbidden::new(), || {});
    assert!(made.expect("nothing to reserve").is_none());
    assert_eq!(plain.inspector().checker_status(&plain), None);
    assert_eq!(plain.device_removed(&legacy(&machine)).live, 0);
    let dma = plain.checked(&options(ENTRIES), Forbidden::new());
    dma.checker().turn_off();
    let calls_of = legacy(&machine);
    let calls = dma.by_address(&calls_of).expect("memory");
    unmap(&calls, DmaAddr::new(u64::MAX), 64, Dir::ToDevice);
    assert_eq!(dma.checker().status().errors, 0);
}
