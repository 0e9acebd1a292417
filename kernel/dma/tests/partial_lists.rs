//! PS: parts of lists are handed over alone, across elements and segments, under every cache.

mod common;

use common::lists::{TOTAL, bytes, gather, gatherer, lists, map, mixed, scatter, table, transfer};
use common::{Layer, POOL, Unproven, assert_clean, layer, layer_with_cells, pages, pattern};
use dma::{Attrs, Bidirectional, Bouncing, DmaDevice, FromDevice, MappedSg, SgTable, ToDevice};
use hal::{Pages, Zone};
use proptest::prelude::*;
use sim::{Adversary, Builder, Machine, Op, under_every_adversary};
use std::mem::forget;

/// Lines that were dropped, in part or whole.
fn dropped(machine: &Machine) -> u64 {
    let counters = machine.counters();
    counters.lines_invalidated + counters.lines_clean_invalidated
}

fn looked<D: dma::Direction, B: hal::DmaBuffer>(
    list: &mut MappedSg<'_, Machine, B, D>,
    offset: usize,
    len: usize,
) -> Vec<u8> {
    let part = list.for_cpu_range(offset as u64, len as u64);
    let part = part.expect("inside");
    let mut bytes = vec![0; len];
    assert_eq!(
        (part.len(), part.copy_to_slice(&mut bytes)),
        (len as u64, len)
    );
    bytes
}

#[test]
fn ps_1_a_part_of_a_list_costs_its_own_lines_and_bytes_alone() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let buffers = [Zone::Dma, Zone::High, Zone::Dma].map(|zone| pages(&machine, zone, 0, 256, 1));
    let mut list = map((&dma, &device), buffers.into(), Bidirectional);
    machine.clear_trace();
    machine.reset_counters();
    // The last 64 bytes of a direct one, all of a bounced one, the first 10 of a direct one.
    let view = list.for_cpu_range(192, 64 + 256 + 10).expect("inside");
    assert_eq!(
        (dropped(&machine), machine.counters().bytes_copied),
        (6, 256)
    );
    drop(view);
    let counters = machine.counters();
    assert_eq!((counters.lines_cleaned, counters.bytes_copied), (6, 512));
    let waits = machine
        .trace()
        .iter()
        .filter(|op| **op == Op::Complete)
        .count();
    assert_eq!(waits, 2, "one each way (SG-6)");
}

#[test]
fn ps_2_a_part_across_elements_is_copied_to_its_place_and_no_other_byte_is() {
    for bouncing in [Bouncing::AsNeeded, Bouncing::Forced] {
        under_every_adversary(&Builder::default(), |machine| {
            let (dma, device) = (layer(machine, bouncing, POOL), gatherer(machine));
            let mut list = map((&dma, &device), mixed(machine, 0xA5), Bidirectional);
            let (at, len) = (100, 400);
            let part = list.for_cpu_range(at as u64, len as u64);
            assert_eq!(part.expect("inside").copy_from_slice(&pattern(len)), len);
            let mut wanted = vec![0xA5; TOTAL];
            wanted[at..at + len].copy_from_slice(&pattern(len));
            let mut list = transfer(list, |machine, segments| {
                assert_eq!(gather(machine, segments), wanted);
                scatter(machine, segments, &[7; TOTAL]);
            });
            assert_eq!(looked(&mut list, 127, 300), [7; 300]);
            assert_eq!(bytes(machine, &list.unmap()), [7; TOTAL]);
            assert_clean(&dma);
        });
    }
}

#[test]
fn ps_2_a_part_and_a_slice_exchange_what_both_have_room_for() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let mut list = map((&dma, &device), mixed(&machine, 1), Bidirectional);
    // From the first element into the second one.
    let mut part = list.for_cpu_range(100, 100).expect("inside");
    assert_eq!(part.copy_from_slice(&[2; 50]), 50);
    let mut bytes = [0; 60];
    assert_eq!(part.copy_to_slice(&mut bytes), 60);
    assert_eq!((bytes[49], bytes[50]), (2, 1));
    assert_eq!(part.copy_from_slice(&[3; 101]), 100);
    assert_eq!(part.copy_to_slice(&mut [0; 101]), 100);
}

#[test]
fn ps_6_a_look_at_a_list_that_the_device_alone_writes_leaves_it_clean() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let mut list = map((&dma, &device), mixed(&machine, 1), FromDevice);
    machine.reset_counters();
    drop(list.for_cpu_all());
    assert_eq!(machine.counters().lines_cleaned, 0);
}

#[test]
fn ps_2_bytes_outside_the_part_are_not_copied_out_of_a_list() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Forced, POOL), gatherer(&machine));
    let buffers = [0, 1].map(|fill| pages(&machine, Zone::Dma, 0, 128, fill));
    let ranges = buffers.each_ref().map(hal::DmaBuffer::range);
    let list = map((&dma, &device), buffers.into(), FromDevice);
    let mut list = transfer(list, |machine, segments| {
        scatter(machine, segments, &[9; 256])
    });
    // As neither the device's bytes nor what was copied in: a copy of either shows.
    for range in ranges {
        machine.cpu_write(range.start(), &[5; 128]);
    }
    assert_eq!(looked(&mut list, 100, 50), [9; 50]);
    let seen = ranges.map(|range| machine.cpu_read(range)).concat();
    assert_eq!((&seen[..100], &seen[150..]), (&[5; 100][..], &[5; 106][..]));
}

#[test]
fn ps_3_a_part_past_the_end_of_a_list_is_an_error() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let mut list = map((&dma, &device), mixed(&machine, 1), ToDevice);
    let end = TOTAL as u64;
    let past = list.for_cpu_range(end - 10, 11);
    if cfg!(debug_assertions) {
        let error = past.err().expect("past the end");
        assert_eq!((error.offset, error.len, error.mapped), (end - 10, 11, end));
    } else {
        assert_eq!(past.expect("cut off").len(), 10);
    }
    let mut nothing = list.for_cpu_range(end, 0).expect("nothing");
    assert!(nothing.is_empty());
    assert_eq!(nothing.copy_from_slice(&[1]), 0);
    nothing.for_each(|_| panic!("there is no byte"));
    drop(nothing);
    let all = list.for_cpu_all();
    assert_eq!((all.len(), all.is_empty()), (end, false));
}

#[test]
fn ps_5_ps_6_a_list_is_received_again_and_again_and_looked_at_in_part() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), gatherer(machine));
        let mut list = map((&dma, &device), mixed(machine, 0), FromDevice);
        for round in 1..4 {
            list = transfer(list, |machine, segments| {
                scatter(machine, segments, &[round; TOTAL]);
            });
            assert_eq!(looked(&mut list, 50, 350), [round; 350]);
            let all = list.for_cpu_all();
            all.for_each(|bytes| assert!(bytes.iter().all(|byte| *byte == round)));
        }
        drop(list.unmap());
        assert_clean(&dma);
    });
}

#[test]
fn own_1_parts_of_a_list_whose_guards_were_forgotten_all_reach_the_device_or_come_home() {
    for launched in [true, false] {
        under_every_adversary(&Builder::default(), |machine| {
            let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), gatherer(machine));
            let mut list = map((&dma, &device), mixed(machine, 0), Bidirectional);
            let step = TOTAL / 3;
            for part in 0..3 {
                let view = list.for_cpu_range((part * step) as u64, step as u64);
                let mut view = view.expect("inside");
                view.for_each_mut(|bytes| bytes.fill(part as u8 + 1));
                forget(view);
            }
            let mut wanted: Vec<u8> = (0..TOTAL).map(|i| (i / step) as u8 + 1).collect();
            wanted[3 * step..].fill(0);
            if launched {
                list = transfer(list, |machine, segments| {
                    assert_eq!(gather(machine, segments), wanted);
                });
            }
            assert_eq!(bytes(machine, &list.unmap()), wanted);
        });
    }
}

#[test]
fn cm_7_a_part_of_a_list_is_waited_for_before_it_is_copied_out() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let mut list = map((&dma, &device), mixed(&machine, 1), FromDevice);
    machine.clear_trace();
    drop(list.for_cpu_range(100, 200).expect("inside"));
    let trace = machine.trace();
    let at = |what: fn(&Op) -> bool| trace.iter().position(what).expect("happens");
    let last = trace.iter().rposition(|op| matches!(op, Op::Invalidate(_)));
    let complete = at(|op| matches!(op, Op::Complete));
    let copy = at(|op| matches!(op, Op::Copy { .. }));
    assert!(last < Some(complete) && complete < copy, "{trace:?}");
}

#[test]
fn cm_8_a_part_of_a_list_for_a_device_that_snoops_is_copied_and_no_more() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = lists(&machine).coherent().build(&machine.ram());
    let device = device.expect("valid");
    let mut list = map((&dma, &device), mixed(&machine, 1), Bidirectional);
    machine.clear_trace();
    drop(list.for_cpu_range(100, 228).expect("inside"));
    let lens: Vec<_> = machine
        .trace()
        .iter()
        .filter_map(|op| match op {
            Op::Copy { len, .. } => Some(*len),
            Op::View(..) | Op::EndView(..) => None,
            op => panic!("{op:?}"),
        })
        .collect();
    // 200 bytes of the second element, bounced, each way.
    assert_eq!(lens, [200, 200]);
}

#[test]
fn attr_3_a_part_of_a_deferred_list_shows_what_the_cpu_stored() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), gatherer(machine));
        let table = table(mixed(machine, 9), 8);
        let list = dma.map_sg_attrs(&device, table, Bidirectional, Attrs::DEFER_SYNC);
        let mut list = list.expect("maps");
        assert_eq!(looked(&mut list, 100, 150), [9; 150]);
        let mut part = list.for_cpu_range(300, 100).expect("inside");
        part.for_each_mut(|bytes| bytes.fill(8));
        drop(part);
        let mut wanted = [9; TOTAL];
        wanted[300..400].fill(8);
        transfer(list, |machine, segments| {
            assert_eq!(gather(machine, segments), wanted);
        });
    });
}

/// Elements whose edges bounce alone, that are split over several runs, that are direct, or that bounce
/// whole, one after another.
fn every_way(machine: &Machine, shapes: &[(Zone, u64, u64)], fill: u8) -> SgTable<Unproven> {
    let buffer =
        |&(zone, offset, len): &(Zone, u64, u64)| Unproven(pages(machine, zone, offset, len, fill));
    table(shapes.iter().map(buffer).collect(), 32)
}

fn short_runs(machine: &Machine) -> DmaDevice {
    let builder = lists(machine).segments(32, 4).granule(4);
    let builder = builder.max_seg_size(2048);
    builder.build(&machine.ram()).expect("valid")
}

const EVERY_WAY: [(Zone, u64, u64); 4] = [
    (Zone::Dma, 0x1C, 2200),
    (Zone::High, 0, 5000),
    (Zone::Dma, 0, 192),
    (Zone::Dma, 4, 61),
];
const EVERY_LEN: usize = 2200 + 5000 + 192 + 61;

fn pages_of(machine: &Machine, table: SgTable<Unproven>) -> Vec<u8> {
    let bytes = |Unproven(pages): Unproven| -> Vec<u8> { Pages::bytes(&pages, machine).to_vec() };
    table.into_elements().flat_map(bytes).collect()
}

#[test]
fn ps_2_parts_cross_edges_runs_and_elements() {
    let cuts = [
        0, 30, 36, 2170, 2180, 2210, 4300, 6299, 7190, 7300, 7400, EVERY_LEN,
    ];
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (
            layer(machine, Bouncing::AsNeeded, POOL),
            short_runs(machine),
        );
        let table = every_way(machine, &EVERY_WAY, 0);
        let mut list = dma.map_sg(&device, table, Bidirectional).expect("maps");
        for ends in cuts.windows(2) {
            let (from, to) = (ends[0], ends[1]);
            let part = list.for_cpu_range(from as u64, (to - from) as u64);
            let wrote = part
                .expect("inside")
                .copy_from_slice(&pattern(EVERY_LEN)[from..to]);
            assert_eq!(wrote, to - from);
        }
        let mut list = transfer(list, |machine, segments| {
            let whole = gather(machine, segments);
            assert_eq!(whole[..EVERY_LEN], pattern(EVERY_LEN));
            let mut answer = whole;
            answer.reverse();
            scatter(machine, segments, &answer);
        });
        // Rounded up to words at its end, so three bytes of padding come first.
        let mut wanted = vec![0; 3];
        wanted.extend(pattern(EVERY_LEN).iter().rev());
        wanted.truncate(EVERY_LEN);
        for ends in cuts.windows(2) {
            let (from, to) = (ends[0], ends[1]);
            assert_eq!(looked(&mut list, from, to - from), wanted[from..to]);
        }
        assert_eq!(pages_of(machine, list.unmap()), wanted);
        assert_clean(&dma);
    });
}

/// What is done to a list at rest.
#[derive(Clone, Debug)]
enum Step {
    /// The CPU writes these bytes; it may forget the guard.
    Write(usize, usize, u8, bool),
    /// The CPU looks at them.
    Look(usize, usize),
    /// The device reads everything, and writes a stretch.
    Transfer(usize, usize, u8),
}

fn step() -> impl Strategy<Value = Step> {
    let span = || (0..2000usize, 1..700usize);
    prop_oneof![
        (span(), any::<u8>(), any::<bool>())
            .prop_map(|((at, len), byte, forgotten)| Step::Write(at, len, byte, forgotten)),
        span().prop_map(|(at, len)| Step::Look(at, len)),
        (span(), any::<u8>()).prop_map(|((at, len), byte)| Step::Transfer(at, len, byte)),
    ]
}

/// Zone, offset and length: multiples of the granule.
fn shape() -> impl Strategy<Value = (Zone, u64, u64)> {
    let zone = prop_oneof![Just(Zone::Dma), Just(Zone::High)];
    (zone, 0..40u64, 1..900u64).prop_map(|(zone, at, len)| (zone, at * 4, len * 4))
}

fn run(dma: &Layer, machine: &Machine, shapes: &[(Zone, u64, u64)], steps: &[Step], align: u64) {
    let builder = lists(machine).segments(64, 4).max_seg_size(1024);
    let builder = builder.min_align_mask(align);
    let device = builder.build(&machine.ram()).expect("valid");
    let total: u64 = shapes.iter().map(|(_, _, len)| len).sum();
    let total = total as usize;
    let inside = |at: usize, len: usize| (at % total, len.min(total - at % total));
    let mut table = SgTable::with_capacity(shapes.len(), 64).expect("memory");
    for &(zone, offset, len) in shapes {
        table
            .push(Unproven(pages(machine, zone, offset, len, 0)))
            .ok()
            .expect("room");
    }
    // The obvious version: it is all the same bytes.
    let mut all = vec![0; total];
    let mut list = dma.map_sg(&device, table, Bidirectional).expect("maps");
    for step in steps {
        match *step {
            Step::Write(at, len, byte, forgotten) => {
                let (at, len) = inside(at, len);
                all[at..at + len].fill(byte);
                let part = list.for_cpu_range(at as u64, len as u64);
                let mut part = part.expect("inside");
                part.for_each_mut(|bytes| bytes.fill(byte));
                if forgotten {
                    forget(part);
                }
            }
            Step::Look(at, len) => {
                let (at, len) = inside(at, len);
                assert_eq!(looked(&mut list, at, len), all[at..at + len]);
            }
            Step::Transfer(at, len, byte) => {
                let (at, len) = inside(at, len);
                list = transfer(list, |machine, segments| {
                    assert_eq!(gather(machine, segments), all);
                    all[at..at + len].fill(byte);
                    scatter(machine, segments, &all);
                });
            }
        }
    }
    assert_eq!(pages_of(machine, list.unmap()), all);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 96 }, ..Default::default() })]
    #[test]
    fn ps_2_parts_of_a_list_agree_with_an_array_of_bytes(
        shapes in proptest::collection::vec(shape(), 1..5),
        steps in proptest::collection::vec(step(), 1..12),
        seed in any::<u64>(), cells in any::<bool>(), forced in any::<bool>(), align in 0u32..13,
    ) {
        let adversary = Adversary::Random { seed, percent: 40 };
        let machine = Builder::default().adversary(adversary).build();
        let bouncing = if forced { Bouncing::Forced } else { Bouncing::AsNeeded };
        let dma = if cells {
            layer_with_cells(&machine, bouncing, common::CELLS)
        } else {
            layer(&machine, bouncing, POOL)
        };
        // Masks of a word at least: starts are multiples of one.
        let align = if align < 2 { 0 } else { (1 << align) - 1 };
        run(&dma, &machine, &shapes, &steps, align);
        assert_clean(&dma);
    }
}
