use super::*;
use crate::testing::BOARD;
use hal::{DmaAddr, PhysAddr, PhysRange};

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
fn too_many_windows_are_refused_not_cut() {
    let many = [window(0, 0, 1); MAX_WINDOWS + 1];
    let refused = DmaDevice::builder("d").windows(&many).build(&BOARD);
    assert_eq!(
        refused.err(),
        Some(LimitError::TooManyWindows {
            found: MAX_WINDOWS + 1
        })
    );
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
