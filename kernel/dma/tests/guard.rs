//! CP-4 and CP-8: what is around a device's bytes, and that a device which leaves them is told by name.
#![expect(
    unsafe_code,
    reason = "launches lists, exposes rings and plays drivers that keep addresses"
)]

mod common;

use common::{
    CANARY, CELLS, Idle, Layer, POOL, assert_clean, layer, layer_with_cells, legacy, pages,
    transfer,
};
use dma::address::Attrs;
use dma::checker::{self, Forbidden, Level, Options};
use dma::swiotlb::{CHUNK, SLOT};
use dma::{
    Bidirectional, Bouncing, Builder as DeviceBuilder, Cause, Dir, Direction, Dma, DmaDevice,
    FromDevice, MapError, Overrun, SgTable, ToDevice,
};
use hal::{DmaAddr, DmaBuffer, GIB, LINE, MIB, PAGE, Zone};
use sim::{Builder, Machine, under_every_adversary};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

fn builder(machine: &Machine) -> DeviceBuilder {
    DmaDevice::builder("stray").windows(machine.bus().windows())
}

fn untrusted(machine: &Machine) -> DmaDevice {
    let device = builder(machine).untrusted().build(&machine.ram());
    device.expect("valid")
}

fn checked(machine: &Machine) -> Layer {
    checked_over(machine, POOL)
}

fn checked_over(machine: &Machine, pool: (u64, u64)) -> Layer {
    let mut options = Options::default();
    (options.level, options.entries) = (Level::On, 16);
    layer(machine, Bouncing::AsNeeded, pool).checked(&options, Forbidden::new())
}

fn read(machine: &Machine, addr: u64, len: u64) -> Vec<u8> {
    machine.device_read(machine.bus(), DmaAddr::new(addr), len as usize)
}

fn write(machine: &Machine, addr: u64, byte: u8) {
    machine.device_write(machine.bus(), DmaAddr::new(addr), &[byte]);
}

/// A whole life of a buffer of `len` bytes that bounces, in which the device does `play` at its address.
fn life<D: Direction>(
    dma: &Dma<Machine>,
    device: &DmaDevice,
    (direction, len): (D, u64),
    play: impl FnOnce(u64),
) {
    let page = pages(dma.platform(), Zone::High, 0, len, 0xA5);
    let mapping = dma.map(device, page, direction).expect("bounces");
    drop(transfer(mapping, |addr, _| play(addr.get())).unmap());
}

/// The one overrun that waits.
fn told(dma: &Layer) -> Overrun {
    let alarm = dma.alarm().expect("an alarm");
    assert_eq!((alarm.device, alarm.more, dma.alarm()), ("stray", 0, None));
    match alarm.cause {
        Cause::Overran(overrun) => overrun,
        other => panic!("{other:?}"),
    }
}

#[test]
fn cp_4_inv_7_an_untrusted_device_sees_canaries_in_all_of_its_slots_and_a_line_behind() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), untrusted(machine));
        for (len, slots) in [(100, 1), (SLOT - LINE, 1), (SLOT - LINE + 1, 2), (SLOT, 2)] {
            life(&dma, &device, (Bidirectional, len), |addr| {
                assert_eq!(dma.pool_usage().expect("a pool").used, slots);
                let behind = u64::from(slots) * SLOT - len;
                assert_eq!(read(machine, addr, len), vec![0xA5; len as usize]);
                assert_eq!(
                    read(machine, addr + len, behind),
                    vec![CANARY; behind as usize]
                );
            });
        }
        assert_eq!(dma.alarm(), None);
        assert_clean(&dma);
    });
}

#[test]
fn cp_4_an_alignment_leaves_canaries_in_front_as_well() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    for (device, before) in [
        (builder(&machine).min_align_mask(0x7FF).untrusted(), 0x110),
        (builder(&machine).min_align_mask(0x7FF), 0x10),
    ] {
        let device = device.build(&machine.ram()).expect("valid");
        let page = pages(&machine, Zone::High, 0x110, 64, 0xA5);
        let mapping = dma.map(&device, page, FromDevice).expect("bounces");
        let mapping = transfer(mapping, |addr, _| {
            let around = read(&machine, addr.get() - before, before + 64 + 48);
            let (front, rest) = around.split_at(before as usize);
            assert!(front.iter().all(|byte| *byte == CANARY), "{front:x?}");
            assert_eq!(
                (&rest[..64], &rest[64..]),
                (&[0xA5; 64][..], &[CANARY; 48][..])
            );
            write(&machine, addr.get() - 1, 0x5A);
        });
        drop(mapping.unmap());
        assert!(matches!(
            told(&dma),
            Overrun::Beside {
                at: -1,
                found: 0x5A,
                len: 64,
                ..
            }
        ));
    }
}

#[test]
fn cp_4_a_write_behind_the_end_is_told_with_both_values_under_every_cache() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (
            layer(machine, Bouncing::AsNeeded, POOL),
            builder(machine).build(&machine.ram()).expect("valid"),
        );
        let mut start = 0;
        life(&dma, &device, (FromDevice, 1500), |addr| {
            start = addr;
            write(machine, addr + 1503, 0x5A);
        });
        let overrun = Overrun::Beside {
            addr: start,
            len: 1500,
            at: 1503,
            found: 0x5A,
        };
        assert_eq!(told(&dma), overrun);
        assert_eq!(dma.totals(&device).overran, 1);
        life(&dma, &device, (Bidirectional, 1500), |addr| {
            write(machine, addr + 1535, 0);
        });
        assert!(matches!(
            told(&dma),
            Overrun::Beside {
                at: 1535,
                found: 0,
                ..
            }
        ));
        assert_eq!(dma.totals(&device).overran, 2);
    });
}

#[test]
fn cp_4_an_untrusted_device_is_looked_after_in_every_direction_and_up_to_the_end_of_its_slots() {
    fn strays<D: Direction + Copy>(dma: &Layer, direction: D) {
        let machine = dma.platform();
        let device = untrusted(machine);
        for (len, at) in [(64, 64), (100, 2047), (SLOT, SLOT + LINE - 1), (SLOT, SLOT)] {
            life(dma, &device, (direction, len), |addr| {
                write(machine, addr + at, 0x5A);
            });
            let Overrun::Beside { at: found, .. } = told(dma) else {
                panic!("not afterwards");
            };
            assert_eq!(found, at as i64, "{len} bytes {:?}", D::DIR);
        }
        assert_clean(dma);
    }
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        strays(&dma, ToDevice);
        strays(&dma, FromDevice);
        strays(&dma, Bidirectional);
    });
}

#[test]
fn cp_4_a_cell_has_its_canary_behind_what_the_granule_moves() {
    let machine = Machine::default();
    let dma = layer_with_cells(&machine, Bouncing::AsNeeded, CELLS);
    let device = builder(&machine).granule(4).build(&machine.ram());
    let device = device.expect("valid");
    life(&dma, &device, (FromDevice, 30), |addr| {
        assert_eq!(read(&machine, addr + 30, 2), [0, 0], "moved, and nobody's");
        assert_eq!(read(&machine, addr + 32, 32), [CANARY; 32]);
        write(&machine, addr + 31, 1);
    });
    assert_eq!(dma.totals(&device).by_cell, 1);
    assert_eq!(dma.alarm(), None, "the granule is the device's to write");
    life(&dma, &device, (FromDevice, 30), |addr| {
        write(&machine, addr + 32, 1)
    });
    let Overrun::Beside { len, at, .. } = told(&dma) else {
        panic!("not afterwards");
    };
    assert_eq!((len, at), (32, 32));
    let untrusted = untrusted(&machine);
    life(&dma, &untrusted, (FromDevice, 30), |_| {});
    assert_eq!(dma.totals(&untrusted).by_cell, 0, "cells have neighbours");
}

#[test]
fn cp_4_a_list_is_looked_at_part_by_part() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = builder(&machine).segments(8, 1).build(&machine.ram());
    let device = device.expect("valid");
    let mut table = SgTable::with_capacity(2, 8).expect("memory");
    for len in [1000, 100] {
        let page = pages(&machine, Zone::High, 0, len, 0);
        table.push(page).expect("room");
    }
    let list = dma.map_sg(&device, table, FromDevice).expect("fits");
    let engine = Idle::default();
    // SAFETY: the addresses are used below and nowhere else.
    let flight = unsafe { list.launch(&engine) };
    let ends = flight.segments().map(|one| (one.bus.get(), one.len));
    let (last, len) = ends.last().expect("two");
    write(&machine, last + len, 0x5A);
    machine.status_read();
    drop(flight.end().expect("idle").unmap());
    assert!(matches!(
        told(&dma),
        Overrun::Beside {
            len: 100,
            at: 100,
            ..
        }
    ));
}

#[test]
fn cp_4_a_driver_that_keeps_addresses_is_told_of_its_device_and_gets_its_guard_back() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        untrusted(&machine),
    );
    let calls = dma.by_address(&device).expect("memory");
    let page = pages(&machine, Zone::High, 0, SLOT, 0);
    for attrs in [Attrs::NONE, Attrs::SKIP_CPU_SYNC] {
        let (block, dir) = (page.range(), Dir::FromDevice);
        // SAFETY: the page is lent, and the device is played here.
        let addr = unsafe { calls.map_single(block, dir, Attrs::NONE) }.expect("fits");
        write(&machine, addr.get() + SLOT, 0x5A);
        machine.status_read();
        hal::Platform::acquire(&machine);
        // SAFETY: mapped so.
        unsafe { calls.unmap_single(addr, SLOT, dir, attrs) };
        assert!(matches!(told(&dma), Overrun::Beside { found: 0x5A, .. }));
    }
    assert_clean(&dma);
}

#[test]
fn cp_4_what_was_reported_in_part_is_not_looked_at_and_no_false_alarm_is_made() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    for (device, wrong, alarm) in [
        (legacy(&machine), false, false),
        (untrusted(&machine), false, false),
        (untrusted(&machine), true, true),
    ] {
        for n in [0, 10, 100] {
            let page = pages(&machine, Zone::High, 0, 100, 0xA5);
            let mapping = dma.map(&device, page, FromDevice::REPORTED).expect("fits");
            let mapping = transfer(mapping, |addr, _| {
                assert_eq!(read(&machine, addr.get() + 100, 28), [CANARY; 28]);
                if wrong {
                    write(&machine, addr.get() + 100, 0x5A);
                }
            });
            drop(mapping.complete(n).expect("not more than there is").unmap());
            assert_eq!(dma.alarm().is_some(), alarm, "{n} reported");
        }
    }
}

#[test]
fn cp_4_an_overrun_changes_no_byte_and_one_alarm_waits_for_each_device() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        untrusted(&machine),
    );
    for _ in 0..3 {
        let page = pages(&machine, Zone::High, 0, 100, 0xA5);
        let mapping = dma.map(&device, page, FromDevice).expect("fits");
        let mapping = transfer(mapping, |addr, _| {
            let bytes = [0x5A; 200];
            machine.device_write(machine.bus(), addr, &bytes);
        });
        let page = mapping.unmap();
        assert_eq!(*page.bytes(&machine), [0x5A; 100]);
    }
    let alarm = dma.alarm().expect("an alarm");
    assert_eq!((alarm.more, dma.alarm()), (2, None));
    let text = alarm.to_string();
    assert!(
        text.starts_with("stray: wrote 0x5a over 0xc9 at 0xd"),
        "{text}"
    );
    assert!(text.ends_with("that was mapped (and 2 more)"), "{text}");
}

#[test]
fn cp_4_dbg_under_the_checker_it_is_a_finding_with_the_place_that_mapped_it() {
    sim::set_place(0xFFFF_FFFF_C000_1234);
    // Of a trusted one, too, whole slots are looked at under the checker, and where it only reads.
    for device in [legacy, untrusted] {
        let machine = Machine::default();
        let (dma, device) = (checked(&machine), device(&machine));
        life(&dma, &device, (ToDevice, 64), |addr| {
            assert_eq!(
                dma.pool_usage().expect("a pool").used,
                1,
                "DM-6: as without"
            );
            write(&machine, addr + 100, 0x5A);
        });
        let finding = dma.one_finding();
        let text = finding.to_string();
        let wanted = format!("dma-debug: {}: wrote 0x5a over 0xc9 at 0xd", device.name());
        assert!(text.starts_with(&wanted), "{text}");
        assert!(text.ends_with("; mapped at 0xffffffffc0001234"), "{text}");
        assert_eq!(dma.alarm(), None, "told once");
    }
}

#[test]
fn cp_4_who_may_print_is_called_when_an_alarm_waits() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let machine = Machine::default();
    let mut dma = layer(&machine, Bouncing::AsNeeded, POOL);
    dma.alarm_with(|| _ = CALLS.fetch_add(1, Relaxed));
    let device = untrusted(&machine);
    for (at, calls) in [(99, 0), (100, 1), (100, 2)] {
        life(&dma, &device, (FromDevice, 100), |addr| {
            write(&machine, addr + at, 0x5A);
        });
        assert_eq!(CALLS.load(Relaxed), calls);
    }
}

#[test]
fn cp_8_a_write_after_unmap_is_told_by_the_name_of_who_had_the_slots() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = checked(machine);
        let (device, other) = (untrusted(machine), legacy(machine));
        let mut at = 0;
        life(&dma, &device, (FromDevice, 100), |addr| at = addr);
        life(&dma, &other, (ToDevice, 100), |addr| {
            assert_eq!(addr, at, "the same slot")
        });
        assert_eq!(dma.findings(), [], "nobody wrote");
        life(&dma, &device, (FromDevice, 100), |_| {});
        write(machine, at + 1000, 0x5A);
        life(&dma, &other, (ToDevice, 100), |addr| {
            assert_eq!(addr, at, "the same slot")
        });
        let finding = dma.one_finding();
        assert_eq!(finding.device, "stray");
        assert!(matches!(
            finding.cause,
            checker::Cause::Overran(Overrun::Afterwards { found: 0x5A, .. })
        ));
    });
}

#[test]
fn cp_8_who_had_a_slot_last_is_known_for_each_slot_of_each_chunk() {
    let machine = Builder::empty()
        .bank(0x1000_0000, 8 * MIB)
        .bank(GIB, 8 * MIB)
        .build();
    let dma = checked_over(&machine, (0x1020_0000, 2 * CHUNK));
    let (device, other) = (untrusted(&machine), legacy(&machine));
    let whole_chunk = || {
        let pages = pages(&machine, Zone::High, 0, CHUNK, 1);
        dma.map(&other, pages, ToDevice).expect("room")
    };
    let rest = whole_chunk();
    let mut at = 0;
    life(&dma, &device, (FromDevice, PAGE), |addr| at = addr);
    drop(rest.unmap());
    // The first chunk's slots are another's since then. The last of the run is written.
    write(&machine, at + PAGE + 1, 0x5A);
    let all = [whole_chunk(), whole_chunk()];
    let finding = dma.one_finding();
    assert_eq!(finding.device, "stray");
    drop(all);
    assert_clean(&dma);
}

#[test]
fn q_3_lim_2_the_guard_counts_in_the_longest_mapping_of_an_untrusted_device() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        untrusted(&machine),
    );
    let max = dma.max_mapping_size(&device);
    assert_eq!(max, dma.max_mapping_size(&legacy(&machine)) - LINE);
    life(&dma, &device, (ToDevice, max), |_| {});
    let page = pages(&machine, Zone::High, 0, max + 1, 0);
    let refused = dma.map(&device, page, ToDevice).expect_err("too long");
    let len = max + 1;
    assert_eq!(refused.error, MapError::TooLong { len, max });
    assert_clean(&dma);
}
