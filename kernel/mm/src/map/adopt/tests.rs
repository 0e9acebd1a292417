extern crate std;
use super::*;
use crate::map::Claim;
use crate::testing::range;
use hal::{GIB, MIB, PhysAddr};
use std::string::ToString;

const BANK: PhysRange = range(0, 0x3B40_0000);
const POOL: PhysRange = range(0x2000_0000, 8 * MIB);
const BLOCK: PhysRange = range(0x2000_0000, 2 * MIB);
const SLOTS: PhysRange = range(0x2020_0000, 6 * MIB);

fn claim(name: &'static str, range: PhysRange, kind: ClaimKind) -> Claim<'static> {
    Claim { name, range, kind }
}

fn map(claims: &[Claim<'_>]) -> MemoryMap {
    MemoryMap::new(&[BANK, range(GIB, GIB)], claims.iter().copied()).expect("valid")
}

#[test]
fn rp_6_co_5_the_uncached_part_leaves_the_linear_map_and_the_slots_stay() {
    let mut map = map(&[claim("pool", POOL, ClaimKind::Offered)]);
    let before = map.free().to_vec();
    assert!(map.linear().expect("few").contains(&BANK), "until then");
    map.adopt(POOL, &[SLOTS], Some(BLOCK)).expect("offered");
    let linear = map.linear().expect("few");
    let shows = |part: PhysRange| linear.iter().any(|range| range.contains(part));
    assert!(shows(SLOTS) && !linear.iter().any(|range| range.overlaps(BLOCK)));
    assert_eq!(map.free(), before, "and nobody else gets any of it");
    let mut kinds = map.named().iter().map(|named| (named.range, named.kind));
    assert!(kinds.any(|named| named == (BLOCK, ClaimKind::Uncached)));
}

#[test]
fn rp_1_what_was_not_offered_or_is_no_ram_is_not_adopted() {
    let claims = [
        claim("firmware", POOL, ClaimKind::Reserved),
        claim("beyond", range(0x3B00_0000, 8 * MIB), ClaimKind::Offered),
    ];
    let mut map = map(&claims);
    for range in [POOL, range(0x3B00_0000, 8 * MIB), range(0x100_0000, MIB)] {
        let refused = map.adopt(range, &[range], None);
        assert_eq!(refused, Err(MapError::NotOffered { range }));
    }
    assert_eq!(map.named().len(), 2);
}

#[test]
fn rp_1_an_offer_that_meets_another_claim_is_refused_by_both_names() {
    for other in [
        claim("initrd", range(0x207F_FFFF, 2), ClaimKind::Loaded),
        claim("twin", range(0x2070_0000, 8 * MIB), ClaimKind::Offered),
        claim("same page", range(0x2080_0000 - 1, 1), ClaimKind::Reserved),
    ] {
        let mut map = map(&[claim("pool", POOL, ClaimKind::Offered), other]);
        let refused = map.adopt(POOL, &[SLOTS], Some(BLOCK)).expect_err("shared");
        let line = refused.to_string();
        assert!(
            line.contains("pool shares") && line.contains(other.name),
            "{line}"
        );
        assert!(map.linear().expect("few").iter().any(|r| r.contains(BLOCK)));
        assert_eq!(map.named()[0].kind, ClaimKind::Offered, "as before");
    }
}

#[test]
fn an_offer_is_taken_once() {
    let mut map = map(&[claim("pool", POOL, ClaimKind::Offered)]);
    map.adopt(POOL, &[SLOTS], Some(BLOCK)).expect("offered");
    assert!(map.adopt(POOL, &[SLOTS], Some(BLOCK)).is_err());
    let top = PhysAddr::new(GIB);
    let carved = map.carve("later", 2 * MIB, 2 * MIB, top).expect("room");
    assert!(!carved.overlaps(POOL));
}

#[test]
#[should_panic(expected = "overlap")]
fn parts_that_meet_are_refused_loudly() {
    let mut map = map(&[claim("pool", POOL, ClaimKind::Offered)]);
    let _ = map.adopt(POOL, &[POOL], Some(BLOCK));
}
