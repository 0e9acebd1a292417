//! CM and INV rules: what the device and the CPU find, under every cache.

mod common;

use common::{
    CANARY, Layer, POOL, SMALL_POOL, Unproven, assert_clean, layer, legacy, one_line, pages,
    pattern, small, transfer, words,
};
use dma::{Bidirectional, Bouncing, DmaDevice, FromDevice, ToDevice};
use hal::{DmaBuffer, Pages, PhysAddr, Zone};
use proptest::prelude::*;
use sim::{Adversary, Builder, Machine, Op, explore, under_every_adversary};

fn read(machine: &Machine, addr: hal::DmaAddr, len: usize) -> Vec<u8> {
    machine.device_read(machine.bus(), addr, len)
}

fn write(machine: &Machine, addr: hal::DmaAddr, bytes: &[u8]) {
    machine.device_write(machine.bus(), addr, bytes);
}

/// Sends `len` bytes from `zone` and checks what arrives.
fn sends(machine: &Machine, dma: &Layer, zone: Zone, offset: u64, len: u64) {
    let device = legacy(machine);
    let mut buffer = pages(machine, zone, offset, len, 0xEE);
    buffer
        .bytes_mut(machine)
        .copy_from_slice(&pattern(len as usize));
    let mapping = dma.map(&device, buffer, ToDevice).expect("maps");
    let mapping = transfer(mapping, |addr, len| {
        assert_eq!(read(machine, addr, len), pattern(len));
    });
    assert_eq!(*mapping.unmap().bytes(machine), pattern(len as usize));
    assert_clean(dma);
}

#[test]
fn inv_1_the_device_reads_what_the_cpu_last_wrote() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        sends(machine, &dma, Zone::Dma, 0, 256);
        sends(machine, &dma, Zone::Dma, 13, 300);
        sends(machine, &dma, Zone::High, 0, 256);
        sends(machine, &dma, Zone::High, 4095, 2050);
    });
}

/// Receives into `len` bytes, of which the device writes `at` and 10 more.
fn receives(machine: &Machine, dma: &Layer, zone: Zone, offset: u64, len: u64, at: u64) {
    let device = legacy(machine);
    let buffer = pages(machine, zone, offset, len, 0xA5);
    let mapping = dma.map(&device, buffer, FromDevice).expect("maps");
    let mapping = transfer(mapping, |addr, _| {
        let addr = addr.checked_add(at).expect("inside");
        write(machine, addr, &pattern(10));
    });
    let mut expected = vec![0xA5; len as usize];
    expected[at as usize..at as usize + 10].copy_from_slice(&pattern(10));
    assert_eq!(*mapping.unmap().bytes(machine), expected);
    assert_clean(dma);
}

#[test]
fn inv_2_cm_1_cm_2_cp_3_the_cpu_reads_what_the_device_wrote_and_its_own_bytes_elsewhere() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        receives(machine, &dma, Zone::Dma, 0, 256, 0);
        receives(machine, &dma, Zone::Dma, 7, 200, 100);
        receives(machine, &dma, Zone::High, 0, 256, 246);
        receives(machine, &dma, Zone::High, 61, 2200, 2100);
    });
}

#[test]
fn cp_3_a_short_transfer_shows_nothing_of_the_pools_former_users() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        let secret = pages(machine, Zone::High, 0, 4096, 0x5A);
        drop(dma.map(&device, secret, ToDevice).expect("maps"));
        let buffer = pages(machine, Zone::High, 0, 4096, 0xA5);
        let mapping = dma.map(&device, buffer, FromDevice).expect("maps");
        let mapping = transfer(mapping, |addr, _| write(machine, addr, &[1; 10]));
        let buffer = mapping.unmap();
        let bytes = buffer.bytes(machine);
        assert_eq!(
            (&bytes[..10], &bytes[10..]),
            (&[1; 10][..], &[0xA5; 4086][..])
        );
    });
}

#[test]
fn inv_7_cp_4_a_device_sees_no_other_owners_bytes_in_its_lines() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), words(machine));
        let secret = pages(machine, Zone::High, 0, 4096, 0x5A);
        drop(dma.map(&device, secret, ToDevice).expect("maps"));
        let mine = pages(machine, Zone::High, 5, 70, 0x11);
        transfer(
            dma.map(&device, mine, ToDevice).expect("maps"),
            |addr, len| {
                assert_eq!(len, 72);
                let mut expected = vec![0x11; 70];
                expected.resize(72, 0);
                expected.resize(128, CANARY);
                assert_eq!(read(machine, addr, 128), expected);
            },
        );
    });
}

/// Addresses are kept modulo a line, so that the granule's last bytes lie in a line of their own.
#[test]
fn cp_4_a_line_that_only_the_granule_reaches_holds_no_former_users_bytes() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let builder = DmaDevice::builder("aligned words").windows(machine.bus().windows());
        let builder = builder.granule(4).min_align_mask(63);
        let device = builder.build(&machine.ram()).expect("valid");
        let secret = pages(machine, Zone::High, 0, 4096, 0x5A);
        drop(dma.map(&device, secret, ToDevice).expect("maps"));
        let mine = pages(machine, Zone::High, 3, 61, 0x11);
        transfer(
            dma.map(&device, mine, ToDevice).expect("maps"),
            |addr, len| {
                assert_eq!((addr.get() % 64, len), (3, 64));
                let mut expected = vec![0x11; 61];
                expected.resize(64, 0);
                expected.resize(61 + 64, CANARY);
                assert_eq!(read(machine, addr, expected.len()), expected);
            },
        );
    });
}

#[test]
fn inv_3_cm_4_neighbours_in_the_same_line_keep_what_the_cpu_wrote_meanwhile() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        let page = pages(machine, Zone::Dma, 20, 30, 0xA5);
        let line = page.extent().start();
        let mapping = dma.map(&device, Unproven(page), FromDevice).expect("maps");
        let mapping = transfer(mapping, |addr, _| {
            machine.cpu_write(line, &[0x77; 20]);
            write(machine, addr, &pattern(30));
            machine.cpu_write(PhysAddr::new(line.get() + 50), &[0x88; 14]);
        });
        let Unproven(page) = mapping.unmap();
        let page = page.with_window(0, 64).expect("inside");
        let bytes = page.bytes(machine);
        assert_eq!(bytes[..20], [0x77; 20]);
        assert_eq!(bytes[20..50], pattern(30));
        assert_eq!(bytes[50..], [0x88; 14]);
    });
}

#[test]
fn a_bidirectional_buffer_goes_there_and_back() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for zone in [Zone::Dma, Zone::High] {
            let buffer = pages(machine, zone, 3, 100, 0x21);
            let mapping = dma.map(&device, buffer, Bidirectional).expect("maps");
            let mut mapping = transfer(mapping, |addr, len| {
                assert_eq!(read(machine, addr, len), [0x21; 100]);
                write(machine, addr, &[0x42; 50]);
            });
            mapping.for_cpu()[99] = 0x63;
            let mapping = transfer(mapping, |addr, len| {
                let seen = read(machine, addr, len);
                assert_eq!((seen[0], seen[50], seen[99]), (0x42, 0x21, 0x63));
            });
            let buffer = mapping.unmap();
            let bytes = buffer.bytes(machine);
            assert_eq!((bytes[49], bytes[98], bytes[99]), (0x42, 0x21, 0x63));
        }
    });
}

#[test]
fn hw_8_a_length_rounded_up_to_the_granule_stays_in_the_buffers_own_lines() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), words(machine));
        for zone in [Zone::Dma, Zone::High] {
            let mapping = dma.map(&device, pages(machine, zone, 62, 5, 0xA5), FromDevice);
            let mapping = transfer(mapping.expect("maps"), |addr, len| {
                assert_eq!(len, 8);
                write(machine, addr, &[9; 8]);
            });
            assert_eq!(mapping.len(), 5);
            assert_eq!(*mapping.unmap().bytes(machine), [9; 5]);
        }
    });
}

#[test]
fn tr_4_a_buffer_across_the_end_of_reach_bounces_whole() {
    let builder = Builder::empty()
        .bank(0x1020_0000, 0x20_0000)
        .bank(0x3FFF_F000, 0x2000);
    under_every_adversary(&builder, |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        let across = Pages::adopt(machine.take(0x3FFF_F000, 0x2000), machine.clone());
        let mut across = across.with_window(0xF80, 0x100).expect("inside");
        across.bytes_mut(machine).copy_from_slice(&pattern(0x100));
        let mapping = transfer(
            dma.map(&device, across, ToDevice).expect("maps"),
            |addr, len| {
                assert_eq!(read(machine, addr, len), pattern(0x100));
            },
        );
        assert_eq!(dma.totals(&device).bounced, [0, 1, 0, 0]);
        drop(mapping);
        assert_clean(&dma);
    });
}

#[test]
fn cm_7_order_of_maintenance_barrier_and_copy() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let mapping = dma.map(&device, pages(&machine, Zone::High, 0, 64, 1), FromDevice);
    let mapping = mapping.expect("maps");
    assert_eq!(
        machine.trace().last(),
        Some(&Op::Complete),
        "clean is not waited for"
    );
    machine.clear_trace();
    drop(mapping.unmap());
    let trace = machine.trace();
    let at = |what: fn(&Op) -> bool| trace.iter().position(what).expect("happens");
    let invalidate = at(|op| matches!(op, Op::Invalidate(_)));
    let complete = at(|op| matches!(op, Op::Complete));
    let copy = at(|op| matches!(op, Op::Copy { .. }));
    assert!(invalidate < complete && complete < copy, "{trace:?}");
}

#[test]
fn cm_10_cm_11_maintenance_covers_the_bounce_buffer_and_nothing_else() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let buffer = pages(&machine, Zone::High, 0, 130, 1);
    machine.reset_counters();
    let mapping = dma.map(&device, buffer, FromDevice).expect("maps");
    assert_eq!(
        (
            machine.counters().lines_cleaned,
            machine.counters().bytes_copied
        ),
        (3, 130)
    );
    drop(mapping.unmap());
    let counters = machine.counters();
    assert_eq!((counters.lines_cleaned, counters.lines_invalidated), (3, 3));
    assert_eq!((counters.completes, counters.bytes_copied), (2, 260));
}

#[test]
fn cm_8_a_coherent_device_costs_no_cache_operation_bounced_or_not() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let windows = machine.bus().windows();
    let device = DmaDevice::builder("snoops")
        .windows(windows)
        .coherent()
        .build(&machine.ram())
        .expect("valid");
    for zone in [Zone::Dma, Zone::High] {
        let mut mapping = dma
            .map(&device, pages(&machine, zone, 4, 100, 1), Bidirectional)
            .expect("maps");
        mapping.for_cpu()[0] = 2;
        drop(mapping.unmap());
    }
    let counters = machine.counters();
    let lines =
        counters.lines_cleaned + counters.lines_invalidated + counters.lines_clean_invalidated;
    assert_eq!((lines, counters.completes), (0, 0));
}

#[test]
fn cm_8_a_coherent_device_still_needs_its_barriers() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let windows = machine.bus().windows();
    let device = DmaDevice::builder("snoops")
        .windows(windows)
        .coherent()
        .build(&machine.ram())
        .expect("valid");
    let mapping = dma.map(&device, pages(&machine, Zone::High, 0, 64, 1), FromDevice);
    let mapping = transfer(mapping.expect("maps"), |_, _| {});
    drop(mapping.unmap());
    let trace = machine.trace();
    let at = |what: fn(&Op) -> bool| trace.iter().position(what).expect("happens");
    let status = at(|op| matches!(op, Op::StatusRead));
    let acquire = at(|op| matches!(op, Op::Acquire));
    let copied_out = trace
        .iter()
        .rposition(|op| matches!(op, Op::Copy { .. }))
        .expect("bounced");
    assert!(status < acquire && acquire < copied_out, "{trace:?}");
}

#[test]
fn one_line_under_every_interleaving() {
    let moves = if cfg!(miri) { 1 } else { 2 };
    let mut runs = 0;
    for zone in [Zone::Dma, Zone::High] {
        runs += explore(&small(), moves, |machine| {
            let (dma, device) = (
                layer(machine, Bouncing::AsNeeded, SMALL_POOL),
                legacy(machine),
            );
            let mapping = dma
                .map(&device, one_line(machine, zone), FromDevice)
                .expect("maps");
            let mapping = transfer(mapping, |addr, _| write(machine, addr, &pattern(10)));
            let buffer = mapping.unmap();
            let bytes = buffer.bytes(machine);
            assert_eq!(
                (&bytes[..10], &bytes[10..]),
                (&pattern(10)[..], &[0xA5; 54][..])
            );
        });
    }
    println!("{runs} interleavings");
    assert!(runs > 50, "the adversary had no choice");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 2 } else { 96 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn inv_1_2_3_4_any_buffer_any_part(
        high: bool, unproven: bool, force: bool, seed: u64, percent in 1u32..90,
        offset in 0u64..200, len in 1u64..600, at_seed: u64, n_seed: u64, granule in 0u32..3,
    ) {
        let adversary = Adversary::Random { seed, percent };
        let machine = Builder::default().adversary(adversary).build();
        let bouncing = if force { Bouncing::Forced } else { Bouncing::AsNeeded };
        let dma = layer(&machine, bouncing, POOL);
        let device = DmaDevice::builder("any").windows(machine.bus().windows())
            .granule(1 << granule).build(&machine.ram()).expect("valid");
        let zone = if high { Zone::High } else { Zone::Dma };
        let (at, n) = (at_seed % len, n_seed % (len - at_seed % len) + 1);
        let page = pages(&machine, zone, offset, len, 0xA5);
        let extent = page.extent();
        let play = |addr: hal::DmaAddr, told: usize| {
            assert!(told as u64 >= len);
            let addr = addr.checked_add(at).expect("inside");
            write(&machine, addr, &pattern(n as usize));
        };
        let page = if unproven {
            let mapping = dma.map(&device, Unproven(page), FromDevice).expect("maps");
            transfer(mapping, play).unmap().0
        } else {
            let mapping = dma.map(&device, page, FromDevice).expect("maps");
            transfer(mapping, play).unmap()
        };
        prop_assert_eq!(page.range().len(), len);
        let whole = page.with_window(0, extent.len()).expect("all");
        let mut expected = vec![0xA5; extent.len() as usize];
        let first = (offset + at) as usize;
        expected[first..first + n as usize].copy_from_slice(&pattern(n as usize));
        prop_assert!(*whole.bytes(&machine) == expected, "bytes outside the transfer changed");
        assert_clean(&dma);
    }
}

#[test]
fn cm_5_cm_11_maintenance_walks_every_line_that_the_mapping_touches_and_no_other() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    for (offset, len, lines) in [
        (0, 1, 1),
        (63, 1, 1),
        (63, 2, 2),
        (0, 64, 1),
        (1, 64, 2),
        (32, 4096, 65),
    ] {
        let buffer = pages(&machine, Zone::Dma, offset, len, 1);
        machine.reset_counters();
        let mapping = dma.map(&device, buffer, FromDevice).expect("maps");
        assert_eq!(
            machine.counters().lines_cleaned,
            lines,
            "{len} bytes at {offset}"
        );
        drop(mapping.unmap());
        let counters = machine.counters();
        let dropped = counters.lines_invalidated + counters.lines_clean_invalidated;
        assert_eq!(dropped, lines, "{len} bytes at {offset}");
        assert_eq!(counters.completes, 2);
    }
}

#[test]
fn own_2_a_to_device_buffer_may_be_read_by_the_cpu_meanwhile() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for zone in [Zone::Dma, Zone::High] {
            let buffer = pages(machine, zone, 0, 200, 0x2A);
            let range = buffer.range();
            let mapping = dma.map(&device, buffer, ToDevice).expect("maps");
            let mapping = transfer(mapping, |addr, len| {
                assert_eq!(machine.cpu_read(range), [0x2A; 200]);
                assert_eq!(read(machine, addr, len), [0x2A; 200]);
            });
            assert_eq!(*mapping.unmap().bytes(machine), [0x2A; 200]);
        }
    });
}

#[test]
fn cp_7_copies_are_exact_however_original_and_slot_are_aligned() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for (offset, len) in [(1, 1), (3, 2047), (63, 2049), (7, 4096), (4095, 4098)] {
            let buffer = pages(machine, Zone::High, offset, len, 0xA5);
            let whole = buffer.extent();
            let mapping = dma.map(&device, buffer, FromDevice).expect("maps");
            let mapping = transfer(mapping, |addr, len| write(machine, addr, &pattern(len)));
            let page = mapping.unmap().with_window(0, whole.len()).expect("all");
            let (bytes, end) = (page.bytes(machine), (offset + len) as usize);
            assert_eq!(bytes[offset as usize..end], pattern(len as usize));
            let mut others = bytes[..offset as usize].iter().chain(&bytes[end..]);
            assert!(others.all(|byte| *byte == 0xA5), "a neighbour changed");
        }
        assert_clean(&dma);
    });
}
