//! Lists in flight for long: parts of them are taken over and given back while the device is at work.
#![expect(unsafe_code, reason = "exposes lists and plays the device")]

mod common;

use common::lists::{gather, gatherer, lists, map, table};
use common::{POOL, Unproven, assert_clean, layer, pages, pattern};
use dma::{
    Bidirectional, Bouncing, Direction, ExposedSg, FromDevice, Segment, SyncError, ToDevice,
};
use hal::{DmaBuffer, Pages, Platform, Zone};
use sim::{Builder, Machine, under_every_adversary};

/// Four entries of two lines, high and low in turns.
fn entries(machine: &Machine, fill: u8) -> Vec<Pages<Machine>> {
    [Zone::Dma, Zone::High, Zone::Dma, Zone::High]
        .map(|zone| pages(machine, zone, 0, 128, fill))
        .into()
}

fn take<B: DmaBuffer, D: Direction>(
    machine: &Machine,
    ring: &mut ExposedSg<'_, Machine, B, D>,
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

fn write(machine: &Machine, segment: Segment, bytes: &[u8]) {
    machine.device_write(machine.bus(), segment.bus, bytes);
}

#[test]
fn ps_5_a_ring_of_buffers_is_received_while_the_device_fills_others() {
    for bouncing in [Bouncing::AsNeeded, Bouncing::Forced] {
        under_every_adversary(&Builder::default(), |machine| {
            let (dma, device) = (layer(machine, bouncing, POOL), gatherer(machine));
            let list = map((&dma, &device), entries(machine, 0), FromDevice);
            // SAFETY: the device's part is played below, with these segments alone.
            let mut ring = unsafe { list.expose() };
            let segments: Vec<_> = ring.segments().collect();
            assert_eq!((segments.len(), ring.len()), (4, 512));
            for round in 1..4u8 {
                for entry in 0..4 {
                    write(machine, segments[entry], &[round * 10 + entry as u8; 100]);
                    // The next one is being filled when this one is looked at.
                    write(machine, segments[(entry + 1) % 4], &[0xFF; 128]);
                    let at = entry as u64 * 128;
                    let bytes = take(machine, &mut ring, at, 128);
                    assert_eq!(bytes[..100], [round * 10 + entry as u8; 100]);
                    // SAFETY: the device is told in the next round.
                    unsafe { ring.sync_for_device(at, 128) }.expect("whole lines");
                }
            }
            machine.status_read();
            // SAFETY: the device is not played any more.
            drop(unsafe { ring.unmap() });
            assert_clean(&dma);
        });
    }
}

#[test]
fn cp_5_giving_a_list_back_to_the_device_overwrites_nothing_that_it_wrote() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), gatherer(machine));
        let list = map((&dma, &device), entries(machine, 0), FromDevice);
        // SAFETY: the device's part is played below, with these segments alone.
        let mut ring = unsafe { list.expose() };
        let segments: Vec<_> = ring.segments().collect();
        common::lists::scatter(machine, &segments, &pattern(512));
        // SAFETY: the device is not at work at this moment.
        unsafe { ring.sync_for_device(0, 512) }.expect("whole");
        assert_eq!(take(machine, &mut ring, 0, 512), pattern(512));
        // SAFETY: the device is not played any more.
        drop(unsafe { ring.unmap() });
    });
}

#[test]
fn own_1_a_ring_of_buffers_shows_the_device_what_was_written_across_entries() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), gatherer(machine));
        let list = map((&dma, &device), entries(machine, 0), Bidirectional);
        // SAFETY: the device's part is played below, with these segments alone.
        let mut ring = unsafe { list.expose() };
        let segments: Vec<_> = ring.segments().collect();
        // From the second line of one entry to the end of the next.
        // SAFETY: the device is told afterwards.
        unsafe { ring.write(64, &pattern(192)) }.expect("inside");
        // SAFETY: as above.
        unsafe { ring.sync_for_device(64, 192) }.expect("whole lines");
        let seen = gather(machine, &segments);
        assert_eq!(
            (&seen[..64], &seen[64..256]),
            (&[0; 64][..], &pattern(192)[..])
        );
        // It answers in place.
        write(machine, segments[1], &[9; 70]);
        let wanted = [&pattern(192)[..64], &[9; 70], &pattern(192)[134..]].concat();
        assert_eq!(take(machine, &mut ring, 64, 192), wanted);
        machine.status_read();
        // SAFETY: the device is not played any more.
        let mut list = unsafe { ring.settle() };
        assert_eq!(list.for_cpu(1).expect("four")[..70], [9; 70]);
    });
}

#[test]
fn ps_3_ps_4_parts_of_lines_and_past_the_end_are_told_where_developers_listen() {
    for bouncing in [Bouncing::AsNeeded, Bouncing::Forced] {
        let machine = Machine::default();
        let (dma, device) = (layer(&machine, bouncing, POOL), gatherer(&machine));
        // Lines, a start within one, an end within one.
        let shapes = [(0, 128), (4, 252), (0, 100)];
        let buffers = shapes.map(|(offset, len)| pages(&machine, Zone::Dma, offset, len, 0));
        let list = map((&dma, &device), buffers.into(), FromDevice);
        // SAFETY: nobody is told the segments.
        let mut ring = unsafe { list.expose() };
        // SAFETY: there is no device.
        let mut sync = |offset, len| unsafe { ring.sync_for_cpu(offset, len) };
        if cfg!(debug_assertions) {
            let partial = |offset, len| Err(SyncError::PartialLine { offset, len });
            assert_eq!(sync(0, 32), partial(0, 32));
            assert_eq!(
                sync(64, 128),
                partial(64, 128),
                "the second one begins in a line"
            );
            assert_eq!(sync(380, 32), partial(380, 32));
            assert!(matches!(sync(0, 481), Err(SyncError::PastEnd(_))));
        }
        assert_eq!(sync(64, 64), Ok(()));
        assert_eq!(sync(128, 252), Ok(()), "an element as a whole");
        assert_eq!(sync(64, 64 + 252 + 64), Ok(()), "from lines to lines");
        assert_eq!(sync(444, 36), Ok(()), "up to the end");
        assert_eq!(sync(480, 0), Ok(()));
        // SAFETY: there is no device.
        assert!(unsafe { ring.read(470, &mut [0; 11]) }.is_err());
        // SAFETY: there is no device.
        assert!(unsafe { ring.write(480, &[0]) }.is_err());
        // SAFETY: there is no device.
        drop(unsafe { ring.settle() });
    }
}

#[test]
fn ps_4_elements_that_may_be_cut_within_lines_are_synced_as_a_whole() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let devices = [48, 64].map(|longest| {
        let builder = lists(&machine).max_seg_size(longest);
        builder.build(&machine.ram()).expect("valid")
    });
    let [cut, lines] = &devices;
    for (zone, device) in [(Zone::Dma, cut), (Zone::High, cut), (Zone::High, lines)] {
        let list = map(
            (&dma, device),
            vec![pages(&machine, zone, 0, 128, 0)],
            Bidirectional,
        );
        // SAFETY: nobody is told the segments.
        let mut ring = unsafe { list.expose() };
        // SAFETY: there is no device.
        let told = unsafe { ring.sync_for_device(64, 64) }.is_err();
        let within = core::ptr::eq(device, cut);
        assert_eq!(told, within && cfg!(debug_assertions), "bounced or not");
        // SAFETY: there is no device.
        assert_eq!(unsafe { ring.sync_for_device(0, 128) }, Ok(()));
        // SAFETY: there is no device.
        drop(unsafe { ring.unmap() });
    }
}

#[test]
fn cm_8_of_a_list_for_a_device_that_snoops_any_part_is_taken() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let device = lists(&machine).coherent().build(&machine.ram());
    let device = device.expect("valid");
    let list = map((&dma, &device), entries(&machine, 0), FromDevice);
    // SAFETY: nobody is told the segments.
    let mut ring = unsafe { list.expose() };
    // SAFETY: there is no device.
    assert_eq!(unsafe { ring.sync_for_cpu(5, 300) }, Ok(()));
    // SAFETY: there is no device.
    drop(unsafe { ring.unmap() });
}

#[test]
fn a_list_that_is_dropped_while_exposed_is_quarantined_until_a_reset() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let idle = machine.live_bytes();
    let edges = Unproven(pages(&machine, Zone::Dma, 0x30, 9000, 0));
    let high = Unproven(pages(&machine, Zone::High, 0, 64, 0));
    let list = dma.map_sg(&device, table(vec![edges, high], 8), ToDevice);
    let live = machine.live_bytes();
    // SAFETY: nobody is told the segments.
    drop(unsafe { list.expect("maps").expose() });
    assert_eq!(dma.quarantined(&device), (1, 0));
    assert_eq!(machine.live_bytes(), live, "freed under the device");
    // SAFETY: there is no device.
    assert_eq!(unsafe { dma.device_was_reset(&device) }, 1);
    assert_eq!(machine.live_bytes(), idle);
    assert_clean(&dma);
}
