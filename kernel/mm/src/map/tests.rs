extern crate std;
use super::*;
use crate::testing::range;
use hal::{GIB, MIB};
use proptest::prelude::*;
use std::vec::Vec;

const BANKS: [PhysRange; 2] = [range(0, 0x3B40_0000), range(GIB, GIB)];
const TOP: PhysAddr = PhysAddr::new(GIB);

fn claim(range: PhysRange, kind: ClaimKind) -> Claim<'static> {
    let name = "claim";
    Claim { name, range, kind }
}

fn map(claims: &[Claim<'_>]) -> MemoryMap {
    MemoryMap::new(&BANKS, claims.iter().copied()).expect("valid")
}

#[test]
fn banks_shrink_and_claims_grow_to_whole_pages() {
    let banks = [range(0x10, 0x4000)];
    let claims = [claim(range(0x2FFF, 1), ClaimKind::Reserved)];
    let map = MemoryMap::new(&banks, claims).expect("valid");
    assert_eq!(map.free(), [range(0x1000, 0x1000), range(0x3000, 0x1000)]);
}

#[test]
fn a_carve_out_is_the_highest_aligned_place_below_the_limit() {
    let mut map = map(&[claim(range(0x100_0000, 1), ClaimKind::Reserved)]);
    let pool = map.carve("pool", 2 * MIB, 2 * MIB, TOP);
    assert_eq!(pool, Ok(range(0x3B20_0000, 2 * MIB)));
    assert!(
        map.free()
            .iter()
            .all(|free| !free.overlaps(range(0x3B20_0000, 2 * MIB)))
    );
    assert_eq!(map.named().last().map(|n| n.kind), Some(ClaimKind::Carved));
}

#[test]
fn a_carve_out_avoids_claims_and_says_when_there_is_no_place() {
    let mut map = map(&[claim(range(0x3B30_0000, 1), ClaimKind::Loaded)]);
    let pool = map.carve("pool", 2 * MIB, 2 * MIB, TOP).expect("room");
    assert_eq!(pool, range(0x3B00_0000, 2 * MIB));
    let none = map.carve("pool", GIB, PAGE, TOP);
    let (wanted, align, below) = (GIB, PAGE, TOP);
    assert_eq!(
        none,
        Err(MapError::NoRoom {
            wanted,
            align,
            below,
            largest: 0x3B00_0000
        })
    );
}

#[test]
fn what_was_loaded_over_something_loaded_is_refused() {
    let image = claim(range(0x20_0000, 0x10_0000), ClaimKind::Image);
    let initrd = claim(range(0x28_0000, 0x100), ClaimKind::Loaded);
    let found = MemoryMap::new(&BANKS, [image, initrd]).map(|_| ());
    assert!(matches!(found, Err(MapError::Overlap { shared, .. }) if shared == initrd.range));
}

#[test]
fn reservations_may_overlap_and_lie_outside_ram() {
    let map = map(&[
        claim(range(0, 0x3000), ClaimKind::Reserved),
        claim(range(0x1000, 0x4000), ClaimKind::NoMap),
        claim(range(0x3B40_0000, 0x4C0_0000), ClaimKind::Reserved),
    ]);
    assert_eq!(map.free()[0], range(0x5000, 0x3B40_0000 - 0x5000));
}

#[test]
fn neither_the_image_nor_no_map_memory_is_in_the_linear_map() {
    let map = map(&[
        claim(range(0, 0x1000), ClaimKind::Reserved),
        claim(range(0x8_0000, 0x1_0000), ClaimKind::Image),
        claim(range(0x10_0000, 0x800), ClaimKind::NoMap),
    ]);
    let linear = map.linear().expect("fits");
    let first = [
        range(0, 0x8_0000),
        range(0x9_0000, 0x7_0000),
        range(0x10_1000, 0x3B40_0000 - 0x10_1000),
    ];
    assert_eq!(linear[..3], first);
}

#[test]
fn co_5_what_is_uncached_is_neither_free_nor_in_the_linear_map() {
    let mut map = map(&[]);
    let below = PhysAddr::new(0x3000_0000);
    let got = map.carve_uncached("shared", 0x20_0000, 0x20_0000, below);
    assert_eq!(got, Ok(range(0x2FE0_0000, 0x20_0000)));
    let linear = map.linear().expect("fits");
    assert_eq!(linear[0], range(0, 0x2FE0_0000));
    assert_eq!(linear[1].start(), below);
    assert_eq!(map.free()[..2], linear[..2]);
}

#[test]
fn more_claims_than_there_is_room_for_are_refused() {
    let claims = (0..100).map(|i| claim(range(i * 0x1000, 1), ClaimKind::Reserved));
    let found = MemoryMap::new(&BANKS, claims).map(|_| ());
    assert!(matches!(
        found,
        Err(MapError::TooMany { what: "claims", .. })
    ));
}

proptest! {
    #[test]
    fn carve_outs_never_meet_a_claim_another_carve_out_or_the_outside(
        claims in prop::collection::vec((0u64..0x80_0000, 1u64..0x8_0000), 0..8),
        carves in prop::collection::vec((1u64..0x20_0000, 0u32..10, 0u64..0xA0_0000), 1..8),
    ) {
        let bank = range(0, 0x80_0000);
        let claims = claims.iter().map(|&(start, len)| claim(range(start, len), ClaimKind::Reserved));
        let mut map = MemoryMap::new(&[bank], claims.clone()).expect("fits");
        let mut taken: Vec<PhysRange> = claims.map(|claim| claim.range).collect();
        for (size, shift, below) in carves {
            let align = PAGE << shift;
            if let Ok(got) = map.carve("x", size, align, PhysAddr::new(below)) {
                prop_assert!(got.len() >= size && got.start().is_aligned(align));
                prop_assert!(got.is_aligned(PAGE));
                prop_assert!(bank.contains(got) && got.end().get() <= below);
                prop_assert!(taken.iter().all(|other| !other.overlaps(got)));
                taken.push(got);
            }
        }
        let overlaps = |free: &PhysRange| taken.iter().any(|other| other.overlaps(*free));
        prop_assert!(!map.free().iter().any(overlaps));
    }
}
