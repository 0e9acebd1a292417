//! RAM by revision code.

use super::*;
use crate::tree::{Banks, banks_of, clip, memory_of_revision};
use hal::{GIB, MIB};

const VIDEOCORE: PhysAddr = PhysAddr::new(0x3B40_0000);

fn pairs(banks: &Banks) -> Vec<(u64, u64)> {
    let pair = |bank: &PhysRange| (bank.start().get(), bank.end().get());
    banks.iter().map(pair).collect()
}

#[test]
fn revision_codes_of_real_boards_give_their_memory() {
    let table = [
        (0x00A0_3111, GIB),
        (0x00B0_3115, 2 * GIB),
        (0x00C0_3130, 4 * GIB),
        (0x00D0_3114, 8 * GIB),
    ];
    for (code, memory) in table {
        assert_eq!(memory_of_revision(code), Some(memory), "{code:#x}");
    }
}

#[test]
fn old_style_codes_and_other_chips_are_unknown() {
    for code in [0, 0x0000_0010, 0x00A0_2082, 0x00F0_3111, 0x0090_3111] {
        assert_eq!(memory_of_revision(code), None, "{code:#x}");
    }
}

#[test]
fn boards_of_each_size_have_these_banks() {
    let low = (0, 0x3B40_0000);
    let table: [(u64, &[(u64, u64)]); 4] = [
        (GIB, &[low]),
        (2 * GIB, &[low, (GIB, 2 * GIB)]),
        (4 * GIB, &[low, (GIB, 0xFC00_0000)]),
        (8 * GIB, &[low, (GIB, 0xFC00_0000), (4 * GIB, 8 * GIB)]),
    ];
    for (memory, banks) in table {
        assert_eq!(pairs(&banks_of(memory, VIDEOCORE)), banks);
    }
}

#[test]
fn the_built_in_tree_counts_only_as_far_as_the_board_has_memory() {
    let info = read(&devicetree::built_in()).expect("valid");
    let limits = banks_of(2 * GIB, PhysAddr::new(960 * MIB));
    let banks = clip(&info.banks, &limits).expect("fits");
    assert_eq!(pairs(&banks), [(0, 0x3B40_0000), (GIB, 2 * GIB)]);
}
