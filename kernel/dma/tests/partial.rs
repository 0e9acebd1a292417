//! PS: parts of a mapping are handed over alone, under every cache.

mod common;

use common::{POOL, assert_clean, layer, legacy, pages, pattern, transfer};
use dma::{Bidirectional, Bouncing, DmaDevice, FromDevice, ToDevice};
use hal::{DmaAddr, Zone};
use sim::{Builder, Machine, Op, under_every_adversary};
use std::mem::forget;

const ZONES: [Zone; 2] = [Zone::Dma, Zone::High];

fn read(machine: &Machine, addr: DmaAddr, len: usize) -> Vec<u8> {
    machine.device_read(machine.bus(), addr, len)
}

fn write(machine: &Machine, addr: DmaAddr, at: u64, bytes: &[u8]) {
    let addr = addr.checked_add(at).expect("inside");
    machine.device_write(machine.bus(), addr, bytes);
}

#[test]
fn ps_1_a_part_costs_its_own_lines_and_bytes_alone() {
    for (zone, copied) in [(Zone::Dma, 0), (Zone::High, 60)] {
        let machine = Machine::default();
        let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
        let mapping = dma.map(&device, pages(&machine, zone, 0, 4096, 1), Bidirectional);
        let mut mapping = mapping.expect("maps");
        machine.reset_counters();
        let view = mapping.for_cpu_range(130, 60).expect("inside");
        let counters = machine.counters();
        let dropped = counters.lines_invalidated + counters.lines_clean_invalidated;
        assert_eq!((dropped, counters.bytes_copied), (1, copied));
        drop(view);
        let counters = machine.counters();
        assert_eq!(
            (counters.lines_cleaned, counters.bytes_copied),
            (1, 2 * copied)
        );
    }
}

#[test]
fn ps_2_a_part_in_a_later_slot_and_behind_a_start_offset_is_copied_to_its_place() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let builder = DmaDevice::builder("aligned").windows(machine.bus().windows());
        let device = builder
            .min_align_mask(0xFFF)
            .build(&machine.ram())
            .expect("valid");
        let (from, len) = (2044, 100);
        let buffer = pages(machine, Zone::High, 0x804, 6000, 0xA5);
        let mut mapping = dma.map(&device, buffer, Bidirectional).expect("maps");
        let part = from as u64;
        mapping
            .for_cpu_range(part, len as u64)
            .expect("inside")
            .copy_from_slice(&pattern(len));
        let mut mapping = transfer(mapping, |addr, whole| {
            assert_eq!(addr.get() & 0xFFF, 0x804);
            let mut expected = vec![0xA5; whole];
            expected[from..from + len].copy_from_slice(&pattern(len));
            assert_eq!(read(machine, addr, whole), expected);
            write(machine, addr, part + 50, &[7; 100]);
        });
        let view = mapping.for_cpu_range(part + 60, 100).expect("inside");
        assert_eq!((&view[..90], &view[90..]), (&[7; 90][..], &[0xA5; 10][..]));
    });
}

#[test]
fn ps_2_bytes_outside_the_part_are_not_copied_out() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let buffer = pages(&machine, Zone::High, 0, 200, 1);
    let start = hal::DmaBuffer::range(&buffer).start();
    let mapping = dma.map(&device, buffer, FromDevice).expect("maps");
    let mut mapping = transfer(mapping, |addr, len| write(&machine, addr, 0, &vec![9; len]));
    let original = hal::PhysRange::new(start, 200).expect("valid");
    // As neither the device's bytes nor what was copied in: a copy of either shows.
    machine.cpu_write(start, &[5; 200]);
    let view = mapping.for_cpu_range(64, 64).expect("inside");
    assert_eq!(*view, [9; 64]);
    drop(view);
    let seen = machine.cpu_read(original);
    assert_eq!((&seen[..64], &seen[128..]), (&[5; 64][..], &[5; 72][..]));
}

#[test]
fn ps_3_a_part_past_the_end_is_an_error() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let mapping = dma.map(&device, pages(&machine, Zone::Dma, 0, 100, 1), ToDevice);
    let mut mapping = mapping.expect("maps");
    let past = mapping.for_cpu_range(90, 11);
    if cfg!(debug_assertions) {
        let error = past.err().expect("past the end");
        assert_eq!((error.offset, error.len, error.mapped), (90, 11, 100));
    } else {
        assert_eq!(past.expect("cut off").len(), 10);
    }
    assert!(mapping.for_cpu_range(100, 0).expect("nothing").is_empty());
}

#[test]
fn ps_5_ps_6_a_receive_ring_recycles_the_part_that_it_used() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for zone in ZONES {
            let buffer = pages(machine, zone, 0, 512, 0);
            let mut mapping = dma.map(&device, buffer, FromDevice).expect("maps");
            for round in 1..4 {
                mapping = transfer(mapping, |addr, _| write(machine, addr, 0, &[round; 128]));
                assert_eq!(
                    *mapping.for_cpu_range(0, 128).expect("inside"),
                    [round; 128]
                );
            }
            let buffer = mapping.unmap();
            let bytes = buffer.bytes(machine);
            assert_eq!(
                (&bytes[..128], &bytes[128..]),
                (&[3; 128][..], &[0; 384][..])
            );
        }
        assert_clean(&dma);
    });
}

#[test]
fn own_1_parts_that_the_cpu_wrote_one_after_another_all_reach_the_device() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for zone in ZONES {
            let mapping = dma.map(&device, pages(machine, zone, 3, 300, 0), ToDevice);
            let mut mapping = mapping.expect("maps");
            for part in 0..3 {
                let view = mapping.for_cpu_range(part * 100, 100);
                let mut view = view.expect("inside");
                view.fill(part as u8 + 1);
                // Two of three guards are forgotten: the next look, or the start, ends them.
                if part > 0 {
                    forget(view);
                }
            }
            transfer(mapping, |addr, len| {
                let expected: Vec<u8> = (0..300).map(|i| (i / 100) as u8 + 1).collect();
                assert_eq!(read(machine, addr, len), expected);
            });
        }
    });
}

#[test]
fn cm_7_a_part_is_waited_for_before_it_is_copied_out() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let mapping = dma.map(&device, pages(&machine, Zone::High, 0, 256, 1), FromDevice);
    let mut mapping = mapping.expect("maps");
    machine.clear_trace();
    drop(mapping.for_cpu_range(64, 64));
    let trace = machine.trace();
    let at = |what: fn(&Op) -> bool| trace.iter().position(what).expect("happens");
    let invalidate = at(|op| matches!(op, Op::Invalidate(_)));
    let complete = at(|op| matches!(op, Op::Complete));
    let copy = at(|op| matches!(op, Op::Copy { .. }));
    assert!(invalidate < complete && complete < copy, "{trace:?}");
}
