//! OWN, MAP and INV-6: refusals, forgotten guards, dropped and quarantined transfers.
#![expect(unsafe_code, reason = "launches mappings and plays the device")]

mod common;

use common::{
    Idle, POOL, Unproven, assert_clean, fly, layer, legacy, pages, pattern, short, transfer,
};
use dma::Consumer;
use dma::swiotlb::SLOT;
use dma::{
    Bidirectional, BounceReason, Bouncing, DmaDevice, DmaMask, FromDevice, Halt, MapError,
    Quarantined, ToDevice,
};
use hal::{DmaAddr, DmaBuffer, PhysAddr, Zone};
use sim::{Builder, Machine, Op, under_every_adversary};
use std::mem::forget;

fn read(machine: &Machine, addr: DmaAddr, len: usize) -> Vec<u8> {
    machine.device_read(machine.bus(), addr, len)
}

#[test]
fn own_1_stores_through_a_view_reach_the_device() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for zone in [Zone::Dma, Zone::High] {
            let mut mapping = dma
                .map(&device, pages(machine, zone, 0, 100, 1), ToDevice)
                .expect("maps");
            mapping.for_cpu().copy_from_slice(&pattern(100));
            transfer(mapping, |addr, len| {
                assert_eq!(read(machine, addr, len), pattern(100))
            });
        }
    });
}

#[test]
fn own_1_a_forgotten_view_is_ended_by_the_launch() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for zone in [Zone::Dma, Zone::High] {
            let mut mapping = dma
                .map(&device, pages(machine, zone, 0, 100, 1), ToDevice)
                .expect("maps");
            let mut view = mapping.for_cpu();
            view.copy_from_slice(&pattern(100));
            forget(view);
            transfer(mapping, |addr, len| {
                assert_eq!(read(machine, addr, len), pattern(100))
            });
        }
    });
}

#[test]
fn own_1_a_forgotten_view_is_ended_by_unmap_without_losing_its_stores() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        // Lines in part, and whole ones, whose mappings may end in a shorter way.
        let zones = [Zone::Dma, Zone::High];
        for (zone, len) in zones
            .into_iter()
            .flat_map(|zone| [100, 128].map(|len| (zone, len)))
        {
            let mut mapping = dma
                .map(&device, pages(machine, zone, 0, len, 1), Bidirectional)
                .expect("maps");
            let mut view = mapping.for_cpu();
            view.copy_from_slice(&pattern(len as usize));
            forget(view);
            assert_eq!(*mapping.unmap().bytes(machine), pattern(len as usize));
        }
    });
}

#[test]
fn a_from_device_view_shows_the_transfer_and_the_next_one_too() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for zone in [Zone::Dma, Zone::High] {
            let mut mapping = dma
                .map(&device, pages(machine, zone, 0, 128, 1), FromDevice)
                .expect("maps");
            for round in 2..5 {
                mapping = transfer(mapping, |addr, len| {
                    machine.device_write(machine.bus(), addr, &vec![round; len]);
                });
                assert_eq!(*mapping.for_cpu(), [round; 128]);
            }
            assert_eq!(*mapping.unmap().bytes(machine), [4; 128]);
        }
    });
}

#[test]
fn inv_6_a_full_pool_refuses_and_everything_is_as_before() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Forced, POOL), legacy(&machine));
    let half = |fill| pages(&machine, Zone::High, 0, 512 * SLOT, fill);
    let first = dma.map(&device, half(1), ToDevice).expect("fits");
    let buffer = pages(&machine, Zone::Dma, 0, 514 * SLOT, 2);
    let (usage, counters) = (dma.pool_state(), machine.counters());
    let refused = dma
        .map(&device, buffer, ToDevice)
        .expect_err("does not fit");
    let full = MapError::PoolFull {
        wanted: 514,
        free: 512,
        largest_run: 512,
        top: Some(Consumer {
            device: device.name(),
            slots: 512,
        }),
    };
    assert_eq!(refused.error, full);
    assert!(refused.error.is_transient());
    assert_eq!((dma.pool_state(), machine.counters()), (usage, counters));
    assert_eq!(dma.totals(&device).refused, 1);
    drop(first);
    let mapping = dma
        .map(&device, refused.buffer, ToDevice)
        .expect("fits now");
    drop(mapping);
    assert_clean(&dma);
}

#[test]
fn lim_2_too_long_for_ever_is_not_full_for_now() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = DmaDevice::builder("narrow")
        .windows(machine.bus().windows())
        .seg_boundary_mask(0xFFFF)
        .build(&machine.ram())
        .expect("valid");
    let buffer = pages(&machine, Zone::High, 0, 0x1_0001, 0);
    let error = dma
        .map(&device, buffer, ToDevice)
        .expect_err("never fits")
        .error;
    assert_eq!(
        error,
        MapError::TooLong {
            len: 0x1_0001,
            max: 0x1_0000
        }
    );
    assert!(!error.is_transient());
    assert_eq!(dma.max_mapping_size(&device), 0x1_0000);
}

#[test]
fn without_a_pool_what_must_bounce_is_refused_and_the_rest_works() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Off, POOL), legacy(&machine));
    let high = pages(&machine, Zone::High, 0, 64, 0);
    let error = dma
        .map(&device, high, ToDevice)
        .expect_err("out of reach")
        .error;
    assert!(matches!(
        error,
        MapError::NoPool {
            reason: BounceReason::Unreachable,
            ..
        }
    ));
    let shared = Unproven(pages(&machine, Zone::Dma, 4, 60, 0));
    let error = dma
        .map(&device, shared, FromDevice)
        .expect_err("shares a line")
        .error;
    assert!(matches!(
        error,
        MapError::NoPool {
            reason: BounceReason::SharedLine,
            ..
        }
    ));
    assert!(
        dma.map(&device, pages(&machine, Zone::Dma, 0, 64, 0), FromDevice)
            .is_ok()
    );
}

#[test]
fn km_2_ul_3_small_buffers_that_own_their_lines_are_counted_as_spared_bounces() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    for len in [16, 64, 80, 300] {
        drop(dma.map(&device, pages(&machine, Zone::Dma, 0, len, 0), FromDevice));
        drop(dma.map(&device, pages(&machine, Zone::Dma, 0, len, 0), ToDevice));
    }
    let totals = dma.totals(&device);
    assert_eq!(
        (totals.direct, totals.bounced_all(), totals.spared),
        (8, 0, 2)
    );
    assert_eq!(totals.direct_bytes, 2 * (16 + 64 + 80 + 300));
}

#[test]
fn dec_2_a_pool_out_of_reach_is_said_to_be_and_no_slot_stays_used() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = short();
    let buffer = pages(&machine, Zone::High, 0, 64, 0);
    let error = dma
        .map(&device, buffer, ToDevice)
        .expect_err("nowhere to bounce")
        .error;
    let reach = Some(PhysAddr::new(0x1000_0FFF));
    assert_eq!(
        error,
        MapError::PoolUnreachable {
            pool: dma.pool_range().expect("pool"),
            reach
        }
    );
    assert_clean(&dma);
}

#[test]
fn al_2_a_bounce_buffer_keeps_the_address_bits_that_its_device_needs() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = DmaDevice::builder("aligned")
        .windows(machine.bus().windows())
        .mask(DmaMask::bits(32))
        .min_align_mask(0xFFF)
        .build(&machine.ram())
        .expect("valid");
    for offset in [0, 4, 0x804, 0xFFC] {
        let mapping = dma.map(
            &device,
            pages(&machine, Zone::High, offset, 512, 3),
            ToDevice,
        );
        transfer(mapping.expect("maps"), |addr, len| {
            assert_eq!(addr.get() & 0xFFF, offset);
            assert_eq!(read(&machine, addr, len), [3; 512]);
        });
    }
    assert_clean(&dma);
}

#[test]
fn a_dropped_flight_halts_and_gives_everything_back() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Forced, POOL), legacy(&machine));
    let live = machine.live_bytes();
    let mapping = dma.map(&device, pages(&machine, Zone::Dma, 0, 64, 0), FromDevice);
    drop(fly(mapping.expect("maps"), &Idle::default(), |_, _| {}));
    assert_eq!(machine.live_bytes(), live);
    assert_clean(&dma);
}

#[test]
fn an_unconfirmed_halt_quarantines_until_the_device_was_reset() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Forced, POOL), legacy(&machine));
    let live = machine.live_bytes();
    let engine = Idle::default();
    engine.0.set(Halt::Unconfirmed);
    let mapping = dma.map(&device, pages(&machine, Zone::High, 0, 64, 0), FromDevice);
    let lost = fly(mapping.expect("maps"), &engine, |_, _| {})
        .end()
        .expect_err("no halt");
    assert_eq!((lost.device, lost.len, lost.recorded), ("legacy", 64, true));
    assert!(
        machine.live_bytes() > live,
        "memory was freed under the device"
    );
    assert_eq!(dma.pool_usage().expect("pool").used, 1);
    assert_eq!(dma.quarantined(&device), (1, 0));
    assert_eq!(dma.totals(&device).quarantined, 1);
    // SAFETY: nothing plays the device any more.
    assert_eq!(unsafe { dma.device_was_reset(&device) }, 1);
    assert_eq!(machine.live_bytes(), live);
    assert_clean(&dma);
}

#[test]
fn inv_2_direct_memory_leaves_quarantine_without_stale_lines() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let engine = Idle::default();
    engine.0.set(Halt::Unconfirmed);
    let page = pages(&machine, Zone::Dma, 0, 128, 0);
    let at = page.range();
    let mapping = dma.map(&device, page, FromDevice).expect("low");
    drop(fly(mapping, &engine, |_, _| machine.prefetch(at.start())));
    machine.clear_trace();
    // SAFETY: nothing plays the device any more.
    assert_eq!(unsafe { dma.device_was_reset(&device) }, 1);
    assert_eq!(machine.trace(), [Op::CleanInvalidate(at), Op::Complete]);
}

#[test]
fn an_unconfirmed_halt_is_told_with_what_became_of_the_memory() {
    let told = |recorded| {
        let (device, len) = ("emmc2", 4096);
        let lost = Quarantined {
            device,
            len,
            recorded,
        };
        lost.to_string()
    };
    assert!(
        told(true).starts_with("emmc2 ")
            && told(true).contains(": 4096 bytes are kept in quarantine")
    );
    assert!(told(false).ends_with(": 4096 bytes are leaked"));
}

#[test]
fn an_engine_that_halts_after_all_gives_its_own_memory_back_and_no_other() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Forced, POOL), legacy(&machine));
    let live = machine.live_bytes();
    let engines = [Idle::default(), Idle::default()];
    for engine in &engines {
        engine.0.set(Halt::Unconfirmed);
        let mapping = dma.map(&device, pages(&machine, Zone::High, 0, 64, 0), FromDevice);
        drop(fly(mapping.expect("maps"), engine, |_, _| {}));
    }
    let [first, second] = &engines;
    assert_eq!(dma.halt_again(first), None);
    assert_eq!(dma.quarantined(&device), (2, 0), "freed under the device");
    first.0.set(Halt::Confirmed);
    assert_eq!(dma.halt_again(first), Some(1));
    assert_eq!(
        dma.quarantined(&device),
        (1, 0),
        "the other still has its own"
    );
    assert_eq!(dma.halt_again(first), Some(0));
    second.0.set(Halt::Confirmed);
    assert_eq!(dma.halt_again(second), Some(1));
    assert_eq!(machine.live_bytes(), live);
    assert_clean(&dma);
}

#[test]
fn a_flight_that_is_dropped_without_a_halt_is_quarantined() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Forced, POOL), legacy(&machine));
    let engine = Idle::default();
    engine.0.set(Halt::Unconfirmed);
    let mapping = dma.map(&device, pages(&machine, Zone::Dma, 0, 64, 0), FromDevice);
    drop(fly(mapping.expect("maps"), &engine, |_, _| {}));
    assert_eq!(dma.quarantined(&device), (1, 0));
    assert_eq!(dma.pool_usage().expect("pool").used, 1);
}

#[test]
fn quarantine_is_per_device_and_its_overflow_leaks_counted() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::Forced, POOL);
    let (broken, other) = (legacy(&machine), legacy(&machine));
    let engine = Idle::default();
    engine.0.set(Halt::Unconfirmed);
    for lost in 0..10 {
        let mapping = dma.map(&broken, pages(&machine, Zone::Dma, 0, 64, 0), ToDevice);
        let end = fly(mapping.expect("maps"), &engine, |_, _| {}).end();
        assert_eq!(end.expect_err("no halt").recorded, lost < 8);
    }
    assert_eq!(dma.quarantined(&broken), (8, 2));
    let mapping = dma.map(&other, pages(&machine, Zone::Dma, 0, 64, 0), ToDevice);
    drop(fly(mapping.expect("maps"), &engine, |_, _| {}));
    // SAFETY: nothing plays the device any more.
    assert_eq!(unsafe { dma.device_was_reset(&broken) }, 8);
    assert_eq!(dma.quarantined(&other), (1, 2));
    assert_eq!(dma.pool_usage().expect("pool").used, 2 + 1);
}

#[test]
fn quarantine_is_full_when_all_its_records_are_taken() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::Forced, POOL);
    let engine = Idle::default();
    engine.0.set(Halt::Unconfirmed);
    let devices = [(); 5].map(|()| legacy(&machine));
    for (n, device) in devices.iter().enumerate() {
        for _ in 0..8 {
            let mapping = dma.map(device, pages(&machine, Zone::Dma, 0, 64, 0), ToDevice);
            let end = fly(mapping.expect("maps"), &engine, |_, _| {}).end();
            assert_eq!(end.expect_err("no halt").recorded, n < 4);
        }
    }
    assert_eq!(dma.quarantined(&devices[4]), (0, 8));
}

#[test]
fn a_flight_tells_its_bytes() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Forced, POOL), legacy(&machine));
    let mapping = dma.map(&device, pages(&machine, Zone::Dma, 3, 77, 0), ToDevice);
    let flight = fly(mapping.expect("maps"), &Idle::default(), |_, _| {}).len();
    assert_eq!(flight, 77);
}

#[test]
fn a_forgotten_flight_frees_nothing() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Forced, POOL), legacy(&machine));
    let live = machine.live_bytes();
    let engine = Idle::default();
    let mapping = dma.map(&device, pages(&machine, Zone::Dma, 0, 64, 0), FromDevice);
    forget(fly(mapping.expect("maps"), &engine, |_, _| {}));
    assert!(machine.live_bytes() > live);
    assert_eq!(dma.pool_usage().expect("pool").used, 1);
}

#[test]
fn st_2_counters_tell_direct_from_bounced_and_why() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    drop(dma.map(&device, pages(&machine, Zone::Dma, 0, 100, 0), FromDevice));
    drop(dma.map(&device, pages(&machine, Zone::High, 0, 200, 0), FromDevice));
    drop(dma.map(
        &device,
        Unproven(pages(&machine, Zone::Dma, 4, 300, 0)),
        FromDevice,
    ));
    let totals = dma.totals(&device);
    assert_eq!((totals.direct, totals.direct_bytes), (1, 100));
    assert_eq!((totals.bounced, totals.bounced_bytes), ([0, 1, 1, 0], 500));
}

#[test]
fn map_and_unmap_work_with_interrupts_masked() {
    use hal::Irq;
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Forced, POOL), legacy(&machine));
    let buffer = pages(&machine, Zone::High, 0, 5000, 7);
    let state = Machine::mask();
    let buffer = dma.map(&device, buffer, ToDevice).expect("maps").unmap();
    assert!(sim::irqs_masked(), "somebody unmasked interrupts");
    Machine::restore(state);
    drop(buffer);
    assert_clean(&dma);
}
