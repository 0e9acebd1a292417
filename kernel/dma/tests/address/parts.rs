//! PS: parts of a mapping, by the address of the mapping and an offset.

use super::{Driver, ZONES, memory, range};
use crate::common::{POOL, assert_clean, layer, legacy, pattern};
use dma::address::Misuse;
use dma::{Bouncing, Dir, DmaDevice};
use hal::Zone;
use sim::{Builder, Machine, under_every_adversary};

#[test]
fn ps_1_a_part_costs_its_own_lines_and_bytes_alone() {
    for (zone, copied) in [(Zone::Dma, 0), (Zone::High, 64)] {
        let machine = Machine::default();
        let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
        let driver = Driver::new(&machine, &dma, &device);
        let (_pages, block) = memory(&machine, zone, (0, 4096), 1);
        let addr = driver.map(block, Dir::Bidirectional);
        machine.reset_counters();
        let both = Dir::Bidirectional;
        driver.for_cpu(addr, (128, 64), both).expect("inside");
        let counters = machine.counters();
        let dropped = counters.lines_invalidated + counters.lines_clean_invalidated;
        assert_eq!((dropped, counters.bytes_copied), (1, copied));
        driver.for_device(addr, (128, 64), both).expect("inside");
        let counters = machine.counters();
        let cost = (counters.lines_cleaned, counters.bytes_copied);
        assert_eq!(cost, (1, 2 * copied));
        assert_eq!(counters.completes, 2);
        driver.unmap(addr, 4096, both);
    }
}

#[test]
fn ps_2_cp_2_a_part_in_a_later_slot_and_behind_a_start_offset_is_copied_to_its_place() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let builder = DmaDevice::builder("aligned").windows(machine.bus().windows());
        let builder = builder.min_align_mask(0xFFF);
        let device = builder.build(&machine.ram()).expect("valid");
        let driver = Driver::new(machine, &dma, &device);
        let (pages, block) = memory(machine, Zone::High, (0x804, 6000), 0xA5);
        let addr = driver.map(block, Dir::Bidirectional);
        assert_eq!(addr.get() & 0xFFF, 0x804);
        // The second slot starts at byte 2044 of the data: its first bytes, and those around them.
        for (at, len) in [(2044, 4), (2040, 8), (4092, 1900), (0, 6000)] {
            let bytes = pattern(len);
            driver.write(addr, at, &bytes);
            let part = (at, len as u64);
            driver.for_cpu(addr, part, Dir::FromDevice).expect("inside");
            let seen = machine.cpu_read(range(block.start().get() + at, len as u64));
            assert_eq!(seen, bytes, "{len} from {at}");
            let back: Vec<u8> = bytes.iter().map(|byte| byte ^ 0xFF).collect();
            machine.cpu_write(block.start().checked_add(at).expect("inside"), &back);
            driver
                .for_device(addr, part, Dir::ToDevice)
                .expect("inside");
            machine.doorbell();
            assert_eq!(driver.read(addr, at, len), back, "{len} from {at}");
        }
        driver.unmap(addr, 6000, Dir::Bidirectional);
        drop(pages);
        assert_clean(&dma);
        assert_eq!(dma.complaint(), None);
    });
}

#[test]
fn ps_2_bytes_outside_the_part_are_not_copied() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let (_pages, block) = memory(&machine, Zone::High, (0, 200), 1);
    let addr = driver.map(block, Dir::Bidirectional);
    driver.write(addr, 0, &[9; 200]);
    // As neither the device's bytes nor what was copied in: a copy of either shows.
    machine.cpu_write(block.start(), &[5; 200]);
    driver
        .for_cpu(addr, (64, 64), Dir::Bidirectional)
        .expect("inside");
    let seen = machine.cpu_read(block);
    assert_eq!((&seen[..64], &seen[128..]), (&[5; 64][..], &[5; 72][..]));
    assert_eq!(seen[64..128], [9; 64]);
    driver.write(addr, 0, &[8; 200]);
    driver
        .for_device(addr, (64, 64), Dir::Bidirectional)
        .expect("inside");
    let seen = driver.read(addr, 0, 200);
    assert_eq!((&seen[..64], &seen[128..]), (&[8; 64][..], &[8; 72][..]));
    assert_eq!(seen[64..128], [9; 64]);
}

#[test]
fn ps_3_a_part_past_the_end_of_a_bounced_mapping_is_an_error_or_cut_off() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let (_pages, block) = memory(&machine, Zone::High, (0, 100), 1);
    let addr = driver.map(block, Dir::FromDevice);
    driver.write(addr, 0, &[9; 128]);
    let past = driver.for_cpu(addr, (90, 11), Dir::FromDevice);
    let addr_90 = addr.checked_add(90).expect("inside");
    let told = Misuse::PastEnd {
        addr: addr_90,
        len: 11,
        mapped: 10,
    };
    let expected = if cfg!(debug_assertions) {
        Err(told)
    } else {
        Ok(())
    };
    assert_eq!(past, expected);
    assert_eq!(driver.for_cpu(addr, (100, 0), Dir::FromDevice), Ok(()));
    driver.unmap(addr, 100, Dir::FromDevice);
    assert_eq!(machine.cpu_read(block), [9; 100]);
}

#[test]
fn ps_4_a_part_that_shares_a_line_with_the_devices_bytes_is_told_in_debug_builds() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let (_pages, block) = memory(&machine, Zone::Dma, (0, 256), 1);
    let addr = driver.map(block, Dir::Bidirectional);
    let told = Err(Misuse::PartialLine {
        addr: addr.checked_add(64).expect("inside"),
        len: 60,
    });
    let expected = if cfg!(debug_assertions) { told } else { Ok(()) };
    let part = (64, 60);
    assert_eq!(driver.for_cpu(addr, part, Dir::Bidirectional), expected);
    assert_eq!(driver.for_device(addr, part, Dir::Bidirectional), expected);
    assert_eq!(driver.for_device(addr, part, Dir::ToDevice), Ok(()));
    driver.unmap(addr, 256, Dir::Bidirectional);
}

#[test]
fn ps_5_a_receive_ring_recycles_the_part_that_it_used() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        let driver = Driver::new(machine, &dma, &device);
        for zone in ZONES {
            let (_pages, block) = memory(machine, zone, (0, 512), 0);
            let addr = driver.map(block, Dir::FromDevice);
            for round in 1..4u8 {
                for entry in 0..4u64 {
                    driver.write(addr, entry * 128, &[round * 10 + entry as u8; 100]);
                    // The next one is being filled when this one is looked at.
                    driver.write(addr, (entry + 1) % 4 * 128, &[0xFF; 128]);
                    driver
                        .for_cpu(addr, (entry * 128, 128), Dir::FromDevice)
                        .expect("inside");
                    let seen = machine.cpu_read(block.slice(entry * 128, 100).expect("inside"));
                    assert_eq!(seen, [round * 10 + entry as u8; 100]);
                    driver
                        .for_device(addr, (entry * 128, 128), Dir::FromDevice)
                        .expect("inside");
                }
            }
            driver.unmap(addr, 512, Dir::FromDevice);
        }
        assert_clean(&dma);
    });
}

#[test]
fn cp_5_giving_a_part_back_that_the_device_alone_writes_copies_nothing() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let (_pages, block) = memory(&machine, Zone::High, (0, 256), 1);
    let addr = driver.map(block, Dir::FromDevice);
    driver.write(addr, 0, &[9; 256]);
    driver
        .for_device(addr, (0, 256), Dir::FromDevice)
        .expect("inside");
    driver.unmap(addr, 256, Dir::FromDevice);
    assert_eq!(machine.cpu_read(block), [9; 256]);
}
