//! DBG-17 without a list: how many mappings are live, and what becomes of those that a driver leaves.
#![expect(unsafe_code, reason = "plays drivers that keep addresses, and forget")]

mod common;

use common::{Idle, Layer, POOL, assert_clean, fly, layer, legacy, pages, transfer};
use dma::address::Attrs;
use dma::{
    Bidirectional, Bouncing, Cause, Dir, DmaDevice, FromDevice, Halt, Left, SgTable, ToDevice,
};
use hal::{CpuId, DmaBuffer, Zone};
use sim::Machine;
use std::mem::forget;

fn live(dma: &Layer, device: &DmaDevice) -> u64 {
    dma.totals(device).live
}

const ZONES: [Zone; 2] = [Zone::Dma, Zone::High];

#[test]
fn dbg_17_st_2_live_mappings_are_counted_without_a_list_by_every_way_to_end_one() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let builder = DmaDevice::builder("lists").windows(machine.bus().windows());
    let device = builder.segments(8, 4).build(&machine.ram()).expect("valid");
    for zone in ZONES {
        let page = || pages(&machine, zone, 0, 128, 1);
        let first = dma.map(&device, page(), Bidirectional).expect("fits");
        let second = dma.map(&device, page(), FromDevice).expect("fits");
        assert_eq!(live(&dma, &device), 2);
        drop(transfer(first, |_, _| {}).unmap());
        drop(second);
        assert_eq!(live(&dma, &device), 0, "{zone:?}");
        let mapping = dma
            .map(&device, page(), FromDevice::REPORTED)
            .expect("fits");
        drop(mapping.complete(0).expect("nothing").unmap());
        let owned = dma
            .map(&device, page(), ToDevice)
            .expect("fits")
            .unmap_skip_sync();
        assert_eq!(live(&dma, &device), 0, "reported, skipped");
        drop(owned);
        let mut table = SgTable::with_capacity(2, 8).expect("memory");
        table.push(page()).expect("room");
        table.push(page()).expect("room");
        let list = dma.map_sg(&device, table, ToDevice).expect("fits");
        assert_eq!(live(&dma, &device), 2, "each part");
        drop(list.unmap());
        assert_eq!(live(&dma, &device), 0, "lists");
        let calls = dma.by_address(&device).expect("memory");
        let (buffer, dir) = (page(), Dir::FromDevice);
        // SAFETY: the page is lent, and no device is told.
        let addr = unsafe { calls.map_single(buffer.range(), dir, Attrs::NONE) }.expect("fits");
        assert_eq!(live(&dma, &device), 1);
        // SAFETY: mapped so.
        unsafe { calls.unmap_single(addr, 128, dir, Attrs::NONE) };
        assert_eq!(live(&dma, &device), 0, "by address");
        let engine = Idle::default();
        engine.0.set(Halt::Unconfirmed);
        drop(fly(
            dma.map(&device, page(), ToDevice).expect("fits"),
            &engine,
            |_, _| {},
        ));
        assert_eq!(live(&dma, &device), 0, "in quarantine");
    }
    assert_eq!(dma.device_removed(&device), Left { live: 0, kept: 0 });
    assert_eq!(dma.complaint(), None, "nothing is left");
}

#[test]
fn st_2_what_one_core_maps_and_another_unmaps_is_live_nowhere() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let mapping = dma.map(&device, pages(&machine, Zone::High, 0, 64, 1), ToDevice);
    let mapping = mapping.expect("fits");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            sim::set_cpu(CpuId::new(3).expect("four cores"));
            drop(mapping.unmap());
        });
    });
    assert_eq!(live(&dma, &device), 0);
}

#[test]
fn dbg_17_what_a_removed_driver_left_by_address_is_nobodys_until_the_device_was_reset() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let other = legacy(&machine);
    let (calls, others) = (
        dma.by_address(&device).expect("memory"),
        dma.by_address(&other).expect("memory"),
    );
    let page = pages(&machine, Zone::High, 0, 5000, 1);
    let (block, dir) = (page.range(), Dir::FromDevice);
    // SAFETY: the page is lent, and no device is told.
    let left = unsafe { calls.map_single(block, dir, Attrs::NONE) }.expect("fits");
    // SAFETY: as above.
    unsafe { calls.map_single(block, dir, Attrs::NONE) }.expect("fits");
    // SAFETY: as above.
    let own = unsafe { others.map_single(block, dir, Attrs::NONE) }.expect("fits");
    assert_eq!(dma.device_removed(&device), Left { live: 2, kept: 2 });
    let complaint = dma.complaint().expect("told in a shipped build, too");
    assert_eq!(complaint.cause, Cause::Left { live: 2 });
    assert!(
        complaint
            .to_string()
            .starts_with("legacy: removed with 2 mappings live")
    );
    assert_eq!(
        (dma.quarantined(&device), dma.quarantined(&other)),
        ((2, 0), (0, 0))
    );
    assert_eq!(
        dma.pool_usage().expect("a pool").used,
        9,
        "nothing was freed"
    );
    // SAFETY: there is no device.
    assert_eq!(unsafe { dma.device_was_reset(&device) }, 2);
    assert_eq!((dma.quarantined(&device), live(&dma, &device)), ((0, 0), 0));
    assert_eq!(dma.pool_usage().expect("a pool").used, 3, "the other's own");
    // SAFETY: no mapping any more, which is told; nothing happens.
    unsafe { calls.unmap_single(left, 5000, dir, Attrs::NONE) };
    assert!(matches!(
        dma.complaint().map(|told| told.cause),
        Some(Cause::Misused(_))
    ));
    // SAFETY: there is no device. Nobody was removed, so what lives goes on.
    assert_eq!(unsafe { dma.device_was_reset(&other) }, 0);
    // SAFETY: mapped so.
    unsafe { others.unmap_single(own, 5000, dir, Attrs::NONE) };
    assert_clean(&dma);
}

#[test]
fn dbg_17_a_mapping_that_was_forgotten_keeps_its_memory_and_is_counted() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let before = machine.live_bytes();
    for zone in ZONES {
        forget(
            dma.map(&device, pages(&machine, zone, 0, 64, 1), FromDevice)
                .expect("fits"),
        );
    }
    assert_eq!(dma.device_removed(&device), Left { live: 2, kept: 0 });
    // SAFETY: there is no device.
    assert_eq!(unsafe { dma.device_was_reset(&device) }, 0);
    assert!(machine.live_bytes() > before && dma.pool_usage().expect("a pool").used == 1);
    assert_eq!(live(&dma, &device), 2);
}
