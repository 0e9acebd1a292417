//! Lists by address: Linux's calls, with nothing left behind by one that is refused.

use super::{DIRS, range};
use crate::common::{Layer, POOL, SMALL_POOL, assert_clean, layer, legacy, pages, pattern, small};
use dma::address::{Attrs, ByAddress, Misuse, SgEntry};
use dma::{BounceReason, Bouncing, Cause, Dir, DmaDevice, MapError, SgError};
use hal::{DmaBuffer, PAGE, Pages, Platform, Zone};
use proptest::prelude::*;
use sim::{Adversary, Builder, Machine, Op, under_every_adversary};

const SHAPES: [(Zone, u64, u64); 4] = [
    (Zone::Dma, 0, 128),
    (Zone::High, 60, 200),
    (Zone::High, 0, 64),
    (Zone::Dma, 4, 300),
];
const TOTAL: usize = 692;

fn entries(machine: &Machine, shapes: &[(Zone, u64, u64)]) -> (Vec<Pages<Machine>>, Vec<SgEntry>) {
    let page = |&(zone, offset, len): &(Zone, u64, u64)| pages(machine, zone, offset, len, 0xA5);
    let memory: Vec<_> = shapes.iter().map(page).collect();
    let list = memory.iter().map(|pages| SgEntry::new(pages.range()));
    let list = list.collect();
    (memory, list)
}

fn map(
    calls: ByAddress<'_, Machine>,
    list: &mut [SgEntry],
    dir: Dir,
    attrs: Attrs,
) -> Result<usize, SgError> {
    // SAFETY: tests lend pages that they own, and play the device where they say.
    unsafe { calls.map_sg(list, dir, attrs) }
}

fn unmap(calls: ByAddress<'_, Machine>, list: &mut [SgEntry], dir: Dir, attrs: Attrs) {
    // SAFETY: no device is played while this runs.
    unsafe { calls.unmap_sg(list, dir, attrs) }
}

fn gather(machine: &Machine, list: &[SgEntry]) -> Vec<u8> {
    let read = |entry: &SgEntry| {
        let addr = entry.dma_address().expect("mapped");
        machine.device_read(machine.bus(), addr, entry.dma_len() as usize)
    };
    list.iter().flat_map(read).collect()
}

fn scatter(machine: &Machine, list: &[SgEntry], mut bytes: &[u8]) {
    for entry in list {
        let (here, rest) = bytes.split_at(entry.dma_len() as usize);
        let addr = entry.dma_address().expect("mapped");
        machine.device_write(machine.bus(), addr, here);
        bytes = rest;
    }
}

fn bytes(machine: &Machine, memory: &[Pages<Machine>]) -> Vec<u8> {
    let all = memory.iter();
    all.flat_map(|pages| pages.bytes(machine).to_vec())
        .collect()
}

fn report(machine: &Machine) {
    machine.status_read();
    machine.acquire();
}

#[test]
fn sg_1_sg_2_a_list_is_mapped_entry_by_entry_and_comes_home() {
    for bouncing in [Bouncing::AsNeeded, Bouncing::Forced] {
        under_every_adversary(&Builder::default(), |machine| {
            let (dma, device) = (layer(machine, bouncing, POOL), legacy(machine));
            let calls = dma.by_address(&device).expect("heap");
            for dir in DIRS {
                let (memory, mut list) = entries(machine, &SHAPES);
                assert_eq!(map(calls, &mut list, dir, Attrs::NONE), Ok(4));
                assert_eq!(gather(machine, &list), [0xA5; TOTAL]);
                let mut wanted = vec![0xA5; TOTAL];
                if dir != Dir::ToDevice {
                    scatter(machine, &list, &pattern(TOTAL));
                    wanted = pattern(TOTAL);
                }
                report(machine);
                unmap(calls, &mut list, dir, Attrs::NONE);
                assert!(list.iter().all(|entry| entry.dma_address().is_none()));
                assert_eq!(bytes(machine, &memory), wanted);
                assert_clean(&dma);
            }
        });
    }
}

#[test]
fn sg_5_attr_4_a_list_that_finds_the_pool_full_keeps_nothing() {
    let machine = small().bank(0x5000_0000, 8 * PAGE).build();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, SMALL_POOL),
        legacy(&machine),
    );
    let calls = dma.by_address(&device).expect("heap");
    let (_memory, mut list) = entries(&machine, &[(Zone::High, 0, PAGE); 3]);
    machine.clear_trace();
    let error = map(calls, &mut list, Dir::Bidirectional, Attrs::NONE).expect_err("full");
    let SgError::Element { index: 2, error } = error else {
        panic!("{error}");
    };
    assert!(matches!(error, MapError::PoolFull { free: 0, .. }));
    assert_eq!(machine.trace(), [], "copied, cleaned or waited");
    assert!(list.iter().all(|entry| entry.dma_address().is_none()));
    assert_clean(&dma);
    assert_eq!(
        map(calls, &mut list[..2], Dir::ToDevice, Attrs::NONE),
        Ok(2)
    );
    unmap(calls, &mut list[..2], Dir::ToDevice, Attrs::NONE);
    assert_clean(&dma);
}

#[test]
fn attr_2_a_list_that_devices_have_is_refused_for_each_reason_in_each_direction() {
    let reasons = [
        (Bouncing::Forced, Zone::Dma, BounceReason::Forced),
        (Bouncing::AsNeeded, Zone::High, BounceReason::Unreachable),
        (Bouncing::AsNeeded, Zone::Dma, BounceReason::SharedLine),
    ];
    for (bouncing, zone, wanted) in reasons {
        for attrs in [Attrs::SKIP_CPU_SYNC, Attrs::SHARED] {
            for dir in DIRS {
                let machine = Machine::default();
                let dma = layer(&machine, bouncing, POOL);
                let device = DmaDevice::builder("words").windows(machine.bus().windows());
                let device = device.granule(4).build(&machine.ram()).expect("valid");
                let calls = dma.by_address(&device).expect("heap");
                let shapes = [(Zone::Dma, 0, 64), (zone, 0, 61)];
                let (_memory, mut list) = entries(&machine, &shapes);
                machine.clear_trace();
                let error = map(calls, &mut list, dir, attrs).expect_err("must not bounce");
                let SgError::Element { index, error } = error else {
                    panic!("{error}");
                };
                let first = usize::from(bouncing != Bouncing::Forced);
                assert_eq!((index, error.reason()), (first, Some(wanted)));
                assert_eq!(machine.trace(), []);
                assert_clean(&dma);
            }
        }
    }
}

#[test]
fn sg_6_cm_7_one_barrier_for_each_call_and_before_any_copy_out() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let calls = dma.by_address(&device).expect("heap");
    let (_memory, mut list) = entries(&machine, &SHAPES);
    let check = |home: bool| {
        let trace = machine.trace();
        let waits = trace.iter().filter(|op| **op == Op::Complete).count();
        assert_eq!(waits, 1, "{trace:?}");
        let at = trace.iter().position(|op| *op == Op::Complete);
        let copies = |op: &Op| matches!(op, Op::Copy { .. } | Op::CopyClean { .. });
        let copy = trace.iter().position(copies);
        assert!(copy.is_some() && (copy > at) == home, "{trace:?}");
        machine.clear_trace();
    };
    machine.clear_trace();
    map(calls, &mut list, Dir::Bidirectional, Attrs::NONE).expect("maps");
    check(false);
    // SAFETY: no device is played at all.
    unsafe { calls.sync_sg_for_cpu(&list, Dir::Bidirectional) }.expect("mapped");
    check(true);
    // SAFETY: as above.
    unsafe { calls.sync_sg_for_device(&list, Dir::Bidirectional) }.expect("mapped");
    check(false);
    unmap(calls, &mut list, Dir::Bidirectional, Attrs::NONE);
    check(true);
}

#[test]
fn ps_5_cp_5_a_list_goes_to_and_fro() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        let calls = dma.by_address(&device).expect("heap");
        for dir in [Dir::FromDevice, Dir::Bidirectional] {
            let (memory, mut list) = entries(machine, &SHAPES);
            map(calls, &mut list, dir, Attrs::NONE).expect("maps");
            for round in 1..4 {
                scatter(machine, &list, &[round; TOTAL]);
                if dir == Dir::FromDevice {
                    // Nothing that it wrote is overwritten.
                    // SAFETY: the device is not at work at this moment.
                    unsafe { calls.sync_sg_for_device(&list, dir) }.expect("mapped");
                }
                report(machine);
                // SAFETY: as above.
                unsafe { calls.sync_sg_for_cpu(&list, dir) }.expect("mapped");
                assert_eq!(bytes(machine, &memory), [round; TOTAL]);
                if dir == Dir::Bidirectional {
                    let answer = vec![round + 100; 300];
                    machine.cpu_write(list[3].block().start(), &answer);
                    // SAFETY: as above.
                    unsafe { calls.sync_sg_for_device(&list, dir) }.expect("mapped");
                    assert_eq!(gather(machine, &list[3..]), answer);
                }
            }
            unmap(calls, &mut list, dir, Attrs::NONE);
            assert_clean(&dma);
        }
    });
}

#[test]
fn attr_4_unmap_without_sync_copies_nothing() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let calls = dma.by_address(&device).expect("heap");
    let (_memory, mut list) = entries(&machine, &SHAPES);
    map(calls, &mut list, Dir::FromDevice, Attrs::NONE).expect("maps");
    machine.clear_trace();
    unmap(calls, &mut list, Dir::FromDevice, Attrs::SKIP_CPU_SYNC);
    assert_eq!(machine.trace(), []);
    assert_clean(&dma);
}

#[test]
fn sg_10_dbg_6_an_empty_list_is_an_error_and_an_entry_that_is_not_mapped_is_told() {
    let machine = Machine::default();
    let (dma, device): (Layer, _) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let calls = dma.by_address(&device).expect("heap");
    assert_eq!(
        map(calls, &mut [], Dir::ToDevice, Attrs::NONE),
        Err(SgError::Empty)
    );
    let (_memory, mut list) = entries(&machine, &SHAPES);
    map(calls, &mut list, Dir::ToDevice, Attrs::NONE).expect("maps");
    unmap(calls, &mut list, Dir::ToDevice, Attrs::NONE);
    assert_eq!(dma.complaint(), None);
    unmap(calls, &mut list, Dir::ToDevice, Attrs::NONE);
    let told = dma.complaint().expect("twice");
    let block = list[0].block();
    assert_eq!(
        (told.cause, told.more),
        (Cause::Misused(Misuse::NotInList { block }), 3)
    );
    let block = range(0x1000_0000, 64);
    let unknown = [SgEntry::new(block)];
    // SAFETY: nothing is mapped, and nothing is done.
    let error = unsafe { calls.sync_sg_for_cpu(&unknown, Dir::ToDevice) };
    assert_eq!(error, Err(Misuse::NotInList { block }));
}

fn shape() -> impl Strategy<Value = (Zone, u64, u64)> {
    let zone = prop_oneof![Just(Zone::Dma), Just(Zone::High)];
    (zone, 0..40u64, 1..900u64).prop_map(|(zone, at, len)| (zone, at * 4, len))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 96 }, ..Default::default() })]
    #[test]
    fn cp_3_cp_6_a_list_by_address_agrees_with_an_array_of_bytes(
        shapes in proptest::collection::vec(shape(), 1..6),
        written in (0..500usize, 1..900usize), dir in 0..3usize, seed in any::<u64>(),
        forced in any::<bool>(), words in any::<bool>(),
    ) {
        let adversary = Adversary::Random { seed, percent: 40 };
        let machine = Builder::default().adversary(adversary).build();
        let bouncing = if forced { Bouncing::Forced } else { Bouncing::AsNeeded };
        let dma = layer(&machine, bouncing, POOL);
        let builder = DmaDevice::builder("any").windows(machine.bus().windows());
        let builder = builder.granule(if words { 4 } else { 1 });
        let device = builder.build(&machine.ram()).expect("valid");
        let calls = dma.by_address(&device).expect("heap");
        let (memory, mut list) = entries(&machine, &shapes);
        let mut all = bytes(&machine, &memory);
        let (total, dir) = (all.len(), DIRS[dir]);
        prop_assert_eq!(map(calls, &mut list, dir, Attrs::NONE), Ok(shapes.len()));
        prop_assert_eq!(gather(&machine, &list), &all[..]);
        if dir != Dir::ToDevice {
            let (at, len) = (written.0 % total, written.1);
            let end = total.min(at + len);
            all[at..end].fill(0x3C);
            scatter(&machine, &list, &all);
        }
        report(&machine);
        unmap(calls, &mut list, dir, Attrs::NONE);
        prop_assert_eq!(bytes(&machine, &memory), all);
        assert_clean(&dma);
    }
}
