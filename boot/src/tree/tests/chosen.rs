//! `/chosen`, and what the board says about itself.

use super::*;
use devicetree::Chosen;

fn initrd(start: u64, end: u64, cells: u32) -> Result<Option<PhysRange>, TreeError> {
    let chosen = Chosen {
        initrd: Some((start, end)),
        initrd_cells: cells,
        ..Chosen::default()
    };
    let board = Board {
        chosen,
        ..Board::default()
    };
    read(&board.blob()).map(|info| info.initrd)
}

#[test]
fn initrd_ends_may_have_one_or_two_cells() {
    for cells in [1, 2] {
        let found = initrd(0x800_0000, 0x800_003F, cells);
        assert_eq!(found, Ok(Some(range(0x800_0000, 63))));
    }
    assert_eq!(
        initrd(0x1_0000_0000, 0x1_0000_0001, 2),
        Ok(Some(range(0x1_0000_0000, 1)))
    );
}

#[test]
fn equal_ends_mean_no_initrd() {
    assert_eq!(initrd(0x800_0000, 0x800_0000, 1), Ok(None));
    assert_eq!(default_info().initrd, None);
}

#[test]
fn an_initrd_that_is_reversed_half_named_or_outside_ram_is_refused() {
    let refused = Err(TreeError::Initrd {
        start: 0x2000,
        end: 0x1000,
    });
    assert_eq!(initrd(0x2000, 0x1000, 1), refused);
    assert!(initrd(0x3B3F_F000, 0x3B40_1000, 1).is_err());
    assert!(with_cells("/chosen", "linux,initrd-start", &[0x1000]).is_err());
    assert!(with_cells("/chosen", "linux,initrd-start", &[]).is_err());
    assert!(with_cells("/chosen", "linux,initrd-start", &[0, 0, 0]).is_err());
}

#[test]
fn command_line_console_and_identity_are_read() {
    let board = Board {
        chosen: Chosen {
            bootargs: Some("swiotlb=noforce test".into()),
            ..Chosen::default()
        },
        revision: Some(0x00C0_3114),
        ..Board::default()
    };
    let info = read(&board.blob()).expect("valid");
    assert_eq!(&*info.bootargs, "swiotlb=noforce test");
    assert_eq!(&*info.stdout, "serial0");
    assert_eq!(&*info.model, "Raspberry Pi 4 Model B");
    assert_eq!(info.revision, Some(0x00C0_3114));
}

#[test]
fn a_command_line_too_long_is_refused_not_cut() {
    let long = "x".repeat(2049);
    let blob = changed(|tree| set_text(at(tree, "/chosen"), "bootargs", &long));
    let what = "bytes of bootargs";
    assert_eq!(read(&blob), Err(TreeError::TooMany { what, max: 2048 }));
}
