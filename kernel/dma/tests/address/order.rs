//! CM-7 and SKIP: what is waited for, and for whom nothing is.

use super::{DIRS, Driver, memory};
use crate::common::{POOL, assert_clean, layer, legacy};
use dma::address::Misuse;
use dma::{Bouncing, Dir, DmaDevice};
use hal::{DmaAddr, Zone};
use sim::{Counters, Machine, Op};

fn coherent(machine: &Machine) -> DmaDevice {
    let builder = DmaDevice::builder("snoops").windows(machine.bus().windows());
    builder.coherent().build(&machine.ram()).expect("valid")
}

/// Is there anything to sync of the mapping at `addr`, and anything to unmap of any?
fn needs(driver: &Driver<'_>, addr: DmaAddr) -> (bool, bool) {
    // SAFETY: asked about a live mapping.
    let sync = unsafe { driver.calls.need_sync(addr) };
    // SAFETY: asked after all of them were made.
    let unmap = unsafe { driver.calls.need_unmap() };
    (sync, unmap)
}

#[test]
fn cm_7_the_wait_lies_between_the_invalidate_and_the_copy_home() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let (_pages, block) = memory(&machine, Zone::High, (0, 256), 1);
    let addr = driver.map(block, Dir::FromDevice);
    let ends: [&dyn Fn(); 2] = [
        &|| {
            driver
                .for_cpu(addr, (0, 256), Dir::FromDevice)
                .expect("inside")
        },
        &|| driver.unmap(addr, 256, Dir::FromDevice),
    ];
    for end in ends {
        machine.clear_trace();
        end();
        let trace = machine.trace();
        let at = |what: fn(&Op) -> bool| trace.iter().position(what).expect("happens");
        let invalidate = at(|op| matches!(op, Op::Invalidate(_)));
        let complete = at(|op| matches!(op, Op::Complete));
        let copy = at(|op| matches!(op, Op::Copy { .. }));
        assert!(invalidate < complete && complete < copy, "{trace:?}");
    }
}

#[test]
fn cm_10_the_original_of_a_bounced_mapping_is_not_maintained() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let (_pages, block) = memory(&machine, Zone::High, (0, 256), 1);
    machine.clear_trace();
    let addr = driver.map(block, Dir::Bidirectional);
    driver.unmap(addr, 256, Dir::Bidirectional);
    let touched = |op: &Op| match op {
        Op::Clean(range) | Op::Invalidate(range) | Op::CleanInvalidate(range) => {
            range.overlaps(block)
        }
        _ => false,
    };
    assert!(
        !machine.trace().iter().any(touched),
        "{:?}",
        machine.trace()
    );
}

#[test]
fn skip_1_skip_2_a_device_that_snoops_and_never_bounced_costs_nothing_and_looks_nothing_up() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        coherent(&machine),
    );
    let driver = Driver::new(&machine, &dma, &device);
    let (_pages, block) = memory(&machine, Zone::Dma, (0, 256), 1);
    machine.reset_counters();
    for dir in DIRS {
        let addr = driver.map(block, dir);
        driver.for_cpu(addr, (0, 256), dir).expect("nothing to do");
        driver
            .for_device(addr, (0, 256), dir)
            .expect("nothing to do");
        // What is looked up is found to be no mapping.
        let nowhere = DmaAddr::new(0);
        assert_eq!(driver.for_cpu(nowhere, (0, 1), dir), Ok(()));
        driver.unmap(addr, 256, dir);
    }
    let acquires = machine.counters().acquires;
    let nothing = Counters {
        acquires,
        ..Counters::default()
    };
    assert_eq!(machine.counters(), nothing);
}

#[test]
fn skip_3_skip_4_skip_5_the_first_bounce_ends_that_for_good() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        coherent(&machine),
    );
    let driver = Driver::new(&machine, &dma, &device);
    let (_low, low) = memory(&machine, Zone::Dma, (0, 256), 1);
    let (_high, high) = memory(&machine, Zone::High, (0, 256), 1);
    let needs = |addr| needs(&driver, addr);
    let direct = driver.map(low, Dir::FromDevice);
    assert_eq!(needs(direct), (false, false));
    let bounced = driver.map(high, Dir::FromDevice);
    assert_eq!(needs(direct), (false, true));
    assert_eq!(needs(bounced), (true, true));
    // A device that snoops finds, and leaves, what the caches hold: here they hold nothing.
    machine.settle();
    driver.write(bounced, 0, &[7; 256]);
    driver
        .for_cpu(bounced, (0, 256), Dir::FromDevice)
        .expect("mapped");
    assert_eq!(machine.cpu_read(high), [7; 256]);
    driver.unmap(bounced, 256, Dir::FromDevice);
    assert_eq!(needs(direct), (false, true), "for good");
    let (addr, len) = (DmaAddr::new(0), 1);
    let told = Err(Misuse::NotMapped { addr, len });
    assert_eq!(driver.for_cpu(addr, (0, 1), Dir::FromDevice), told);
    driver.unmap(direct, 256, Dir::FromDevice);
    assert_clean(&dma);
}

#[test]
fn skip_4_a_device_that_does_not_snoop_needs_every_sync() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let driver = Driver::new(&machine, &dma, &device);
    let (_low, low) = memory(&machine, Zone::Dma, (0, 256), 1);
    let addr = driver.map(low, Dir::ToDevice);
    assert_eq!(needs(&driver, addr), (true, true));
    driver.unmap(addr, 256, Dir::ToDevice);
}
