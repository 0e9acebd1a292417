//! Map, transfer, unmap.

use super::{DIRS, Driver, ZONES, memory, range};
use crate::common::{POOL, assert_clean, layer, legacy, pattern, small, words};
use dma::address::Attrs;
use dma::{Bouncing, Dir, DmaDevice, MapError};
use hal::{DmaAddr, DmaWindow, Irq, PAGE, PhysAddr, Zone};
use sim::{Builder, Machine, explore, irq_depth, under_every_adversary};

#[test]
fn inv_1_inv_2_inv_3_bytes_arrive_and_neighbours_stay() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), words(machine));
        let driver = Driver::new(machine, &dma, &device);
        for (zone, dir, at) in ZONES.iter().flat_map(|zone| {
            let each = DIRS.iter().flat_map(|dir| [0, 60, 64].map(|at| (*dir, at)));
            each.map(move |(dir, at)| (*zone, dir, at))
        }) {
            let (pages, block) = memory(machine, zone, (at, 129), 0xA5);
            let addr = driver.map(block, dir);
            if dir != Dir::FromDevice {
                assert_eq!(driver.read(addr, 0, 129), [0xA5; 129]);
            }
            if dir != Dir::ToDevice {
                driver.write(addr, 3, &pattern(100));
            }
            driver.unmap(addr, 129, dir);
            let all = pages.with_window(0, PAGE).expect("a page");
            let bytes = all.bytes(machine);
            let mut expected = [0xA5; PAGE as usize];
            if dir != Dir::ToDevice {
                expected[at as usize + 3..][..100].copy_from_slice(&pattern(100));
            }
            assert_eq!(bytes[..], expected[..], "{zone:?} {dir:?} at {at}");
        }
        assert_clean(&dma);
        assert_eq!(dma.complaint(), None);
    });
}

/// A line that is mapped, written by the device and unmapped, in every interleaving.
fn every_interleaving(zone: Zone) -> usize {
    explore(&small(), 3, |machine| {
        let (dma, device) = machine.set_up(|| {
            let dma = layer(machine, Bouncing::AsNeeded, crate::common::SMALL_POOL);
            (dma, legacy(machine))
        });
        let driver = Driver::new(machine, &dma, &device);
        let (pages, block) = machine.set_up(|| memory(machine, zone, (0, 64), 0xA5));
        let addr = driver.map(block, Dir::Bidirectional);
        assert_eq!(driver.read(addr, 0, 64), [0xA5; 64]);
        driver.write(addr, 0, &[7; 10]);
        driver.unmap(addr, 64, Dir::Bidirectional);
        let bytes = pages.bytes(machine);
        assert_eq!(
            (&bytes[..10], &bytes[10..]),
            (&[7; 10][..], &[0xA5; 54][..])
        );
    })
}

#[test]
#[cfg_attr(miri, ignore = "thousands of runs")]
fn inv_1_inv_2_in_every_interleaving_of_one_line() {
    let states = ZONES.map(every_interleaving);
    println!("{states:?} runs, direct and bounced");
    assert!(states.iter().all(|runs| *runs > 100));
}

#[test]
fn inv_4_no_byte_of_a_mapping_is_out_of_the_devices_reach() {
    // Low RAM up to the end of the window, and RAM behind it.
    let builder = Builder::empty()
        .bank(0x1000_0000, 0x40_0000)
        .bank(0x3FFF_F000, 4 * PAGE);
    let machine = builder.build();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let memory = machine.take(0x3FFF_F000, 4 * PAGE);
    machine.cpu_write(PhysAddr::new(0x3FFF_F000), &[1; 4 * PAGE as usize]);
    for (start, len) in [
        (0x3FFF_F000, 0x1000),
        (0x3FFF_F000, 0x1001),
        (0x4000_0000, 1),
    ] {
        let addr = driver.map(range(start, len), Dir::ToDevice);
        assert_eq!(driver.read(addr, 0, len as usize), vec![1; len as usize]);
        driver.unmap(addr, len, Dir::ToDevice);
    }
    assert_eq!(dma.totals(&device).bounced_all(), 2);
    hal::PageSource::free(&machine, memory);
}

#[test]
fn inv_5_bounced_mappings_never_overlap_and_all_slots_come_back() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Forced, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let (_pages, block) = memory(&machine, Zone::Dma, (0, 3 * PAGE), 1);
    let lengths = [1, 64, 2047, 2048, 2049, 3 * PAGE];
    let live = lengths.map(|len| {
        let part = block.slice(0, len).expect("inside");
        (driver.map(part, Dir::ToDevice).get(), len)
    });
    for (i, (addr, len)) in live.iter().enumerate() {
        let apart = |(other, n): &(u64, u64)| addr + len <= *other || other + n <= *addr;
        assert!(live[i + 1..].iter().all(apart));
    }
    assert_eq!(
        dma.pool_state().expect("a pool").used,
        1 + 1 + 1 + 1 + 2 + 6
    );
    for (addr, len) in live {
        driver.unmap(DmaAddr::new(addr), len, Dir::ToDevice);
    }
    assert_clean(&dma);
}

#[test]
fn inv_6_a_refused_map_leaves_everything_as_it_was() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, (POOL.0, 2 * PAGE)),
        legacy(&machine),
    );
    let driver = Driver::new(&machine, &dma, &device);
    let (_pages, block) = memory(&machine, Zone::High, (0, 2 * PAGE), 1);
    let (_other, hog) = memory(&machine, Zone::High, (0, PAGE + 1), 1);
    let held = driver.map(hog, Dir::ToDevice);
    let before = || {
        (
            machine.counters(),
            dma.pool_state(),
            dma.totals(&device).bounced,
        )
    };
    let (was, refused) = (before(), dma.totals(&device).refused);
    let error = driver.map_attrs(block, Dir::FromDevice, Attrs::NONE);
    assert!(matches!(error, Err(MapError::PoolFull { .. })), "{error:?}");
    assert_eq!(before(), was);
    assert_eq!(dma.totals(&device).refused, refused + 1);
    driver.unmap(held, hog.len(), Dir::ToDevice);
}

#[test]
fn map_page_takes_a_part_of_pages_and_refuses_what_is_outside() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let (_pages, block) = memory(&machine, Zone::Dma, (0, PAGE), 1);
    let map = |part| {
        // SAFETY: the page is owned, and no device is played.
        unsafe {
            driver
                .calls
                .map_page(block, part, Dir::ToDevice, Attrs::NONE)
        }
    };
    let addr = map((100, 30)).expect("inside");
    assert_eq!(addr.get(), 0xC000_0000 + block.start().get() + 100);
    let (offset, len) = (PAGE - 1, 2);
    let error = MapError::OutsidePages {
        offset,
        len,
        pages: block,
    };
    assert_eq!(map((offset, len)), Err(error));
    driver.unmap(addr, 30, Dir::ToDevice);
}

#[test]
fn res_2_res_4_registers_are_shown_without_cache_work_or_slot() {
    let machine = Machine::default();
    let window = DmaWindow::new(range(0xFE00_0000, 0x180_0000), DmaAddr::new(0x7E00_0000));
    let builder = DmaDevice::builder("dma").windows(machine.bus().windows());
    let builder = builder.register_windows(&[window.expect("valid")]);
    let device = builder.build(&machine.ram()).expect("valid");
    let dma = layer(&machine, Bouncing::Forced, POOL);
    let driver = Driver::new(&machine, &dma, &device);
    let before = (machine.counters(), dma.pool_state());
    // SAFETY: nobody is told.
    let show = |block| unsafe { driver.calls.map_resource(block) };
    assert_eq!(show(range(0xFE20_2000, 36)), Ok(DmaAddr::new(0x7E20_2000)));
    assert!(matches!(
        show(range(0x1000_0000, 4)),
        Err(MapError::IsRam { .. })
    ));
    assert_eq!((machine.counters(), dma.pool_state()), before);
}

#[test]
fn every_call_is_legal_with_interrupts_off_and_leaves_them_off() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let buffers = ZONES.map(|zone| memory(&machine, zone, (0, 256), 1));
    let outer = Machine::mask();
    let depth = irq_depth();
    for (_, block) in &buffers {
        let addr = driver.map(*block, Dir::Bidirectional);
        driver
            .for_cpu(addr, (64, 64), Dir::Bidirectional)
            .expect("inside");
        driver
            .for_device(addr, (64, 64), Dir::Bidirectional)
            .expect("inside");
        driver.unmap(addr, 256, Dir::Bidirectional);
        driver.unmap(DmaAddr::new(0), 256, Dir::Bidirectional);
        assert_eq!(irq_depth(), depth);
    }
    Machine::restore(outer);
    assert_clean(&dma);
}

#[test]
fn without_a_pool_what_lies_in_reach_is_mapped_and_the_rest_refused() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Off, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let (_low, low) = memory(&machine, Zone::Dma, (0, 64), 1);
    let (_high, high) = memory(&machine, Zone::High, (0, 64), 1);
    let addr = driver.map(low, Dir::FromDevice);
    driver.unmap(addr, 64, Dir::FromDevice);
    let error = driver.map_attrs(high, Dir::FromDevice, Attrs::NONE);
    assert!(matches!(error, Err(MapError::NoPool { .. })));
    assert_eq!(dma.complaint().map(|told| told.more), Some(0));
}
