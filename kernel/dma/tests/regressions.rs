//! What went wrong in Linux's bounce buffers, each under its name. Two more are with the pool
//! (`swiotlb/tests/rules.rs`): CVE-2023-52790 and CVE-2024-35814.
#![expect(unsafe_code, reason = "exposes rings and plays the device")]

mod common;

use common::{POOL, layer, legacy, pages, pattern, transfer};
use dma::swiotlb::SLOT;
use dma::{Bidirectional, Bouncing, DmaDevice, FromDevice, ToDevice};
use hal::{DmaAddr, Platform, Zone};
use sim::{Builder, Machine, under_every_adversary};

fn write(machine: &Machine, addr: DmaAddr, at: u64, bytes: &[u8]) {
    let addr = addr.checked_add(at).expect("inside");
    machine.device_write(machine.bus(), addr, bytes);
}

/// A driver that is told less than a device wrote copied all of the bounce buffer home, and with it what
/// another driver had sent.
#[test]
fn cp_3_cve_2022_0854_a_short_transfer_shows_nothing_of_who_had_the_slots_before() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        let secret = pages(machine, Zone::High, 0, 4096, 0x5E);
        drop(transfer(dma.map(&device, secret, ToDevice).expect("fits"), |_, _| {}).unmap());
        let buffer = pages(machine, Zone::High, 0, 4096, 0xA5);
        let mapping = dma.map(&device, buffer, FromDevice).expect("fits");
        let mapping = transfer(mapping, |addr, _| write(machine, addr, 0, &[7; 10]));
        let buffer = mapping.unmap();
        let bytes = buffer.bytes(machine);
        assert_eq!(
            (&bytes[..10], &bytes[10..]),
            (&[7; 10][..], &[0xA5; 4086][..])
        );
    });
}

/// The first mending of that copied in at each sync for the device too, over what the device had written to
/// the parts that it still owned.
#[test]
fn cp_5_cve_2022_48853_giving_a_part_back_takes_nothing_from_the_others() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        let buffer = pages(machine, Zone::High, 0, 4096, 0xA5);
        let mapping = dma.map(&device, buffer, FromDevice).expect("fits");
        // SAFETY: the address is used below and nowhere else.
        let (addr, mut ring) = unsafe { mapping.expose() };
        write(machine, addr, 0, &[1; 64]);
        machine.status_read();
        machine.acquire();
        // SAFETY: the device writes elsewhere.
        unsafe { ring.sync_for_cpu(0, 64) }.expect("a line");
        write(machine, addr, 32, &[2; 4000]);
        // SAFETY: as above.
        unsafe { ring.sync_for_device(0, 64) }.expect("a line");
        machine.status_read();
        // SAFETY: the device is done.
        let buffer = unsafe { ring.unmap() };
        let bytes = buffer.bytes(machine);
        assert_eq!(bytes[..32], [1; 32]);
        assert_eq!(
            (&bytes[32..4032], &bytes[4032..]),
            (&[2; 4000][..], &[0xA5; 64][..])
        );
    });
}

/// Before 6.9, a sync that began in a later slot took the bytes of the mapping's start, or none.
#[test]
fn ps_2_partial_sync_in_every_slot_of_a_buffer_with_an_offset_moves_its_own_bytes() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let builder = DmaDevice::builder("aligned").windows(machine.bus().windows());
    let device = builder.min_align_mask(0xFFF).build(&machine.ram());
    let device = device.expect("valid");
    let len = 4 * SLOT;
    for at in (0..len - 64).step_by(SLOT as usize - 50) {
        let buffer = pages(&machine, Zone::High, 0x604, len, 0xA5);
        let mapping = dma.map(&device, buffer, Bidirectional).expect("fits");
        let all = pattern(len as usize);
        let mut mapping = transfer(mapping, |addr, _| write(&machine, addr, 0, &all));
        let part = at as usize..at as usize + 64;
        {
            let mut view = mapping.for_cpu_range(at, 64).expect("inside");
            assert_eq!(*view, all[part.clone()], "from {at} on");
            view.fill(0xEE);
        }
        let mapping = transfer(mapping, |addr, len| {
            let mut expected = all.clone();
            expected[part].fill(0xEE);
            assert_eq!(machine.device_read(machine.bus(), addr, len), expected);
        });
        drop(mapping.unmap());
    }
}

/// The fixes of 6.9 at first lost the bits of the offset between slot size and alignment.
#[test]
fn al_2_partial_sync_of_a_buffer_whose_offset_passes_a_slot_keeps_all_bits_of_the_mask() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let builder = DmaDevice::builder("aligned").windows(machine.bus().windows());
    let device = builder.min_align_mask(0xFFFF).build(&machine.ram());
    let device = device.expect("valid");
    for offset in [0x804, 0x1004, 0x2C40, 0xF7FC] {
        let buffer = pages(&machine, Zone::High, offset, 300, 0xA5);
        let orig = hal::DmaBuffer::range(&buffer).start().get();
        let mapping = dma.map(&device, buffer, FromDevice).expect("fits");
        let mut mapping = transfer(mapping, |addr, _| {
            assert_eq!(addr.get() & 0xFFFF, orig & 0xFFFF);
            write(&machine, addr, 0, &pattern(300));
        });
        let view = mapping.for_cpu_range(250, 50).expect("inside");
        assert_eq!(*view, pattern(300)[250..]);
    }
    assert!(dma.pool_usage().is_some_and(|usage| usage.used == 0));
}
