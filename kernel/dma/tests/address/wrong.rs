//! Drivers that are wrong about an address, and what the shipped build does with them: nothing is lost,
//! nothing is freed twice, and whoever prints is told.

use super::{Driver, ZONES, memory};
use crate::common::{POOL, assert_clean, layer, legacy};
use dma::address::{Attrs, Misuse};
use dma::{Bouncing, Cause, Dir};
use hal::{DmaAddr, Zone};
use sim::Machine;

/// What is told of, and that it is one line.
fn told(dma: &crate::common::Layer) -> Option<Misuse> {
    let complaint = dma.complaint()?;
    assert_eq!(complaint.to_string().lines().count(), 1);
    match complaint.cause {
        Cause::Misused(misuse) => Some(misuse),
        other => panic!("{other}"),
    }
}

#[test]
fn inv_9_unmapping_what_is_no_mapping_does_nothing_and_is_told() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let before = (machine.counters().lines_invalidated, dma.pool_usage());
    let free_slot = 0xC000_0000 + POOL.0 + 0x1000;
    // Outside of the window, no RAM, a free slot, the last byte of the space.
    for addr in [0x1000_0000, 0xFFFF_F000, free_slot, u64::MAX].map(DmaAddr::new) {
        let len = 64;
        driver.unmap(addr, len, Dir::FromDevice);
        assert_eq!(told(&dma), Some(Misuse::NotMapped { addr, len }));
        let error = driver.for_cpu(addr, (0, len), Dir::FromDevice);
        assert_eq!(error, Err(Misuse::NotMapped { addr, len }));
        let error = driver.for_device(addr, (0, len), Dir::FromDevice);
        assert_eq!(error, Err(Misuse::NotMapped { addr, len }));
    }
    let far = driver.for_cpu(DmaAddr::new(2), (u64::MAX, 1), Dir::FromDevice);
    assert!(matches!(far, Err(Misuse::NotMapped { .. })));
    let after = (machine.counters().lines_invalidated, dma.pool_usage());
    assert_eq!(after, before);
}

#[test]
fn a_second_unmap_frees_nothing_and_is_told() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let (_pages, block) = memory(&machine, Zone::High, (0, 64), 1);
    let addr = driver.map(block, Dir::FromDevice);
    driver.unmap(addr, 64, Dir::FromDevice);
    driver.unmap(addr, 64, Dir::FromDevice);
    assert_eq!(told(&dma), Some(Misuse::NotMapped { addr, len: 64 }));
    assert_clean(&dma);
}

#[test]
fn an_address_inside_a_mapping_is_none_to_unmap() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let (_pages, block) = memory(&machine, Zone::High, (0, 4096), 1);
    let addr = driver.map(block, Dir::FromDevice);
    for inside in [1, 2048] {
        let addr = addr.checked_add(inside).expect("inside");
        driver.unmap(addr, 1, Dir::FromDevice);
        assert_eq!(told(&dma), Some(Misuse::NotMapped { addr, len: 1 }));
    }
    driver.write(addr, 0, &[7; 4096]);
    driver.unmap(addr, 4096, Dir::FromDevice);
    assert_eq!((machine.cpu_read(block), told(&dma)), (vec![7; 4096], None));
    assert_clean(&dma);
}

#[test]
fn the_bounce_buffer_of_another_device_is_no_mapping_of_this_one() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let (mine, other) = (legacy(&machine), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &mine);
    let thief = Driver::new(&machine, &dma, &other);
    let (_pages, block) = memory(&machine, Zone::High, (0, 64), 1);
    let addr = driver.map(block, Dir::FromDevice);
    thief.unmap(addr, 64, Dir::FromDevice);
    assert_eq!(told(&dma), Some(Misuse::NotMapped { addr, len: 64 }));
    driver.unmap(addr, 64, Dir::FromDevice);
    assert_clean(&dma);
}

#[test]
fn the_slots_of_a_typed_mapping_are_no_mapping_by_address() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let (pages, _) = memory(&machine, Zone::High, (0, 64), 1);
    let mapping = dma.map(&device, pages, dma::FromDevice).expect("maps");
    let addr = DmaAddr::new(0xC000_0000 + POOL.0);
    driver.unmap(addr, 64, Dir::FromDevice);
    assert_eq!(told(&dma), Some(Misuse::NotMapped { addr, len: 64 }));
    drop(mapping);
    assert_clean(&dma);
}

#[test]
fn a_wrong_length_ends_the_whole_bounced_mapping_and_is_told() {
    for len in [1, 63, 65, 1 << 20] {
        let machine = Machine::default();
        let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
        let driver = Driver::new(&machine, &dma, &device);
        let (_pages, block) = memory(&machine, Zone::High, (0, 64), 1);
        let addr = driver.map(block, Dir::FromDevice);
        driver.write(addr, 0, &[7; 64]);
        driver.unmap(addr, len, Dir::FromDevice);
        let mapped = 64;
        assert_eq!(told(&dma), Some(Misuse::OtherLength { addr, len, mapped }));
        assert_eq!(machine.cpu_read(block), [7; 64]);
        assert_clean(&dma);
    }
}

#[test]
fn own_6_a_wrong_direction_loses_no_byte_of_a_bounced_mapping_and_is_told() {
    let cases = [
        (Dir::FromDevice, Dir::ToDevice),
        (Dir::Bidirectional, Dir::ToDevice),
        (Dir::FromDevice, Dir::Bidirectional),
    ];
    for (mapped, dir) in cases {
        let machine = Machine::default();
        let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
        let driver = Driver::new(&machine, &dma, &device);
        let (_pages, block) = memory(&machine, Zone::High, (0, 64), 1);
        let addr = driver.map(block, mapped);
        driver.write(addr, 0, &[7; 64]);
        driver.unmap(addr, 64, dir);
        assert_eq!(
            told(&dma),
            Some(Misuse::OtherDirection { addr, dir, mapped })
        );
        assert_eq!(machine.cpu_read(block), [7; 64]);
        assert_clean(&dma);
    }
}

#[test]
fn own_6_what_the_device_only_reads_is_not_copied_home_whatever_unmap_says() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let (_pages, block) = memory(&machine, Zone::High, (0, 64), 1);
    let addr = driver.map(block, Dir::ToDevice);
    driver.write(addr, 0, &[0xBA; 64]);
    driver
        .for_cpu(addr, (0, 64), Dir::FromDevice)
        .expect("mapped");
    driver.unmap(addr, 64, Dir::FromDevice);
    assert!(matches!(told(&dma), Some(Misuse::OtherDirection { .. })));
    assert_eq!(machine.cpu_read(block), [1; 64]);
}

#[test]
fn a_part_may_be_synced_one_way_of_a_mapping_for_both() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    for zone in ZONES {
        let (_pages, block) = memory(&machine, zone, (0, 64), 1);
        let addr = driver.map(block, Dir::Bidirectional);
        driver.write(addr, 0, &[7; 64]);
        driver
            .for_device(addr, (0, 64), Dir::FromDevice)
            .expect("mapped");
        driver
            .for_cpu(addr, (0, 64), Dir::ToDevice)
            .expect("mapped");
        driver
            .for_cpu(addr, (0, 64), Dir::FromDevice)
            .expect("mapped");
        assert_eq!(machine.cpu_read(block), [7; 64]);
        driver.unmap(addr, 64, Dir::Bidirectional);
    }
    assert_eq!(told(&dma), None);
}

#[test]
fn nothing_is_unmapped_by_an_empty_length() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let (_pages, block) = memory(&machine, Zone::Dma, (0, 64), 1);
    let addr = driver.map(block, Dir::FromDevice);
    driver.unmap_attrs(addr, 0, Dir::FromDevice, Attrs::NONE);
    assert_eq!(told(&dma), Some(Misuse::NotMapped { addr, len: 0 }));
}
