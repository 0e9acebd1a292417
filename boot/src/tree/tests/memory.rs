//! Banks and reservations.

use super::*;

fn banks(info: &BootInfo) -> Vec<(u64, u64)> {
    let pair = |bank: &PhysRange| (bank.start().get(), bank.len());
    info.banks.iter().map(pair).collect()
}

const LARGEST: [(u64, u64); 3] = [
    (0, 0x3B40_0000),
    (0x4000_0000, 0xBC00_0000),
    (0x1_0000_0000, 0x1_0000_0000),
];

#[test]
fn root_size_cells_of_one_and_two_give_the_same_banks() {
    for size_cells in [1, 2] {
        let board = Board {
            size_cells,
            ..Board::default()
        };
        let info = read(&board.blob()).expect("valid");
        assert_eq!(banks(&info), LARGEST);
    }
}

#[test]
fn the_emulators_bank_and_ours_are_both_found() {
    let info = read(&devicetree::emulator()).expect("valid");
    assert_eq!(banks(&info), [(0, 0x3C00_0000), (0x4000_0000, 0x4000_0000)]);
}

#[test]
fn banks_that_touch_are_one() {
    let info = with_cells("/memory@0", "reg", &[0, 0x1000, 0x1000, 0, 0, 0x1000]).expect("valid");
    assert_eq!(banks(&info)[0], (0, 0x2000));
}

#[test]
fn banks_that_overlap_are_refused_with_both() {
    let found = with_cells("/memory@0", "reg", &[0, 0, 0x2000, 0, 0x1000, 0x2000]);
    let (first, second) = (range(0, 0x2000), range(0x1000, 0x2000));
    assert_eq!(found, Err(TreeError::BanksOverlap { first, second }));
}

#[test]
fn an_empty_entry_of_a_template_is_no_bank() {
    let info = with_cells("/memory@0", "reg", &[0, 0, 0]).expect("valid");
    assert_eq!(banks(&info), LARGEST[1..]);
}

#[test]
fn a_bank_over_registers_or_beyond_the_decoder_is_refused() {
    for bank in [
        [0, 0xFB00_0000, 0x0200_0000],
        [4, 0, 0x1000],
        [3, 0xFFFF_F000, 0x2000],
    ] {
        let found = with_cells("/ram@40000000", "reg", &bank);
        assert!(matches!(found, Err(TreeError::NotRam { .. })), "{found:?}");
    }
}

#[test]
fn a_bank_that_wraps_is_refused() {
    let found = with_cells("/ram@40000000", "reg", &[0xFFFF_FFFF, 0xFFFF_F000, 0x2000]);
    assert!(matches!(
        found,
        Err(TreeError::Range {
            property: "reg",
            ..
        })
    ));
}

#[test]
fn a_tree_without_ram_is_refused() {
    let blob = changed(|tree| {
        tree.root.remove_child("memory@0");
        tree.root.remove_child("ram@40000000");
    });
    assert_eq!(read(&blob), Err(TreeError::NoRam));
}

#[test]
fn both_kinds_of_reservations_are_kept_with_their_flags() {
    let info = read(&changed(|tree| {
        let pool = Builder::new("pool@1000000").cells("reg", &[0, 0x100_0000, 0x1000]);
        let children = [
            pool.flag("no-map"),
            Builder::new("linux,cma")
                .cells("size", &[0x400_0000])
                .flag("reusable"),
            Builder::new("off@2000000")
                .cells("reg", &[0, 0x200_0000, 0x1000])
                .string("status", "disabled"),
        ];
        let parent = Builder::new("reserved-memory").bus(2, 1).flag("ranges");
        add(tree, "/", parent.children(children));
    }))
    .expect("valid");
    let found: Vec<_> = info
        .reservations
        .iter()
        .map(|r| (r.name.as_str(), r.range, r.no_map))
        .collect();
    let wanted = [
        ("memreserve", range(0, 0x1000), false),
        ("pool@1000000", range(0x100_0000, 0x1000), true),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn what_the_tree_does_not_reserve_can_be_added_until_the_list_is_full() {
    let mut info = default_info();
    info.reserve("initrd", range(0x800_0000, 63)).expect("room");
    assert_eq!(
        info.reservations.last().map(|r| r.range),
        Some(range(0x800_0000, 63))
    );
    let error = (0..100).find_map(|_| info.reserve("x", range(0, 1)).err());
    assert!(matches!(error, Some(TreeError::TooMany { .. })));
}
