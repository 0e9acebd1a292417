//! The calls of the streaming interface: pages, physical ranges, registers, in every context.
#![expect(unsafe_code, reason = "names memory and registers by address")]

mod common;

use common::{POOL, Unproven, assert_clean, layer, legacy, pages, pattern, transfer};
use dma::{
    Attrs, Bidirectional, Bouncing, Class, DmaDevice, DmaMask, FromDevice, MapError, Physical,
    ToDevice,
};
use hal::{DmaAddr, DmaBuffer, DmaWindow, Irq, PAGE, PhysAddr, PhysRange, Zone};
use sim::{Builder, Machine, irq_depth, under_every_adversary};

fn range(start: u64, len: u64) -> PhysRange {
    PhysRange::new(PhysAddr::new(start), len).expect("valid")
}

/// A legacy master that sees the peripherals.
fn with_registers(machine: &Machine) -> DmaDevice {
    let window = DmaWindow::new(range(0xFE00_0000, 0x180_0000), DmaAddr::new(0x7E00_0000));
    let builder = DmaDevice::builder("dma").windows(machine.bus().windows());
    let builder = builder.register_windows(&[window.expect("valid")]);
    builder.build(&machine.ram()).expect("valid")
}

#[test]
fn every_call_is_legal_with_interrupts_off_and_leaves_them_off() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        with_registers(&machine),
    );
    let buffers = [Zone::Dma, Zone::High].map(|zone| pages(&machine, zone, 5, 300, 1));
    let outer = Machine::mask();
    let depth = irq_depth();
    for buffer in buffers {
        let mapping = dma.map_attrs(&device, buffer, Bidirectional, Attrs::DEFER_SYNC);
        let mut mapping = mapping.expect("maps");
        mapping.for_cpu_range(10, 10).expect("inside").fill(2);
        mapping.sync_for_device();
        let mapping = transfer(mapping, |_, _| {});
        let buffer = mapping.unmap_skip_sync().reclaim();
        // SAFETY: nobody is told the address.
        let (_, mut ring) = unsafe { dma.map(&device, buffer, FromDevice).expect("maps").expose() };
        // SAFETY: there is no device.
        unsafe { ring.sync_for_cpu(0, 300) }.expect("whole");
        // SAFETY: there is no device.
        drop(unsafe { ring.unmap() });
        let port = dma.map_resource(&device, range(0xFE20_2000, 4));
        assert!(port.is_ok());
        assert_eq!(irq_depth(), depth);
    }
    Machine::restore(outer);
    assert_clean(&dma);
}

#[test]
fn map_2_each_error_says_whether_to_try_again() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let all = dma.map(
        &device,
        pages(&machine, Zone::High, 0, POOL.1 - PAGE, 0),
        ToDevice,
    );
    let class = |zone, len| {
        let refused = dma.map(&device, pages(&machine, zone, 0, len, 0), ToDevice);
        refused.err().map(|refused| refused.error.class())
    };
    assert_eq!(class(Zone::Dma, 64), None);
    assert_eq!(class(Zone::Dma, 2 * PAGE), None);
    let later = {
        let part = Unproven(pages(&machine, Zone::Dma, 4, 2 * PAGE, 0));
        dma.map(&device, part, FromDevice).err()
    };
    assert_eq!(later.expect("full").error.class(), Class::Later);
    let peer = dma.map_resource(&device, range(0xFE20_2000, 4)).err();
    assert_eq!(peer.expect("no window").class(), Class::Peer);
    let never = dma.map_attrs(
        &device,
        pages(&machine, Zone::Dma, 0, 64, 0),
        ToDevice,
        Attrs::REQUIRE_COHERENT,
    );
    assert_eq!(never.expect_err("incoherent").error.class(), Class::Never);
    drop(all.expect("fits"));
}

#[test]
fn map_page_takes_a_window_of_pages_and_refuses_what_is_outside() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for zone in [Zone::Dma, Zone::High] {
            let page = pages(machine, zone, 0, PAGE, 0x5A);
            let mapping = dma.map_page(&device, page, (100, 30), FromDevice);
            let mapping = transfer(mapping.expect("maps"), |addr, len| {
                assert_eq!(len, 30);
                machine.device_write(machine.bus(), addr, &pattern(30));
            });
            let page = mapping.unmap().with_window(0, PAGE).expect("all");
            let bytes = page.bytes(machine);
            assert_eq!(
                (bytes[99], &bytes[100..130], bytes[130]),
                (0x5A, &pattern(30)[..], 0x5A)
            );
        }
    });
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let page = pages(&machine, Zone::Dma, 0, PAGE, 0);
    let pages = page.extent();
    let refused = dma.map_page(&device, page, (PAGE - 1, 2), ToDevice).err();
    let error = MapError::OutsidePages {
        offset: PAGE - 1,
        len: 2,
        pages,
    };
    assert_eq!(refused.expect("outside").error, error);
}

#[test]
fn ul_2_a_physical_range_is_judged_by_address_and_length() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let page = pages(&machine, Zone::Dma, 0, PAGE, 1);
    let start = page.range().start().get();
    let bounces = |offset, len, writes| {
        // SAFETY: a part of `page`, which nobody uses.
        let part = unsafe { Physical::assume_lent(range(start + offset, len)) };
        let before = dma.totals(&device).bounced_all();
        match writes {
            true => drop(dma.map(&device, part, FromDevice).expect("maps")),
            false => drop(dma.map(&device, part, ToDevice).expect("maps")),
        }
        dma.totals(&device).bounced_all() > before
    };
    assert!(!bounces(0, 64, true));
    assert!(bounces(0, 60, true));
    assert!(bounces(4, 64, true));
    assert!(!bounces(4, 64, false) && !bounces(0, 60, false));
}

#[test]
fn res_1_ram_is_no_register() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        with_registers(&machine),
    );
    let block = range(0x1000_0000, 4);
    let error = dma.map_resource(&device, block).err();
    assert_eq!(error, Some(MapError::IsRam { block }));
}

#[test]
fn res_2_res_3_res_4_registers_of_any_size_need_no_cache_work_and_no_slot_under_force_as_well() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::Forced, POOL),
        with_registers(&machine),
    );
    let before = (machine.counters(), dma.pool_state());
    for len in [4, 32, 36] {
        let port = dma
            .map_resource(&device, range(0xFE20_2000, len))
            .expect("seen");
        // SAFETY: nobody is told.
        assert_eq!(unsafe { port.addr() }, DmaAddr::new(0x7E20_2000));
    }
    assert_eq!((machine.counters(), dma.pool_state()), before);
}

#[test]
fn tr_5_registers_that_no_window_shows_or_no_address_holds_are_a_peers_error() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let unseen = |device: &DmaDevice, block| {
        let error = dma.map_resource(device, block).expect_err("not seen");
        assert!(matches!(error, MapError::PeerUnseen { .. }), "{error}");
    };
    unseen(&with_registers(&machine), range(0xFF80_0000, 4));
    unseen(&with_registers(&machine), range(0xFF7F_FFFE, 4));
    let high = DmaWindow::new(range(0xFE00_0000, 0x1000), DmaAddr::new(0x4_7E00_0000));
    let narrow = DmaDevice::builder("narrow").mask(DmaMask::bits(32));
    let narrow = narrow.register_windows(&[high.expect("valid")]);
    let narrow = narrow.build(&machine.ram()).expect("valid");
    unseen(&narrow, range(0xFE00_0000, 4));
}
