extern crate std;
use super::*;
use hal::MIB;
use proptest::prelude::*;
use std::string::{String, ToString};
use std::vec::Vec;

fn range(start: u64, len: u64) -> PhysRange {
    PhysRange::new(PhysAddr::new(start), len).expect("valid")
}

/// Start and length of the slots' parts, of the block, and the remarks.
fn split(start: u64, len: u64) -> (Vec<PhysRange>, Option<PhysRange>, Vec<String>) {
    let split = Split::of(range(start, len)).expect("usable");
    let remarks = split.remarks().map(|remark| remark.to_string()).collect();
    (split.slots.to_vec(), split.uncached, remarks)
}

#[test]
fn rp_6_a_whole_block_is_uncached_and_the_rest_is_slots() {
    let (slots, block, remarks) = split(0x2000_0000, 8 * MIB);
    assert_eq!(block, Some(range(0x2000_0000, 2 * MIB)));
    assert_eq!(slots, [range(0x2020_0000, 6 * MIB)]);
    assert_eq!(remarks, [""; 0]);
}

#[test]
fn rp_6_the_block_lies_where_it_leaves_the_slots_in_one_piece() {
    let (slots, block, _) = split(0x2010_0000, 5 * MIB);
    assert_eq!(block, Some(range(0x2040_0000, 2 * MIB)), "whole at the end");
    assert_eq!(slots, [range(0x2010_0000, 3 * MIB)]);
    let (slots, block, _) = split(0x2000_0000, 5 * MIB);
    assert_eq!(block, Some(range(0x2000_0000, 2 * MIB)), "at the start");
    assert_eq!(slots, [range(0x2020_0000, 3 * MIB)]);
    let (slots, block, _) = split(0x2010_0000, 4 * MIB);
    assert_eq!(block, Some(range(0x2020_0000, 2 * MIB)), "nowhere else");
    assert_eq!(
        slots,
        [range(0x2010_0000, MIB), range(0x2040_0000, MIB)],
        "in two pieces"
    );
}

#[test]
fn rp_6_a_region_too_small_to_split_says_so_with_numbers() {
    let (slots, block, remarks) = split(0x2000_0000, 3 * MIB);
    assert_eq!(
        (slots, block),
        (Vec::from([range(0x2000_0000, 3 * MIB)]), None)
    );
    assert_eq!(
        remarks,
        [
            "3072 KiB are too few to split (from 4096 KiB on, around a whole block of 2048): \
          slots alone, no cells"
        ]
    );
}

#[test]
fn a_region_beyond_the_lookup_table_or_without_a_page_is_unusable() {
    let beyond = range(GIB - MIB, 2 * MIB);
    assert_eq!(Split::of(beyond), Err(Unusable::Beyond { region: beyond }));
    assert!(Split::of(range(GIB - 4 * MIB, 4 * MIB)).is_ok());
    let small = range(0x2000_0010, PAGE);
    assert_eq!(Split::of(small), Err(Unusable::NoPage { region: small }));
    for error in [
        Unusable::Beyond { region: beyond },
        Unusable::NoPage { region: small },
    ] {
        assert!(!error.to_string().contains('\n'));
    }
}

#[test]
fn what_is_not_used_of_a_region_is_told() {
    let (slots, _, remarks) = split(0x2000_0800, 0x3000);
    assert_eq!(slots, [range(0x2000_1000, 0x2000)]);
    assert_eq!(
        remarks.last().map(String::as_str),
        Some("4096 bytes at its ends are no whole pages: not used")
    );
    let (slots, _, remarks) = split(0x1000_0000, 200 * MIB);
    assert_eq!(slots, [range(0x1020_0000, 128 * MIB)]);
    assert_eq!(
        remarks,
        ["71680 KiB are more than a pool can have (131072 KiB of slots): not used"]
    );
}

proptest! {
    #[test]
    fn rp_6_the_parts_are_apart_and_inside(start in 0u64..2000, pages in 1u64..40_000) {
        let region = range(start * 0x800, pages * PAGE);
        if let Ok(split) = Split::of(region) {
            let mut parts: Vec<_> = split.slots.iter().chain(&split.uncached).copied().collect();
            parts.sort_by_key(|part| part.start());
            prop_assert!(parts.iter().all(|part| region.contains(*part) && part.is_aligned(PAGE)));
            prop_assert!(parts.windows(2).all(|pair| !pair[0].overlaps(pair[1])));
            let blocks = |part: &PhysRange| {
                let first = part.start().align_down(CHUNK);
                part.end().offset_from(first).map_or(0, |len| len.div_ceil(CHUNK))
            };
            prop_assert!(split.slots.iter().map(blocks).sum::<u64>() <= CHUNKS as u64);
            let slots: u64 = split.slots.iter().map(|part| part.len()).sum();
            if let Some(block) = split.uncached {
                prop_assert!(block.is_aligned(CHUNK) && block.len() == CHUNK && slots >= CHUNK);
            }
        }
    }
}
