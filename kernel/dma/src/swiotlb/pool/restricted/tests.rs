//! Which pieces can be a pool, and how much of one a run can have.

use super::*;
use crate::swiotlb::model::{Core, region};
use hal::GIB;

const BASE: u64 = 16 * CHUNK;

/// Capacity and places of the pool of these pieces, or the start of the one that cannot be.
fn made(pieces: &[(u64, u64)]) -> Result<(u32, usize), u64> {
    let pieces = pieces.iter().map(|(start, len)| region(*start, *len));
    let pool = Pool::<Core>::restricted(pieces);
    let told = pool.map(|pool| (pool.capacity(), pool.extent().chunks));
    told.map_err(|bad| bad.region.range().start().get())
}

#[test]
fn rp_2_a_pool_is_made_of_slots_below_1_gib_in_as_many_blocks_as_there_are_places() {
    assert_eq!(made(&[(GIB - SLOT, SLOT)]), Ok((1, 1)));
    assert_eq!(made(&[(GIB - SLOT, 2 * SLOT)]), Err(GIB - SLOT));
    assert_eq!(made(&[(BASE + 1, CHUNK)]), Err(BASE + 1));
    assert_eq!(made(&[(BASE, SLOT - 1)]), Err(BASE));
    assert_eq!(made(&[(BASE, 64 * CHUNK)]), Ok((8192, 64)));
    assert_eq!(made(&[(BASE, 65 * CHUNK)]), Err(BASE));
    let (first, second) = ((BASE + SLOT, 63 * CHUNK - SLOT), BASE + 70 * CHUNK);
    assert_eq!(made(&[first, (second, CHUNK)]), Ok((8192, 64)));
    assert_eq!(made(&[first, (second, 2 * CHUNK)]), Err(second));
    let same = BASE + 2 * SLOT;
    assert_eq!(made(&[(BASE, SLOT), (same, SLOT)]), Err(same));
}

#[test]
fn geo_3_a_run_lies_in_the_first_block_or_in_those_behind_it() {
    let (half, quarter) = (CHUNK / 2, CHUNK / 4);
    for (start, len, blocks, longest) in [
        (half, quarter, 1, 256),
        (half, half, 1, 512),
        (half, half + SLOT, 2, 512),
        (half, CHUNK, 2, 512),
        (half, 2 * CHUNK + quarter, 3, 1792),
        (0, 2 * CHUNK, 2, 2048),
        (0, 20 * CHUNK, 20, 8192),
    ] {
        let piece = region(3 * CHUNK + start, len).range();
        let told = (blocks_in(piece), longest_run(piece));
        assert_eq!(told, (blocks, longest), "{piece}");
    }
}
