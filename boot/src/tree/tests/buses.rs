//! What devices learn about their buses (TR, HW-1 to HW-4, HW-9).

use super::*;
use crate::tree::{Bus, Kind, Translation};
use devicetree::Stepping;
use hal::DmaAddr;

fn bus_of(info: &BootInfo, kind: Kind) -> &Bus {
    info.bus(info.device(kind).expect("in the tree").bus)
}

fn stepping(stepping: Stepping) -> BootInfo {
    let board = Board {
        stepping,
        ..Board::default()
    };
    read(&board.blob()).expect("valid")
}

#[test]
fn tr_1_a_bus_without_dma_ranges_is_the_identity() {
    let info = default_info();
    let scb = bus_of(&info, Kind::Genet);
    assert_eq!(scb.dma, Translation::Identity);
    let high = range(0x1_8000_0000, 0x1000);
    assert_eq!(scb.dma.to_bus(high), Some(DmaAddr::new(0x1_8000_0000)));
}

#[test]
fn tr_1_an_empty_dma_ranges_is_what_the_bus_above_says() {
    let info = default_info();
    let below = info.device(Kind::Firmware).expect("in the tree").below;
    let below = info.bus(below.expect("it has dma-ranges"));
    assert_eq!(below.dma, bus_of(&info, Kind::Firmware).dma);
    assert_ne!(below.dma, Translation::Identity);
}

#[test]
fn tr_2_legacy_masters_see_one_gib_at_c0000000() {
    let info = default_info();
    let dma = &bus_of(&info, Kind::Dma).dma;
    assert_eq!(dma.to_bus(range(0, 1)), Some(DmaAddr::new(0xC000_0000)));
    assert_eq!(
        dma.to_bus(range(0x3FFF_FFFF, 1)),
        Some(DmaAddr::new(0xFFFF_FFFF))
    );
    assert_eq!(dma.to_bus(range(0x4000_0000, 1)), None);
    assert_eq!(
        dma.to_phys(DmaAddr::new(0xC000_1000), 1),
        Some(range(0x1000, 1))
    );
    assert_eq!(dma.to_phys(DmaAddr::new(0x1000), 1), None);
}

/// Two windows with different offsets, as some PCIe set-ups have them.
fn two_windows() -> Translation {
    let list = [
        0xC000_0000,
        0,
        0,
        0x2000_0000,
        0x4000_0000,
        0,
        0x2000_0000,
        0x2000_0000,
    ];
    let info = with_cells("/soc", "dma-ranges", &list).expect("valid");
    bus_of(&info, Kind::Dma).dma.clone()
}

#[test]
fn tr_3_each_window_has_its_own_offset() {
    let dma = two_windows();
    assert_eq!(
        dma.to_bus(range(0x1FFF_FFFF, 1)),
        Some(DmaAddr::new(0xDFFF_FFFF))
    );
    assert_eq!(
        dma.to_bus(range(0x2000_0000, 1)),
        Some(DmaAddr::new(0x4000_0000))
    );
}

#[test]
fn tr_4_a_block_across_two_windows_has_no_address() {
    let dma = two_windows();
    assert_eq!(dma.to_bus(range(0x1FFF_F000, 0x2000)), None);
    assert_eq!(dma.to_phys(DmaAddr::new(0xDFFF_F000), 0x2000), None);
}

#[test]
fn tr_5_register_target_uses_ranges_of_its_bus() {
    let info = default_info();
    let bus = bus_of(&info, Kind::Dma);
    let fifo = range(0xFE20_2000, 4);
    assert_eq!(bus.registers.to_bus(fifo), Some(DmaAddr::new(0x7E20_2000)));
    assert_eq!(bus.dma.to_bus(fifo), None);
}

#[test]
fn hw_1_every_master_of_soc_has_the_same_window() {
    let info = default_info();
    for kind in [Kind::SdHost, Kind::Usb, Kind::Emmc1, Kind::Firmware] {
        assert_eq!(
            info.device(kind).expect("in the tree").bus,
            info.device(Kind::Dma).expect("in the tree").bus
        );
    }
    assert_eq!(
        bus_of(&info, Kind::Dma).dma.windows().map(<[_]>::len),
        Some(1)
    );
}

#[test]
fn hw_2_emmc2_follows_the_stepping() {
    let old = stepping(Stepping::B0);
    assert_eq!(bus_of(&old, Kind::Emmc2).dma, bus_of(&old, Kind::Dma).dma);
    let new = stepping(Stepping::C0);
    let dma = &bus_of(&new, Kind::Emmc2).dma;
    assert_eq!(
        dma.to_bus(range(0xFBFF_F000, 0x1000)),
        Some(DmaAddr::new(0xFBFF_F000))
    );
    assert_eq!(dma.to_bus(range(0xFC00_0000, 1)), None);
}

#[test]
fn hw_3_devices_behind_pcie_see_three_gib_and_more_on_later_steppings() {
    let reach = |info: &BootInfo, addr| {
        let below = info.device(Kind::Pcie).and_then(|pcie| pcie.below);
        let bus = info.bus(below.expect("PCIe describes its bus"));
        bus.dma.to_bus(range(addr, 0x1000)).map(DmaAddr::get)
    };
    let old = stepping(Stepping::B0);
    assert_eq!(reach(&old, 0xBFFF_F000), Some(0xBFFF_F000));
    assert_eq!(reach(&old, 0xC000_0000), None);
    assert_eq!(
        reach(&stepping(Stepping::C0), 0x1_FFFF_F000),
        Some(0x1_FFFF_F000)
    );
}

#[test]
fn hw_3_an_inbound_window_above_4_gib_is_read_in_all_its_cells() {
    let list = [0x0200_0000, 4, 0, 0, 0, 0, 0xC000_0000];
    let info = with_cells("/scb/pcie@7d500000", "dma-ranges", &list).expect("valid");
    let below = info.device(Kind::Pcie).and_then(|pcie| pcie.below);
    let dma = &info.bus(below.expect("described")).dma;
    assert_eq!(
        dma.to_bus(range(0x50DC_4000, 1)),
        Some(DmaAddr::new(0x4_50DC_4000))
    );
}

#[test]
fn pci_windows_that_are_not_memory_are_passed_over() {
    let list = [0x0100_0000, 0, 0, 0, 0, 0, 0x1_0000];
    let info = with_cells("/scb/pcie@7d500000", "dma-ranges", &list).expect("valid");
    let below = info.device(Kind::Pcie).and_then(|pcie| pcie.below);
    assert_eq!(
        info.bus(below.expect("described")).dma,
        Translation::nothing()
    );
}

#[test]
fn hw_4_masters_on_scb_are_not_limited() {
    let info = default_info();
    assert_eq!(bus_of(&info, Kind::Genet).dma, Translation::Identity);
    assert_eq!(bus_of(&info, Kind::Pcie).dma, Translation::Identity);
}

#[test]
fn registers_are_where_the_cpu_finds_them() {
    let info = default_info();
    let first = |kind| info.device(kind).expect("in the tree").registers[0];
    assert_eq!(first(Kind::Dma), range(0xFE00_7000, 0xB00));
    assert_eq!(first(Kind::Genet), range(0xFD58_0000, 0x1_0000));
    assert_eq!(first(Kind::Emmc2), range(0xFE34_0000, 0x100));
    let gic = &info.device(Kind::Gic).expect("in the tree").registers;
    assert_eq!(gic[0], range(0xFF84_1000, 0x1000));
    assert_eq!(gic[1], range(0xFF84_2000, 0x2000));
}

#[test]
fn interrupts_carry_the_numbers_of_the_controller() {
    let info = default_info();
    let dma = info.device(Kind::Dma).expect("in the tree");
    assert_eq!(
        dma.interrupts[..],
        [112, 113, 114, 115, 116, 117, 118, 119, 119, 120, 120]
    );
    let timer = info.device(Kind::GenericTimer).expect("in the tree");
    assert_eq!(timer.interrupts[..], [29, 30, 27, 26]);
    assert_eq!(dma.channel_mask, Some(0x07F5));
}

#[test]
fn interrupts_of_another_controller_are_not_ours() {
    let info = with_cells("/soc/serial@7e201000", "interrupt-parent", &[77]).expect("valid");
    let uart = info.device(Kind::Pl011).expect("in the tree");
    assert!(uart.interrupts.is_empty());
}

#[test]
fn what_is_switched_off_is_not_there_nor_what_is_below_it() {
    let off = |path| {
        read(&changed(|tree| {
            set_text(at(tree, path), "status", "disabled")
        }))
        .expect("valid")
    };
    assert!(off("/soc/usb@7e980000").device(Kind::Usb).is_none());
    let info = off("/scb");
    assert!(info.device(Kind::Genet).is_none() && info.device(Kind::Dma).is_some());
}

#[test]
fn a_coherent_bus_makes_its_devices_coherent() {
    let info = with_cells("/scb", "dma-coherent", &[]).expect("valid");
    assert!(info.device(Kind::Genet).expect("in the tree").coherent);
    assert!(!info.device(Kind::Dma).expect("in the tree").coherent);
}

#[test]
fn where_ranges_overlap_the_first_one_decides() {
    // As the vendor's tree has it: registers first, then everything.
    let list = [
        0,
        0x7C00_0000,
        0,
        0xFC00_0000,
        0x0380_0000, //
        0,
        0,
        0,
        0,
        0xFC00_0000,
    ];
    let info = with_cells("/scb", "ranges", &list).expect("valid");
    let registers = &bus_of(&info, Kind::Genet).registers;
    assert_eq!(
        registers.to_bus(range(0xFD58_0000, 4)),
        Some(DmaAddr::new(0x7D58_0000))
    );
    assert_eq!(registers.to_bus(range(0x7D58_0000, 4)), None);
    assert_eq!(
        registers.to_bus(range(0x7BFF_F000, 4)),
        Some(DmaAddr::new(0x7BFF_F000))
    );
}
