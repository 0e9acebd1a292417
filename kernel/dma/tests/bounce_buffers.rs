//! Bounce buffers as their users see them: who gets one, what is copied, what a refusal says.

mod common;

use common::{Idle, POOL, Unproven, assert_clean, fly, layer, legacy, pages, pattern, transfer};
use dma::swiotlb::{CHUNK, CHUNK_SLOTS, SLOT};
use dma::{
    Attrs, Bidirectional, Bouncing, Direction, DmaDevice, FromDevice, MapError, SgError, SgTable,
    ToDevice,
};
use hal::{DmaAddr, DmaBuffer, DmaWindow, GIB, MIB, PhysAddr, PhysRange, RamMap, Zone};
use proptest::prelude::*;
use sim::{Builder, Machine, under_every_adversary};
use std::ops::Range;

#[test]
fn km_4_the_address_and_the_object_count_and_not_the_length() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let bounces = |buffer: Box<dyn FnOnce()>| {
        let before = dma.totals(&device).bounced_all();
        buffer();
        dma.totals(&device).bounced_all() > before
    };
    let page = |offset, len| pages(&machine, Zone::Dma, offset, len, 1);
    // Linux bounces these 16 bytes, which have their lines for themselves..
    let own = page(0, 16);
    assert!(!bounces(Box::new(|| {
        drop(dma.map(&device, own, FromDevice).expect("maps"))
    })));
    // .. and maps these 300 directly, which share a line with a neighbour.
    let shared = Unproven(page(32, 300));
    assert!(bounces(Box::new(|| {
        drop(dma.map(&device, shared, FromDevice).expect("maps"))
    })));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 32,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Masks and boundary of each device at once, many buffers in flight, some of which end early.
    #[test]
    fn al_6_al_2_al_3_fr_5_inv_5_live_bounce_buffers_keep_all_their_rules_and_never_overlap(
        steps in proptest::collection::vec(
            (0u32..16, 11u32..22, 0u64..5000, 1u64..9000, any::<bool>()), 1..24,
        ),
    ) {
        let machine = Builder::default().bank(0x5000_0000, 0x20_0000).build();
        let dma = layer(&machine, Bouncing::AsNeeded, POOL);
        let device = |(mask, boundary, ..): &(u32, u32, u64, u64, bool)| {
            let builder = DmaDevice::builder("any").windows(machine.bus().windows());
            let builder = builder.min_align_mask((1 << mask) - 1);
            builder.seg_boundary_mask((1 << boundary) - 1).build(&machine.ram()).expect("valid")
        };
        let devices: Vec<_> = steps.iter().map(device).collect();
        let engine = Idle::default();
        let mut live = Vec::new();
        for (device, (mask, boundary, offset, len, ends)) in devices.iter().zip(&steps) {
            let buffer = pages(&machine, Zone::High, *offset, *len, 0);
            let orig = buffer.range().start().get();
            let Ok(mapping) = dma.map(device, buffer, ToDevice) else { continue };
            let mut at = 0..0;
            let flight = fly(mapping, &engine, |addr, len| {
                at = addr.get()..addr.get() + len as u64;
            });
            let low = (1 << mask) - 1;
            prop_assert_eq!(at.start & low, orig & low, "AL-2");
            prop_assert!(*mask > 0 || *len < 4096 || at.start % 4096 == 0, "AL-3");
            prop_assert_eq!(at.start >> boundary, (at.end - 1) >> boundary, "FR-5");
            let meets = |other: &Range<u64>| other.start < at.end && at.start < other.end;
            prop_assert!(!live.iter().any(|(other, _)| meets(other)), "AL-6");
            live.push((at, flight));
            if *ends {
                drop(live.swap_remove(live.len() / 2).1.end());
            }
        }
        drop(live);
        assert_clean(&dma);
        // As in the beginning: one run of all slots.
        let usage = dma.pool_usage().expect("a pool");
        prop_assert_eq!(usage.largest_run, usage.total);
    }
}

#[test]
fn fr_6_a_refusal_tells_free_slots_and_the_longest_run_among_them() {
    let machine = Builder::default().bank(0x5000_0000, 0x80_0000).build();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let one = |_| {
        let slot = pages(&machine, Zone::High, 0, SLOT, 0);
        dma.map(&device, slot, ToDevice).expect("room")
    };
    let mut all: Vec<_> = (0..CHUNK_SLOTS).map(one).collect();
    let mut odd = false;
    all.retain(|_| {
        odd = !odd;
        odd
    });
    let page = pages(&machine, Zone::High, 0, SLOT + 1, 0);
    let error = dma.map(&device, page, ToDevice).expect_err("torn").error;
    let MapError::PoolFull {
        wanted,
        free,
        largest_run,
        top,
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((wanted, free), (2, CHUNK_SLOTS / 2));
    // An upper bound, and a search in vain has just lowered it.
    assert!(largest_run < wanted, "{largest_run}");
    let top = top.expect("half of it is in use");
    assert_eq!((top.device, top.slots), (device.name(), CHUNK_SLOTS / 2));
    let line = error.to_string();
    assert!(line.contains(" has 512:"), "{line}");
    assert!(line.contains("512") && !line.contains('\n'), "{line}");
}

#[test]
fn fr_7_a_length_that_never_fits_is_refused_without_a_look_at_the_pool() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let builder = DmaDevice::builder("narrow").windows(machine.bus().windows());
    let device = builder.seg_boundary_mask(0xFFFF).build(&machine.ram());
    let device = device.expect("valid");
    let locks = |len| {
        let buffer = pages(&machine, Zone::High, 0, len, 0);
        let before = sim::irq_masks();
        let mapped = dma.map_attrs(&device, buffer, ToDevice, Attrs::NO_WARN);
        let locks = sim::irq_masks() - before;
        (mapped.map(drop).map_err(|refused| refused.error), locks)
    };
    assert_eq!(
        locks(0x1_0000).0,
        Ok(()),
        "a device's first bounce leaves its name"
    );
    assert_eq!(locks(0x1_0000), (Ok(()), 1), "the pool's");
    let (len, max) = (0x1_0001, 0x1_0000);
    assert_eq!(locks(len), (Err(MapError::TooLong { len, max }), 0));
}

#[test]
fn cp_6_unmap_copies_out_all_that_the_device_may_have_written_and_nothing_else() {
    fn copied<D: Direction>(machine: &Machine, direction: D) -> u64 {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        let buffer = pages(machine, Zone::High, 30, 5000, 1);
        let mapping = dma.map(&device, buffer, direction).expect("maps");
        let before = machine.counters().bytes_copied;
        drop(mapping.unmap());
        machine.counters().bytes_copied - before
    }
    assert_eq!(copied(&Machine::default(), ToDevice), 0);
    assert_eq!(copied(&Machine::default(), FromDevice), 5000);
    assert_eq!(copied(&Machine::default(), Bidirectional), 5000);
}

#[test]
fn cp_6_every_byte_that_the_device_wrote_comes_home() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for len in [1, 63, 64, 65, 2049] {
            let buffer = pages(machine, Zone::High, 7, len, 0xA5);
            let mapping = dma.map(&device, buffer, FromDevice).expect("maps");
            let mapping = transfer(mapping, |addr, len| {
                machine.device_write(machine.bus(), addr, &pattern(len));
            });
            assert_eq!(*mapping.unmap().bytes(machine), pattern(len as usize));
        }
        assert_clean(&dma);
    });
}

#[test]
fn lim_3_the_limit_holds_for_each_element_and_not_for_their_sum() {
    let machine = Builder::default().bank(0x5000_0000, 0x40_0000).build();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let builder = DmaDevice::builder("lists").windows(machine.bus().windows());
    let builder = builder.segments(8, 1).seg_boundary_mask(0xFFFF);
    let device = builder.build(&machine.ram()).expect("valid");
    let max = dma.max_mapping_size(&device);
    assert_eq!(max, 0x1_0000);
    let list = |lens: &[u64]| {
        let mut table = SgTable::with_capacity(lens.len(), lens.len()).expect("memory");
        for len in lens {
            let buffer = pages(&machine, Zone::High, 0, *len, 0);
            table.push(buffer).expect("room");
        }
        let mapped = dma.map_sg(&device, table, ToDevice);
        mapped.map(drop).map_err(|refused| refused.error)
    };
    assert_eq!(list(&[max, max, max]), Ok(()));
    let error = MapError::TooLong { len: max + 1, max };
    assert_eq!(
        list(&[max, max + 1]),
        Err(SgError::Element { index: 1, error })
    );
    assert_clean(&dma);
}

#[test]
fn st_1_used_slots_count_padding_and_the_high_water_mark_only_grows() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let usage = || dma.pool_usage().expect("a pool");
    assert_eq!(
        (usage().total, usage().used, usage().high_water),
        (1024, 0, 0)
    );
    let map = |len| {
        let buffer = pages(&machine, Zone::High, 0, len, 0);
        dma.map(&device, buffer, ToDevice).expect("room")
    };
    let three = map(2 * SLOT + 1);
    assert_eq!((usage().used, usage().high_water), (3, 3));
    let one = map(1);
    assert_eq!((usage().used, usage().high_water), (4, 4));
    drop((three, one));
    assert_eq!((usage().used, usage().high_water), (0, 4));
    drop(map(SLOT));
    assert_eq!((usage().used, usage().high_water), (0, 4));
}

#[test]
fn map_1_bus_address_0_and_the_last_one_are_memory_like_any_other() {
    let builder = Builder::empty().bank(0, 0x1000).bank(0x3FFF_F000, 0x1000);
    let builder = builder.bank(0x1020_0000, 0x20_0000);
    under_every_adversary(&builder, |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let identity = DmaDevice::builder("identity").build(&machine.ram());
        let (identity, legacy) = (identity.expect("valid"), legacy(machine));
        let first = hal::Pages::adopt(machine.take(0, 0x1000), machine.clone());
        let mut mapped = dma.map(&identity, first, ToDevice).expect("maps");
        mapped.for_cpu().fill(3);
        let mut given = None;
        drop(transfer(mapped, |addr, _| given = Some(addr.get())));
        assert_eq!(given, Some(0));
        let last = hal::Pages::adopt(machine.take(0x3FFF_F000, 0x1000), machine.clone());
        let last = last.with_window(0xFC0, 64).expect("inside");
        let end = last.range().end();
        let mapped = dma.map(&legacy, last, FromDevice).expect("maps");
        let mapped = transfer(mapped, |addr, _| {
            assert_eq!(addr.get() + 63, 0xFFFF_FFFF);
            machine.device_write(machine.bus(), addr, &[9; 64]);
        });
        assert_eq!(*mapped.unmap().bytes(machine), [9; 64]);
        assert_eq!(end.get(), 0x4000_0000);
        assert_eq!(dma.totals(&legacy).bounced_all(), 0);
    });
}

#[test]
fn fr_5_a_run_over_chunks_that_would_cross_the_devices_boundary_is_refused() {
    let (pool, len) = ((0x1000_0000, 2 * CHUNK), 3 * MIB);
    let shown = PhysRange::new(PhysAddr::new(pool.0), 16 * MIB).expect("valid");
    // The window puts a boundary between the two chunks, or in front of both.
    for (bus, crosses) in [(GIB - CHUNK, true), (GIB, false)] {
        let ram = Builder::empty().bank(0x1000_0000, 16 * MIB);
        let machine = ram.bank(GIB, 8 * MIB).build();
        let dma = layer(&machine, Bouncing::AsNeeded, pool);
        let window = DmaWindow::new(shown, DmaAddr::new(bus)).expect("fits");
        let builder = DmaDevice::builder("bounded").windows(&[window]);
        let bounded = builder.seg_boundary_mask(GIB - 1).build(&RamMap {
            banks: &[shown],
            dma_end: shown.end(),
        });
        let buffer = pages(&machine, Zone::High, 0, len, 0);
        let bounded = bounded.expect("valid");
        let mapped = dma.map(&bounded, buffer, ToDevice);
        let refused = mapped.map(drop).err().map(|refused| refused.error);
        let too_long = MapError::TooLong { len, max: CHUNK };
        assert_eq!(refused, crosses.then_some(too_long));
        assert_clean(&dma);
    }
}
