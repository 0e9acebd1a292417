//! SG: lists of buffers, each element direct, bounced, or in parts, under every cache.
#![expect(unsafe_code, reason = "launches lists and plays the device")]

mod common;

use common::lists::{
    SHAPES, TOTAL, bytes, gather, gatherer, lists, map, mixed, scatter, table, transfer,
};
use common::{
    CANARY, Idle, POOL, SMALL_POOL, Unproven, assert_clean, layer, pages, pattern, small,
};
use dma::Consumer;
use dma::{
    Attrs, Bidirectional, BounceReason, Bouncing, Builder as DeviceBuilder, Cause, Class,
    FromDevice, Halt, MapError, NoTable, SgError, SgTable, ToDevice,
};
use hal::{DmaBuffer, PAGE, Pages, PhysAddr, PhysRange, Zone};
use sim::{Builder, Machine, Op, under_every_adversary};
use std::mem::forget;

/// Adjacent buffers of these lengths, from `start` on.
fn adjacent(machine: &Machine, start: u64, lens: &[u64]) -> Vec<Pages<Machine>> {
    let mut at = start;
    let buffer = |len: &u64| {
        let region = machine.take(at, *len);
        at += len;
        let mut pages = Pages::adopt(region, machine.clone());
        pages.bytes_mut(machine).fill(0x5A);
        pages
    };
    lens.iter().map(buffer).collect()
}

#[test]
fn sg_1_sg_4_direct_and_bounced_elements_mix_and_give_equal_bytes() {
    for bouncing in [Bouncing::AsNeeded, Bouncing::Forced] {
        under_every_adversary(&Builder::default(), |machine| {
            let (dma, device) = (layer(machine, bouncing, POOL), gatherer(machine));
            let mut list = map((&dma, &device), mixed(machine, 1), Bidirectional);
            let mut at = 0;
            for (i, (_, _, len)) in SHAPES.into_iter().enumerate() {
                let end = at + len as usize;
                let mut view = list.for_cpu(i).expect("an element");
                view.copy_from_slice(&pattern(TOTAL)[at..end]);
                at = end;
            }
            let list = transfer(list, |machine, segments| {
                assert_eq!(gather(machine, segments), pattern(TOTAL));
                let mut answer = pattern(TOTAL);
                answer.reverse();
                scatter(machine, segments, &answer);
            });
            let mut wanted = pattern(TOTAL);
            wanted.reverse();
            assert_eq!(bytes(machine, &list.unmap()), wanted);
            assert_clean(&dma);
        });
    }
}

#[test]
fn sg_4_each_element_bounces_for_its_own_reason() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let list = map((&dma, &device), mixed(&machine, 1), FromDevice);
    let totals = dma.totals(&device);
    assert_eq!((totals.direct, totals.bounced), (2, [0, 2, 0, 0]));
    drop(list);
    assert_clean(&dma);
}

#[test]
fn sg_2_a_list_that_joins_nothing_has_a_segment_per_element() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let list = map((&dma, &device), mixed(&machine, 1), ToDevice);
    assert_eq!((list.elements(), list.len()), (4, TOTAL as u64));
    transfer(list, |_, segments| {
        let lens: Vec<_> = segments.iter().map(|segment| segment.len).collect();
        assert_eq!(lens, SHAPES.map(|(_, _, len)| len));
    });
}

#[test]
fn sg_5_attr_4_a_pool_that_holds_exactly_two_buffers_refuses_the_third_and_keeps_nothing() {
    let machine = small().bank(0x5000_0000, 8 * PAGE).build();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, SMALL_POOL),
        gatherer(&machine),
    );
    let buffers = (0..3).map(|i| pages(&machine, Zone::High, 0, PAGE, i));
    let table = table(buffers.collect(), 3);
    machine.clear_trace();
    let refused = dma.map_sg(&device, table, Bidirectional).err();
    let refused = refused.expect("the third has no room");
    let full = MapError::PoolFull {
        wanted: 2,
        free: 0,
        largest_run: 0,
        top: Some(Consumer {
            device: device.name(),
            slots: 4,
        }),
    };
    let error = SgError::Element {
        index: 2,
        error: full,
    };
    assert_eq!((refused.error, error.class()), (error, Class::Later));
    assert_eq!(machine.trace(), [], "copied, cleaned or waited");
    assert_clean(&dma);
    let totals = dma.totals(&device);
    assert_eq!(
        (totals.refused, totals.bounced_all(), totals.direct),
        (1, 0, 0)
    );
    // The table is as it was: with one buffer fewer it maps.
    let mut table = refused.table;
    assert!(table.pop().is_some());
    let list = dma.map_sg(&device, table, Bidirectional).expect("two fit");
    assert_eq!(bytes(&machine, &list.unmap())[PAGE as usize], 1);
    assert_clean(&dma);
}

#[test]
fn sg_6_cm_7_one_barrier_for_the_list_and_before_any_copy_out() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let buffers = mixed(&machine, 1);
    machine.clear_trace();
    let list = map((&dma, &device), buffers, Bidirectional);
    let waits = |trace: &[Op]| trace.iter().filter(|op| **op == Op::Complete).count();
    let trace = machine.trace();
    assert_eq!((waits(&trace), trace.last()), (1, Some(&Op::Complete)));
    machine.clear_trace();
    drop(list.unmap());
    let trace = machine.trace();
    let at = trace.iter().position(|op| *op == Op::Complete);
    let (before, after) = trace.split_at(at.expect("waits"));
    let copies = |op: &Op| matches!(op, Op::Copy { .. });
    assert!(
        !before.iter().any(copies),
        "copied out too early: {trace:?}"
    );
    assert_eq!(after.iter().filter(|op| copies(op)).count(), 2);
    assert_eq!(waits(&trace), 1);
}

#[test]
fn sg_7_bounced_neighbours_are_not_neighbours_on_the_bus() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Forced, POOL), gatherer(&machine));
    // Slots of whole pages lie side by side, by chance.
    let buffers = adjacent(&machine, 0x1000_0000, &[PAGE, PAGE, PAGE]);
    transfer(map((&dma, &device), buffers, ToDevice), |_, segments| {
        assert_eq!(segments.len(), 3);
    });
}

#[test]
fn sg_8_direct_neighbours_are_joined_up_to_the_longest_segment_and_the_boundary() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let lens = |builder: DeviceBuilder| {
        let device = builder.build(&machine.ram()).expect("valid");
        let buffers = adjacent(&machine, 0x1000_1000, &[PAGE, PAGE, 2 * PAGE]);
        let mut lens = Vec::new();
        transfer(
            map((&dma, &device), buffers, FromDevice),
            |machine, segments| {
                scatter(machine, segments, &pattern(4 * PAGE as usize));
                lens = segments.iter().map(|segment| segment.len).collect();
            },
        );
        lens
    };
    assert_eq!(lens(lists(&machine)), [4 * PAGE]);
    assert_eq!(
        lens(lists(&machine).max_seg_size(3 * PAGE)),
        [3 * PAGE, PAGE]
    );
    assert_eq!(
        lens(lists(&machine).seg_boundary_mask(2 * PAGE - 1)),
        [PAGE, 2 * PAGE, PAGE]
    );
}

#[test]
fn sg_9_an_element_longer_than_a_bounce_run_becomes_several_segments() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let builder = lists(machine).seg_boundary_mask(PAGE - 1);
        let device = builder.build(&machine.ram()).expect("valid");
        let len = 2 * PAGE + 100;
        let buffer = pages(machine, Zone::High, 0, len, 3);
        let list = map((&dma, &device), vec![buffer], Bidirectional);
        let list = transfer(list, |machine, segments| {
            assert_eq!(segments.len(), 3);
            assert_eq!(gather(machine, segments), vec![3; len as usize]);
            scatter(machine, segments, &pattern(len as usize));
        });
        assert_eq!(bytes(machine, &list.unmap()), pattern(len as usize));
        assert_clean(&dma);
    });
}

/// The lengths of the segments that an out-of-reach buffer of `len` bytes becomes.
fn cuts(builder: DeviceBuilder, machine: &Machine, len: u64) -> Vec<u64> {
    let dma = layer(machine, Bouncing::AsNeeded, POOL);
    let device = builder.build(&machine.ram()).expect("valid");
    let buffer = pages(machine, Zone::High, 0, len, 3);
    let mut lens = Vec::new();
    transfer(
        map((&dma, &device), vec![buffer], ToDevice),
        |_, segments| {
            lens = segments.iter().map(|segment| segment.len).collect();
        },
    );
    lens
}

#[test]
fn sg_9_cuts_fall_on_lines_and_where_a_segment_is_no_line_on_the_granule() {
    let lens = |longest, granule| {
        let machine = Machine::default();
        let builder = lists(&machine).segments(32, granule);
        cuts(builder.max_seg_size(longest), &machine, 200)
    };
    assert_eq!(lens(100, 4), [64, 64, 72]);
    assert_eq!(lens(64, 4), [64, 64, 64, 8]);
    assert_eq!(lens(50, 4), [48, 48, 48, 48, 8]);
    assert_eq!(lens(50, 1), [50, 50, 50, 50]);
    // What fits is not cut at all.
    assert_eq!(lens(200, 4), [200]);
    let machine = Machine::default();
    let builder = lists(&machine).segments(32, 4).seg_boundary_mask(31);
    assert_eq!(cuts(builder, &machine, 100), [32, 32, 32, 4]);
}

#[test]
fn sg_9_segments_shorter_than_the_granule_are_refused() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = lists(&machine).segments(32, 4).max_seg_size(2);
    let device = device.build(&machine.ram()).expect("valid");
    let table = table(vec![pages(&machine, Zone::High, 0, 8, 0)], 16);
    let refused = dma.map_sg(&device, table, ToDevice).err();
    let refused = refused.map(|refused| refused.error);
    assert!(matches!(refused, Some(SgError::Granule { .. })));
}

#[test]
fn sg_9_it_is_too_long_where_the_caller_permits_no_more_segments_than_elements() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let builder = lists(&machine).seg_boundary_mask(PAGE - 1);
    let device = builder.build(&machine.ram()).expect("valid");
    let refused = |segments, len| {
        let table = table(vec![pages(&machine, Zone::High, 0, len, 3)], segments);
        let refused = dma.map_sg(&device, table, ToDevice);
        refused.err().map(|refused| refused.error)
    };
    let (len, max) = (PAGE + 4, PAGE);
    let error = MapError::TooLong { len, max };
    assert_eq!(refused(1, len), Some(SgError::Element { index: 0, error }));
    assert_eq!(refused(2, len), None);
    let many = SgError::TooManySegments { max: 2 };
    assert_eq!(refused(2, 2 * PAGE + 4), Some(many));
    assert_clean(&dma);
}

#[test]
fn a_table_holds_what_it_was_made_for_and_allocates_no_more() {
    let machine = Machine::default();
    let buffer = || pages(&machine, Zone::Dma, 0, 64, 0);
    let mut table = table(vec![buffer(), buffer()], 5);
    assert!(table.push(buffer()).is_err(), "there is no room");
    assert_eq!((table.bytes(), table.max_segments()), (128, 5));
    assert_eq!(format!("{table:?}"), "SgTable(2 elements, 128 bytes)");
    table.elements_mut()[1].bytes_mut(&machine).fill(9);
    assert!(table.pop().is_some());
    assert_eq!(table.elements().len(), 1);
    assert_eq!(table.into_elements().count(), 1);
    let (elements, segments) = (usize::MAX, 2);
    let none = SgTable::<Pages<Machine>>::with_capacity(elements, segments).err();
    let none = none.expect("more than there is");
    assert_eq!(none, NoTable { elements, segments });
    let line = none.to_string();
    assert!(line.contains(&elements.to_string()) && line.contains("and 2 segments: "));
}

#[test]
fn sg_10_an_empty_list_and_an_empty_element_are_errors() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let refused = dma.map_sg(&device, table::<Pages<Machine>>(vec![], 4), ToDevice);
    assert_eq!(
        refused.err().map(|refused| refused.error),
        Some(SgError::Empty)
    );
    // No buffer has a range of no bytes: there is no such range.
    assert!(PhysRange::new(PhysAddr::new(0x1000), 0).is_err());
    let pages = Pages::alloc(machine.clone(), PAGE, Zone::Dma).expect("pages");
    assert!(pages.with_window(8, 0).is_err());
}

/// A long buffer that shares the lines at both ends, its neighbours, and how it is transferred.
fn edges(machine: &Machine, segments: u32, expected: usize) {
    let dma = layer(machine, Bouncing::AsNeeded, POOL);
    let builder = lists(machine).segments(segments, 4).granule(4);
    let device = builder.build(&machine.ram()).expect("valid");
    let (offset, len) = (0x1C, 0x1008);
    let whole = pages(machine, Zone::Dma, offset, len, 0xA5);
    let window = whole.range();
    let beside = [(window.start().get() - 8), window.end().get() + 8].map(PhysAddr::new);
    let list = map((&dma, &device), vec![Unproven(whole)], FromDevice);
    let list = transfer(list, |machine, segments| {
        assert_eq!(segments.len(), expected);
        // The neighbours live on meanwhile (CM-4).
        for at in beside {
            machine.cpu_write(at, &[0x77; 4]);
        }
        let mut written = pattern(len as usize);
        written[100..200].fill(0xA5);
        scatter(machine, segments, &written);
    });
    let pages = list.unmap().into_elements().next().expect("one").0;
    let mut wanted = pattern(len as usize);
    wanted[100..200].fill(0xA5);
    assert_eq!(*pages.bytes(machine), wanted);
    for at in beside {
        let four = PhysRange::new(at, 4).expect("low");
        assert_eq!(
            machine.cpu_read(four),
            [0x77; 4],
            "a neighbour lost its bytes"
        );
    }
    assert_clean(&dma);
}

#[test]
fn sg_4_cm_4_edges_bounce_alone_and_the_neighbours_keep_their_bytes() {
    under_every_adversary(&Builder::default(), |machine| edges(machine, 32, 3));
}

#[test]
fn sg_4_single_segment_masters_bounce_the_whole_buffer() {
    under_every_adversary(&Builder::default(), |machine| edges(machine, 1, 1));
    // Two are fewer than edges and middle need.
    edges(&Machine::default(), 2, 1);
}

#[test]
fn sg_4_edges_take_a_slot_each_and_copy_only_their_lines() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let buffer = Unproven(pages(&machine, Zone::Dma, 0x30, 0x1_0000, 0));
    machine.reset_counters();
    let list = map((&dma, &device), vec![buffer], FromDevice);
    assert_eq!(machine.counters().bytes_copied, 0x10 + 0x30);
    let totals = dma.totals(&device);
    assert_eq!((totals.direct, totals.bounced), (1, [0, 0, 2, 0]));
    drop(list);
    assert_eq!(machine.counters().bytes_copied, 2 * (0x10 + 0x30));
}

#[test]
fn attr_2_an_element_that_would_bounce_and_must_not_unwinds_the_list() {
    let reasons = [
        (Bouncing::Forced, Zone::Dma, BounceReason::Forced),
        (Bouncing::AsNeeded, Zone::High, BounceReason::Unreachable),
        (Bouncing::AsNeeded, Zone::Dma, BounceReason::SharedLine),
    ];
    for (bouncing, zone, wanted) in reasons {
        let machine = Machine::default();
        let dma = layer(&machine, bouncing, POOL);
        // It snoops, so that coherence can be required; its granule has it touch what it must not.
        let builder = lists(&machine).coherent().granule(4);
        let device = builder.build(&machine.ram()).expect("valid");
        let buffers = [(Zone::Dma, 64), (zone, 61)]
            .map(|(zone, len)| Unproven(pages(&machine, zone, 0, len, 0)));
        let table = table(buffers.into(), 8);
        machine.clear_trace();
        let list = dma.map_sg_attrs(&device, table, FromDevice, Attrs::REQUIRE_COHERENT);
        let SgError::Element { index, error } = list.expect_err("refused").error else {
            panic!("not an element's");
        };
        let MapError::WouldBounce { reason, .. } = error else {
            panic!("{error}");
        };
        let first = if bouncing == Bouncing::Forced { 0 } else { 1 };
        assert_eq!((index, reason), (first, wanted));
        assert_eq!(machine.trace(), []);
        assert_clean(&dma);
    }
}

#[test]
fn attr_3_a_deferred_list_is_handed_over_at_its_start() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), gatherer(machine));
        let table = table(mixed(machine, 9), 8);
        let list = dma.map_sg_attrs(&device, table, Bidirectional, Attrs::DEFER_SYNC);
        let mut list = list.expect("maps");
        // A look before the device had it shows what the CPU stored.
        assert_eq!(*list.for_cpu(0).expect("first"), [9; 128]);
        let list = transfer(list, |machine, segments| {
            assert_eq!(gather(machine, segments), [9; TOTAL]);
            scatter(machine, segments, &pattern(TOTAL));
        });
        assert_eq!(bytes(machine, &list.unmap()), pattern(TOTAL));
    });
}

#[test]
fn own_1_a_forgotten_look_at_an_element_is_ended_by_the_launch() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), gatherer(machine));
        let mut list = map((&dma, &device), mixed(machine, 1), ToDevice);
        for i in 0..4 {
            let mut view = list.for_cpu(i).expect("an element");
            view.fill(i as u8 + 10);
            forget(view);
        }
        assert!(list.for_cpu(4).is_none());
        transfer(list, |machine, segments| {
            for (i, segment) in segments.iter().enumerate() {
                let wanted = vec![i as u8 + 10; segment.len as usize];
                assert_eq!(gather(machine, &[*segment]), wanted);
            }
        });
    });
}

#[test]
fn ps_1_a_look_at_an_element_maintains_no_other() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let mut list = map((&dma, &device), mixed(&machine, 1), Bidirectional);
    machine.reset_counters();
    drop(list.for_cpu(2).expect("an element"));
    let counters = machine.counters();
    assert_eq!(
        (counters.lines_invalidated, counters.bytes_copied),
        (1, 128)
    );
}

#[test]
fn cm_8_a_list_for_a_device_that_snoops_costs_no_cache_operation() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = lists(&machine).coherent().build(&machine.ram());
    let device = device.expect("valid");
    let buffers = mixed(&machine, 1);
    machine.clear_trace();
    drop(map((&dma, &device), buffers, Bidirectional));
    let maintains = |op: &Op| {
        let copies = matches!(op, Op::Copy { .. } | Op::Zero(_));
        !copies && !matches!(op, Op::View(..) | Op::EndView(..))
    };
    assert!(
        !machine.trace().iter().any(maintains),
        "{:?}",
        machine.trace()
    );
}

#[test]
fn cp_3_cp_4_bounced_elements_show_their_own_bytes_and_no_others() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Forced, POOL), gatherer(&machine));
    for fill in [0xEE, 0x11] {
        let list = map((&dma, &device), mixed(&machine, fill), FromDevice);
        let list = transfer(list, |machine, segments| {
            for segment in segments {
                let line = 64 - segment.len as usize % 64;
                let padded = segment.len as usize + line % 64;
                let seen = machine.device_read(machine.bus(), segment.bus, padded);
                let (own, rest) = seen.split_at(segment.len as usize);
                assert!(own.iter().all(|byte| *byte == fill) && rest.iter().all(|b| *b == CANARY));
            }
        });
        assert_eq!(bytes(&machine, &list.unmap()), [fill; TOTAL]);
    }
}

#[test]
fn a_list_that_does_not_fit_the_devices_segments_says_why() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = lists(&machine).segments(3, 4).granule(4);
    let device = device.build(&machine.ram()).expect("valid");
    let refused = |shapes: &[(u64, u64)]| {
        let buffers = shapes
            .iter()
            .map(|(offset, len)| pages(&machine, Zone::Dma, *offset, *len, 0));
        let list = dma.map_sg(&device, table(buffers.collect(), 16), ToDevice);
        list.err().map(|refused| refused.error)
    };
    assert_eq!(refused(&[(0, 64), (0, 64), (4, 61)]), None);
    let granule =
        |index, error| matches!(error, Some(SgError::Granule { index: i, .. }) if i == index);
    assert!(
        granule(0, refused(&[(0, 61), (0, 64)])),
        "a gap in the stream"
    );
    assert!(
        granule(1, refused(&[(0, 64), (2, 64)])),
        "starts between words"
    );
    assert_eq!(refused(&[(2, 61)]), None, "a single segment is the last");
    let max = SgError::TooManySegments { max: 3 };
    assert_eq!(refused(&[(0, 64); 4]), Some(max));
}

#[test]
fn sg_2_the_last_segment_alone_may_have_an_odd_length() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    // Its lengths are bytes, but a segment goes on at words.
    let device = lists(&machine).segments(3, 4).build(&machine.ram());
    let device = device.expect("valid");
    let buffers = [64, 64, 61].map(|len| pages(&machine, Zone::Dma, 0, len, 0));
    transfer(
        map((&dma, &device), buffers.into(), ToDevice),
        |_, segments| {
            let lens: Vec<_> = segments.iter().map(|segment| segment.len).collect();
            assert_eq!(lens, [64, 64, 61]);
        },
    );
}

#[test]
fn sg_4_a_bounced_element_starts_where_its_slots_do_whatever_its_own_address() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let list = |mask| {
        let builder = lists(&machine).segments(4, 4).min_align_mask(mask);
        let device = builder.build(&machine.ram()).expect("valid");
        let buffers = [2, 2].map(|offset| pages(&machine, Zone::High, offset, 64, 0));
        let list = dma.map_sg(&device, table(buffers.into(), 4), ToDevice);
        list.err().map(|refused| refused.error)
    };
    assert_eq!(list(0), None);
    // Unless it keeps those bits.
    assert!(matches!(list(3), Some(SgError::Granule { index: 0, .. })));
}

#[test]
fn what_to_provide_for_is_known_before_the_launch() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = lists(&machine).granule(4).build(&machine.ram());
    let device = device.expect("valid");
    let buffers = [64, 61].map(|len| pages(&machine, Zone::Dma, 0, len, 0));
    let list = map((&dma, &device), buffers.into(), ToDevice);
    assert_eq!((list.len(), list.device_len()), (125, 128));
    // The caller's limit is below the device's.
    assert_eq!((list.elements(), list.max_segments()), (2, 16));
    let told = format!("{list:?}");
    assert_eq!(told, "MappedSg(125 bytes ToDevice for lists)");
}

#[test]
fn each_refusal_of_a_list_is_one_line_with_its_numbers() {
    let block = PhysRange::new(PhysAddr::new(0x1002), 64).expect("valid");
    let (index, len, max, granule) = (7, 70_000, 4096, 4);
    let error = MapError::TooLong { len, max };
    let told = [
        (SgError::Empty, "empty"),
        (SgError::Element { index, error }, "element 7: 70000 bytes"),
        (
            SgError::Granule {
                index,
                block,
                granule,
            },
            "multiples of 4,",
        ),
        (SgError::TooManySegments { max: 3 }, "the 3 segments"),
    ];
    for (error, numbers) in told {
        let line = error.to_string();
        assert!(line.contains(numbers) && !line.contains('\n'), "{line}");
    }
}

#[test]
fn a_refused_list_is_counted_and_told_by_its_elements_reason() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Off, POOL), gatherer(&machine));
    let table = table(vec![pages(&machine, Zone::High, 0, 64, 0)], 4);
    let refused = dma.map_sg(&device, table, ToDevice).expect_err("no pool");
    let SgError::Element { error, .. } = refused.error else {
        panic!("{refused}");
    };
    assert_eq!(dma.totals(&device).refused_for, [0, 1, 0, 0]);
    let told = dma.complaint().map(|told| told.cause);
    assert_eq!(told, Some(Cause::Refused(error)));
    let line = refused.error.to_string();
    assert_eq!(refused.to_string(), line);
    assert_eq!(format!("{refused:?}"), format!("{:?}", refused.error));
}

#[test]
fn inv_8_a_list_of_low_pages_takes_no_slot() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::Off, POOL);
    let device = gatherer(&machine);
    let buffers = adjacent(&machine, 0x1000_0000, &[PAGE, 3 * PAGE]);
    let list = map((&dma, &device), buffers, FromDevice);
    assert_eq!(list.unmap().bytes(), 4 * PAGE);
}

#[test]
fn a_list_whose_engine_does_not_halt_is_quarantined_with_all_its_slots() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let idle = machine.live_bytes();
    let engine = Idle::default();
    engine.0.set(Halt::Unconfirmed);
    let list = map((&dma, &device), mixed(&machine, 1), FromDevice);
    let live = machine.live_bytes();
    // SAFETY: nobody uses the segments.
    let flight = unsafe { list.launch(&engine) };
    assert_eq!(flight.len(), TOTAL as u64);
    let lost = flight.end().expect_err("does not halt");
    assert_eq!((lost.len, lost.recorded), (TOTAL as u64, true));
    assert_eq!(machine.live_bytes(), live, "freed under the device");
    assert_eq!(dma.quarantined(&device), (1, 0));
    engine.0.set(Halt::Confirmed);
    machine.clear_trace();
    assert_eq!(dma.halt_again(&engine), Some(1));
    let drops = |op: &&Op| matches!(op, Op::CleanInvalidate(_));
    let dropped = machine.trace().iter().filter(drops).count();
    assert!(dropped > 0, "stale lines of what was direct");
    assert_eq!(machine.live_bytes(), idle);
    assert_clean(&dma);
}

#[test]
fn a_list_that_is_dropped_in_flight_is_quarantined_if_its_engine_does_not_halt() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let engine = Idle::default();
    engine.0.set(Halt::Unconfirmed);
    let list = map((&dma, &device), mixed(&machine, 1), FromDevice);
    let live = machine.live_bytes();
    // SAFETY: nobody uses the segments.
    drop(unsafe { list.launch(&engine) });
    assert_eq!(machine.live_bytes(), live, "freed under the device");
    assert_eq!(dma.quarantined(&device), (1, 0));
}

#[test]
fn lists_that_are_dropped_leave_nothing_lent() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let idle = machine.live_bytes();
    let engine = Idle::default();
    drop(map((&dma, &device), mixed(&machine, 1), FromDevice));
    let list = map((&dma, &device), mixed(&machine, 1), FromDevice);
    // SAFETY: nobody uses the segments.
    drop(unsafe { list.launch(&engine) });
    assert_eq!(machine.live_bytes(), idle);
    assert_clean(&dma);
}
