//! Restricted pools, good and bad, and the devices that are to have them.

use super::*;
use crate::tree::{Kind, MAX_POOLS, PoolDefect, Region};
use std::format;
use std::string::ToString;
use std::vec;

const HANDLE: u32 = 0x70;

fn pool(name: &str, reg: &[u32], handle: u32) -> Builder {
    let node = Builder::new(name).string("compatible", "restricted-dma-pool");
    node.cells("reg", reg).cells("phandle", &[handle])
}

/// What comes of a tree with these nodes of reserved memory, and an EMMC2 with that `memory-region`.
fn told(nodes: Vec<Builder>, region: &[u32]) -> Result<BootInfo, TreeError> {
    read(&changed(|tree| {
        let parent = Builder::new("reserved-memory").bus(2, 1).flag("ranges");
        add(tree, "/", parent.children(nodes));
        set(at(tree, "/emmc2bus/mmc@7e340000"), "memory-region", region);
    }))
}

fn region_of(info: &BootInfo) -> Region {
    info.device(Kind::Emmc2).expect("the tree has it").region
}

const GOOD: &[u32] = &[0, 0x2000_0000, 0x80_0000];

#[test]
fn rp_1_a_device_finds_its_pool_by_its_handle() {
    let nodes = vec![
        pool("other@10000000", &[0, 0x1000_0000, 0x1000], 0x71),
        pool("pool@20000000", GOOD, HANDLE),
    ];
    let info = told(nodes, &[HANDLE]).expect("valid");
    assert_eq!(region_of(&info), Region::Pool { index: 1, of: 1 });
    assert_eq!(info.pools[1].memory, Ok(range(0x2000_0000, 0x80_0000)));
    assert_eq!(info.pools[1].name.as_str(), "pool@20000000");
    let reserved = info.reservations.iter().filter(|r| r.pool);
    assert_eq!(reserved.count(), 2, "reserved as well, for nobody else");
    let dma = info.device(Kind::Dma).expect("the tree has it");
    assert_eq!(dma.region, Region::None);
}

#[test]
fn rp_1_the_first_of_several_pools_counts_and_other_memory_does_not() {
    let other = || {
        let node = Builder::new("shared@1000000").string("compatible", "shared-dma-pool");
        let reg: &[u32] = &[0, 0x100_0000, 0x1000];
        node.cells("reg", reg).cells("phandle", &[0x72])
    };
    let nodes = || {
        vec![
            other(),
            pool("one@20000000", GOOD, HANDLE),
            pool("two@10000000", &[0, 0x1000_0000, 0x1000], 0x71),
        ]
    };
    let of = |region: &[u32]| region_of(&told(nodes(), region).expect("valid"));
    assert_eq!(of(&[0x71, HANDLE]), Region::Pool { index: 1, of: 2 });
    assert_eq!(of(&[0x72, HANDLE]), Region::Pool { index: 0, of: 1 });
    assert_eq!(of(&[0x72]), Region::None);
    assert_eq!(of(&[HANDLE, 0x99]), Region::Nowhere { phandle: 0x99 });
}

#[test]
fn rp_1_a_pool_that_is_switched_off_is_none_and_binds_nobody() {
    let off = pool("pool@20000000", GOOD, HANDLE).string("status", "disabled");
    let info = told(vec![off], &[HANDLE]).expect("valid");
    assert_eq!(region_of(&info), Region::None);
    assert!(info.pools.is_empty());
}

#[test]
fn rp_1_a_pool_that_makes_no_sense_is_told_and_the_tree_stands() {
    let plain = |reg| pool("pool", reg, HANDLE);
    let cases = [
        (plain(&[0, 0x2000_0000, 0]), PoolDefect::NoMemory),
        (plain(&[]), PoolDefect::NoMemory),
        (plain(GOOD).flag("no-map"), PoolDefect::NoMap),
        (plain(GOOD).flag("reusable"), PoolDefect::Reusable),
        (
            plain(&[0, 0x2000_0000, 0x1000, 0, 0x2100_0000, 0x1000]),
            PoolDefect::Ranges { found: 2 },
        ),
    ];
    for (node, defect) in cases {
        let info = told(vec![node], &[HANDLE]).expect("valid");
        assert_eq!(info.pools[0].memory, Err(defect));
        assert_eq!(region_of(&info), Region::Pool { index: 0, of: 1 });
        let line = defect.to_string();
        assert!(!line.contains('\n') && line.len() < 80, "{line}");
    }
}

#[test]
fn more_pools_than_there_is_room_for_are_refused_with_the_tree() {
    let one = |i: u32| {
        let start = 0x1000_0000 + i * 0x1000;
        pool(&format!("pool@{start:x}"), &[0, start, 0x1000], 0x80 + i)
    };
    let found = told((0..=MAX_POOLS as u32).map(one).collect(), &[]);
    let (what, max) = ("restricted pools", MAX_POOLS);
    assert_eq!(found, Err(TreeError::TooMany { what, max }));
}
