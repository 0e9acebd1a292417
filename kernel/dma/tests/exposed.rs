//! Mappings in flight for long: parts are taken over and given back while the device works on others.
#![expect(unsafe_code, reason = "exposes mappings and plays the device")]

mod common;

use common::{POOL, assert_clean, layer, legacy, pages, pattern};
use dma::{Bidirectional, Bouncing, DmaDevice, Exposed, FromDevice, PastEnd, SyncError, ToDevice};
use hal::{DmaAddr, Pages, Platform, Zone};
use sim::{Builder, Machine, Op, under_every_adversary};

const ZONES: [Zone; 2] = [Zone::Dma, Zone::High];

fn write(machine: &Machine, addr: DmaAddr, at: u64, bytes: &[u8]) {
    let addr = addr.checked_add(at).expect("inside");
    machine.device_write(machine.bus(), addr, bytes);
}

/// What the CPU loads at `at`, once the device has reported it.
fn take<D: dma::Direction>(
    machine: &Machine,
    ring: &mut Exposed<'_, Machine, Pages<Machine>, D>,
    at: u64,
    len: usize,
) -> Vec<u8> {
    machine.status_read();
    machine.acquire();
    let mut bytes = vec![0; len];
    // SAFETY: the device's part is played by this thread, which is here.
    unsafe { ring.sync_for_cpu(at, len as u64) }.expect("whole lines");
    // SAFETY: as above.
    unsafe { ring.read(at, &mut bytes) }.expect("inside");
    bytes
}

#[test]
fn ps_5_a_receive_ring_takes_entries_over_while_the_device_fills_others() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for zone in ZONES {
            let mapping = dma.map(&device, pages(machine, zone, 0, 512, 0), FromDevice);
            // SAFETY: the device's part is played below, with this address alone.
            let (addr, mut ring) = unsafe { mapping.expect("maps").expose() };
            for round in 1..4u8 {
                for entry in 0..4u64 {
                    write(machine, addr, entry * 128, &[round * 10 + entry as u8; 100]);
                    // The next one is being filled when this one is looked at.
                    write(machine, addr, (entry + 1) % 4 * 128, &[0xFF; 128]);
                    let bytes = take(machine, &mut ring, entry * 128, 100 + 28);
                    assert_eq!(bytes[..100], [round * 10 + entry as u8; 100]);
                    // SAFETY: the device is told in the next round.
                    unsafe { ring.sync_for_device(entry * 128, 128) }.expect("whole lines");
                }
            }
            machine.status_read();
            // SAFETY: the device is not played any more.
            drop(unsafe { ring.unmap() });
        }
        assert_clean(&dma);
    });
}

#[test]
fn cm_8_the_end_of_an_exposure_orders_the_status_before_the_data() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let mapping = dma.map(&device, pages(&machine, Zone::Dma, 0, 64, 1), FromDevice);
    // SAFETY: no device is played at all.
    let (_, ring) = unsafe { mapping.expect("maps").expose() };
    machine.status_read();
    // SAFETY: as above.
    drop(unsafe { ring.unmap() });
    let trace = machine.trace();
    let status = trace.iter().position(|op| matches!(op, Op::StatusRead));
    let behind = &trace[status.expect("it was read")..];
    let acquire = behind.iter().position(|op| matches!(op, Op::Acquire));
    let dropped = behind
        .iter()
        .position(|op| matches!(op, Op::Invalidate { .. }));
    assert!(acquire.is_some() && acquire < dropped, "{trace:?}");
}

#[test]
fn cp_5_giving_back_to_the_device_overwrites_nothing_that_it_wrote() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for zone in ZONES {
            let mapping = dma.map(&device, pages(machine, zone, 0, 256, 0), FromDevice);
            // SAFETY: the device's part is played below, with this address alone.
            let (addr, mut ring) = unsafe { mapping.expect("maps").expose() };
            write(machine, addr, 0, &pattern(256));
            // SAFETY: the device is not at work at this moment.
            unsafe { ring.sync_for_device(0, 256) }.expect("whole");
            assert_eq!(take(machine, &mut ring, 0, 256), pattern(256));
            // SAFETY: the device is not played any more.
            drop(unsafe { ring.unmap() });
        }
    });
}

#[test]
fn own_1_a_send_ring_shows_the_device_what_was_written_to_an_entry() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for zone in ZONES {
            let mapping = dma.map(&device, pages(machine, zone, 0, 256, 0), Bidirectional);
            // SAFETY: the device's part is played below, with this address alone.
            let (addr, mut ring) = unsafe { mapping.expect("maps").expose() };
            for entry in [1u64, 3, 0] {
                let at = entry * 64;
                // SAFETY: the device is told of the entry afterwards.
                unsafe { ring.write(at, &pattern(50)) }.expect("inside");
                // SAFETY: as above.
                unsafe { ring.sync_for_device(at, 64) }.expect("whole lines");
                let sent = addr.checked_add(at).expect("inside");
                let seen = machine.device_read(machine.bus(), sent, 50);
                assert_eq!(seen, pattern(50));
                // It answers in place, in the entry and nowhere else.
                write(machine, addr, at + 50, &[9; 4]);
                assert_eq!(
                    take(machine, &mut ring, at, 64)[46..54],
                    [&pattern(50)[46..], &[9; 4]].concat()
                );
            }
            machine.status_read();
            // SAFETY: the device is not played any more.
            let page = unsafe { ring.unmap() };
            let bytes = page.bytes(machine);
            assert_eq!(
                (bytes[0], bytes[51], bytes[64], bytes[128], bytes[192]),
                (1, 9, 1, 0, 1)
            );
        }
    });
}

#[test]
fn ps_4_a_part_of_a_line_is_told_where_developers_listen() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    for zone in ZONES {
        let mapping = dma.map(&device, pages(&machine, zone, 0, 200, 0), FromDevice);
        // SAFETY: nobody is told the address.
        let (_, mut ring) = unsafe { mapping.expect("maps").expose() };
        // SAFETY: there is no device.
        let mut sync = |offset, len| unsafe { ring.sync_for_cpu(offset, len) };
        if cfg!(debug_assertions) {
            let partial = |offset, len| Err(SyncError::PartialLine { offset, len });
            assert_eq!(sync(0, 32), partial(0, 32));
            assert_eq!(sync(32, 32), partial(32, 32));
            assert!(matches!(sync(0, 201), Err(SyncError::PastEnd(_))));
        }
        assert_eq!(sync(64, 64), Ok(()));
        assert_eq!(sync(128, 72), Ok(()), "up to the end");
        assert_eq!(sync(0, 200), Ok(()));
        // SAFETY: there is no device.
        drop(unsafe { ring.settle() });
    }
}

#[test]
fn ps_3_ps_4_each_refusal_of_a_sync_is_one_line_with_its_numbers() {
    let (offset, len, mapped) = (96, 33, 100);
    let partial = SyncError::PartialLine { offset, len }.to_string();
    assert!(partial.starts_with("33 bytes at 96 share a cache line"));
    let past = PastEnd {
        offset,
        len,
        mapped,
    };
    let told = SyncError::from(past).to_string();
    assert_eq!(told, past.to_string());
    assert!(!partial.contains('\n') && !told.contains('\n'));
}

#[test]
fn cm_8_of_a_device_that_snoops_any_part_is_taken() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = DmaDevice::builder("snoops").windows(machine.bus().windows());
    let device = device.coherent().build(&machine.ram()).expect("valid");
    let mapping = dma.map(&device, pages(&machine, Zone::Dma, 4, 200, 0), FromDevice);
    // SAFETY: nobody is told the address.
    let (_, mut ring) = unsafe { mapping.expect("maps").expose() };
    assert_eq!(ring.len(), 200);
    // SAFETY: there is no device.
    let told = unsafe { ring.sync_for_cpu(5, 32) };
    assert_eq!(told, Ok(()));
    // SAFETY: there is no device.
    drop(unsafe { ring.unmap() });
}

#[test]
fn ps_4_of_a_buffer_that_begins_within_a_line_no_part_is_taken_bounced_or_not() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    for zone in ZONES {
        let mapping = dma.map(&device, pages(&machine, zone, 4, 252, 0), FromDevice);
        // SAFETY: nobody is told the address.
        let (_, mut ring) = unsafe { mapping.expect("maps").expose() };
        // SAFETY: there is no device.
        let told = unsafe { ring.sync_for_cpu(60, 64) };
        assert_eq!(told.is_err(), cfg!(debug_assertions));
        // SAFETY: there is no device.
        drop(unsafe { ring.unmap() });
    }
}

#[test]
fn access_out_of_bounds_is_refused_in_every_build() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let mapping = dma.map(&device, pages(&machine, Zone::Dma, 0, 64, 0), ToDevice);
    // SAFETY: nobody is told the address.
    let (_, mut ring) = unsafe { mapping.expect("maps").expose() };
    // SAFETY: there is no device.
    assert!(unsafe { ring.read(60, &mut [0; 5]) }.is_err());
    // SAFETY: there is no device.
    assert!(unsafe { ring.write(64, &[0]) }.is_err());
    // SAFETY: there is no device.
    assert!(unsafe { ring.write(60, &[0; 4]) }.is_ok());
    // SAFETY: there is no device.
    drop(unsafe { ring.unmap() });
}

#[test]
fn what_is_dropped_while_exposed_is_quarantined_until_a_reset() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Forced, POOL), legacy(&machine));
    let live = machine.live_bytes();
    let mapping = dma.map(&device, pages(&machine, Zone::Dma, 0, 64, 0), FromDevice);
    // SAFETY: nobody is told the address.
    drop(unsafe { mapping.expect("maps").expose() });
    assert_eq!(dma.quarantined(&device), (1, 0));
    assert!(machine.live_bytes() > live, "freed under the device");
    // SAFETY: there is no device.
    assert_eq!(unsafe { dma.device_was_reset(&device) }, 1);
    assert_eq!(machine.live_bytes(), live);
    assert_clean(&dma);
}
