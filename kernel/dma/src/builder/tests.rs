extern crate std;
use super::*;
use crate::device::MAX_BANKS;
use crate::testing::BOARD;
use hal::{DmaAddr, PhysAddr, PhysRange};
use std::string::ToString;

fn window(phys: u64, bus: u64, len: u64) -> DmaWindow {
    let phys = PhysRange::new(PhysAddr::new(phys), len).expect("valid");
    DmaWindow::new(phys, DmaAddr::new(bus)).expect("valid")
}

#[test]
fn dev_1_masks_that_are_not_all_ones_from_the_bottom_are_refused() {
    let refused = DmaDevice::builder("d").min_align_mask(0xF0F).build(&BOARD);
    assert_eq!(refused.err(), Some(LimitError::AlignMask { mask: 0xF0F }));
    let refused = DmaDevice::builder("d")
        .seg_boundary_mask(0x1000)
        .build(&BOARD);
    assert_eq!(
        refused.err(),
        Some(LimitError::SegmentBoundary { mask: 0x1000 })
    );
    assert!(
        DmaDevice::builder("d")
            .min_align_mask(0xFFF)
            .build(&BOARD)
            .is_ok()
    );
}

#[test]
fn a_granule_must_be_a_power_of_two_within_a_line() {
    for bytes in [0, 3, 128] {
        let refused = DmaDevice::builder("d").granule(bytes).build(&BOARD);
        assert_eq!(refused.err(), Some(LimitError::Granule { bytes }));
    }
}

#[test]
fn objects_longer_than_a_run_of_cells_are_refused_and_no_limit_turns_cells_off() {
    let with = |to_device, from_device| {
        let limits = CellLimits {
            to_device,
            from_device,
        };
        let device = DmaDevice::builder("d").cells(limits).build(&BOARD);
        device.map(|device| device.limits().cells)
    };
    assert_eq!(with(64, 257).err(), Some(LimitError::Cells { bytes: 257 }));
    assert_eq!(with(257, 0).err(), Some(LimitError::Cells { bytes: 257 }));
    assert_eq!(with(0, 0), Ok(CellLimits::OFF));
    let default = DmaDevice::builder("d").build(&BOARD).expect("valid");
    assert_eq!(default.limits().cells, CellLimits::DEFAULT);
}

#[test]
fn too_many_windows_are_refused_not_cut() {
    let many = [window(0, 0, 1); MAX_WINDOWS + 1];
    let refused = DmaDevice::builder("d").windows(&many).build(&BOARD);
    assert_eq!(
        refused.err(),
        Some(LimitError::TooManyWindows {
            found: MAX_WINDOWS + 1
        })
    );
    let all = DmaDevice::builder("d").windows(&many[1..]).build(&BOARD);
    assert!(!matches!(all, Err(LimitError::TooManyWindows { .. })));
}

#[test]
fn tr_5_registers_are_found_through_their_own_windows() {
    let device = DmaDevice::builder("d")
        .windows(&[window(0, 0xC000_0000, 0x4000_0000)])
        .register_windows(&[window(0xFE00_0000, 0x7E00_0000, 0x180_0000)])
        .build(&BOARD)
        .expect("valid");
    let fifo = PhysRange::new(PhysAddr::new(0xFE20_2000), 4).expect("valid");
    assert_eq!(device.register_addr(fifo), Some(DmaAddr::new(0x7E20_2000)));
    let ram = PhysRange::new(PhysAddr::new(0x1000), 4).expect("valid");
    assert_eq!(device.register_addr(ram), None);
}

#[test]
fn each_refusal_of_a_device_is_one_line_with_its_numbers() {
    let addr = PhysAddr::new;
    let (first, dma_end) = (addr(0x2000_0000), addr(0x4000_0000));
    let limit = DmaMask::bits(28);
    let told = [
        (LimitError::TooManyWindows { found: 9 }, "9 windows"),
        (LimitError::AlignMask { mask: 0xF0F }, "0xf0f"),
        (LimitError::SegmentBoundary { mask: 0x1000 }, "0x1000"),
        (LimitError::Granule { bytes: 3 }, "length granule of 3"),
        (
            LimitError::SegmentGranule { bytes: 5 },
            "segment granule of 5",
        ),
        (LimitError::NoSegments, "one segment at least"),
        (LimitError::ReachesNoRam { limit }, "fffffff"),
        (LimitError::PoolBeyondReach { first, dma_end }, "20000000"),
    ];
    for (error, numbers) in told {
        let line = error.to_string();
        assert!(line.contains(numbers) && !line.contains('\n'), "{line}");
    }
}

#[test]
fn tr_5_registers_count_as_far_as_the_device_can_emit_addresses() {
    let device = DmaDevice::builder("d")
        .register_windows(&[window(0xFE00_0000, 0x7FFF_F000, 0x2000)])
        .mask(DmaMask::bits(31))
        .build(&BOARD)
        .expect("valid");
    let found = |len| {
        let block = PhysRange::new(PhysAddr::new(0xFE00_0000), len).expect("valid");
        device.register_addr(block)
    };
    assert_eq!(found(0x1000), Some(DmaAddr::new(0x7FFF_F000)));
    assert_eq!(found(0x1001), None);
}

#[test]
fn res_1_memory_is_ram_if_both_ends_are_or_if_nobody_knows() {
    let range =
        |start, end| PhysRange::between(PhysAddr::new(start), PhysAddr::new(end)).expect("valid");
    let build = |banks: &[PhysRange]| {
        let dma_end = banks.last().expect("one").end();
        let ram = RamMap { banks, dma_end };
        DmaDevice::builder("d").build(&ram).expect("valid")
    };
    let device = build(&[range(0x1000, 0x2000)]);
    let ends = |start, end| device.ends_in_ram(range(start, end));
    assert!(ends(0x1000, 0x2000));
    assert!(!ends(0x0FFF, 0x2000) && !ends(0x1000, 0x2001) && !ends(0x2000, 0x2001));
    // There may be more banks than are remembered.
    let banks: [PhysRange; MAX_BANKS] = core::array::from_fn(|n| {
        let start = 0x10_000 * n as u64;
        range(start, start + 0x1000)
    });
    assert!(build(&banks).ends_in_ram(range(0x5000, 0x6000)));
    assert!(!build(&banks[1..]).ends_in_ram(range(0x5000, 0x6000)));
}

#[test]
fn devices_are_told_apart_by_number() {
    let build = || DmaDevice::builder("d").build(&BOARD).expect("valid");
    let (one, two) = (build().id(), build().id());
    assert!(one != two && one.number() != two.number());
    assert_eq!(one.to_string(), std::format!("#{}", one.number()));
}
