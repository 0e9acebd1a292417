//! ATTR: what may be left out, and what must not bounce.

use super::{DIRS, Driver, ZONES, memory};
use crate::common::{POOL, assert_clean, layer, legacy, pattern};
use dma::address::Attrs;
use dma::{BounceReason, Bouncing, Dir, MapError};
use hal::Zone;
use sim::{Builder, Machine, under_every_adversary};

#[test]
fn attr_2_skip_sync_on_a_mapping_that_would_bounce_is_refused_for_each_reason() {
    let cases = [
        (BounceReason::Forced, Bouncing::Forced, Zone::Dma, 0),
        (BounceReason::Unreachable, Bouncing::AsNeeded, Zone::High, 0),
        (BounceReason::SharedLine, Bouncing::AsNeeded, Zone::Dma, 4),
    ];
    for (why, bouncing, zone, offset) in cases {
        let machine = Machine::default();
        let (dma, device) = (layer(&machine, bouncing, POOL), legacy(&machine));
        let driver = Driver::new(&machine, &dma, &device);
        let (_pages, block) = memory(&machine, zone, (offset, 64), 1);
        let before = (machine.counters(), dma.pool_state());
        for dir in DIRS {
            if why == BounceReason::SharedLine && dir == Dir::ToDevice {
                continue;
            }
            for attrs in [Attrs::SKIP_CPU_SYNC, Attrs::SHARED] {
                let refused = driver.map_attrs(block, dir, attrs);
                let expected = matches!(
                    refused, Err(MapError::WouldBounce { reason, .. }) if reason == why
                );
                assert!(expected, "{dir:?} {attrs:?}: {refused:?}");
            }
        }
        assert_eq!((machine.counters(), dma.pool_state()), before, "INV-8");
    }
}

#[test]
fn attr_1_a_buffer_goes_from_device_to_device_without_a_cache_operation() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let (first, second) = (legacy(machine), legacy(machine));
        let first = Driver::new(machine, &dma, &first);
        let second = Driver::new(machine, &dma, &second);
        let (_pages, block) = memory(machine, Zone::Dma, (0, 128), 1);
        let addr = first
            .map_attrs(block, Dir::FromDevice, Attrs::SHARED)
            .expect("maps");
        let before = machine.counters();
        let later = Attrs::SHARED | Attrs::ALREADY_DEVICE_OWNED;
        let same = second.map_attrs(block, Dir::ToDevice, later).expect("maps");
        first.write(addr, 0, &pattern(128));
        first.unmap_attrs(addr, 128, Dir::FromDevice, Attrs::SKIP_CPU_SYNC);
        assert_eq!(second.read(same, 0, 128), pattern(128));
        let lines = |of: sim::Counters| {
            of.lines_cleaned + of.lines_invalidated + of.lines_clean_invalidated + of.completes
        };
        assert_eq!(lines(machine.counters()), lines(before));
        // The last one brings home what the first device wrote: that is its direction then.
        second.unmap(same, 128, Dir::FromDevice);
        assert_eq!(machine.cpu_read(block), pattern(128));
    });
}

#[test]
fn attr_3_a_deferred_sync_is_the_drivers_and_a_bounce_is_allowed() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        let driver = Driver::new(machine, &dma, &device);
        for zone in ZONES {
            let (_pages, block) = memory(machine, zone, (0, 128), 1);
            let both = Dir::Bidirectional;
            let before = machine.counters().lines_cleaned;
            let addr = driver
                .map_attrs(block, both, Attrs::DEFER_SYNC)
                .expect("maps");
            if zone == Zone::Dma {
                assert_eq!(machine.counters().lines_cleaned, before);
            }
            machine.cpu_write(block.start(), &pattern(128));
            driver.for_device(addr, (0, 128), both).expect("mapped");
            assert_eq!(driver.read(addr, 0, 128), pattern(128));
            driver.write(addr, 0, &[7; 128]);
            driver.unmap_attrs(addr, 128, both, Attrs::DEFER_SYNC);
            assert_eq!(machine.cpu_read(block), [7; 128]);
        }
        assert_clean(&dma);
    });
}

#[test]
fn attr_3_what_was_deferred_and_never_synced_comes_back_as_the_cpu_left_it() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        let driver = Driver::new(machine, &dma, &device);
        for zone in ZONES {
            let (_pages, block) = memory(machine, zone, (0, 128), 0x5A);
            let addr = driver
                .map_attrs(block, Dir::FromDevice, Attrs::DEFER_SYNC)
                .expect("maps");
            driver.unmap_attrs(addr, 128, Dir::FromDevice, Attrs::DEFER_SYNC);
            assert_eq!(machine.cpu_read(block), [0x5A; 128]);
        }
        assert_clean(&dma);
    });
}

#[test]
fn attr_4_unmap_may_always_skip_the_sync_and_gives_the_slots_back() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    for zone in ZONES {
        let (_pages, block) = memory(&machine, zone, (0, 128), 1);
        let addr = driver.map(block, Dir::FromDevice);
        machine.reset_counters();
        driver.unmap_attrs(addr, 128, Dir::FromDevice, Attrs::SKIP_CPU_SYNC);
        let acquires = machine.counters().acquires;
        let nothing = sim::Counters {
            acquires,
            ..sim::Counters::default()
        };
        assert_eq!(machine.counters(), nothing);
        assert_clean(&dma);
    }
}

#[test]
fn no_warn_keeps_the_error_and_not_the_message() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Off, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let (_pages, block) = memory(&machine, Zone::High, (0, 64), 1);
    let coherent = driver.map_attrs(
        block,
        Dir::ToDevice,
        Attrs::REQUIRE_COHERENT | Attrs::NO_WARN,
    );
    assert!(matches!(coherent, Err(MapError::NeedsCoherent { .. })));
    assert!(
        driver
            .map_attrs(block, Dir::ToDevice, Attrs::NO_WARN)
            .is_err()
    );
    assert_eq!(dma.complaint(), None);
    assert_eq!(dma.totals(&device).refused, 2);
}
