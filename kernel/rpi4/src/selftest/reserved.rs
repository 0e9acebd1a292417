//! What a device reserved is there when the pool has nothing left.

extern crate alloc;

use super::bed::{Bed, NO_POOL, holds, pattern};
use super::copy::copy;
use super::scarce::Scarce;
use super::{Test, Verdict, attempt, check, fail};
use alloc::vec::Vec;
use arch::Board;
use dma::{FromDevice, ToDevice};
use hal::{KIB, Zone};

pub(super) const TESTS: &[Test] = &[
    // rules: RS-1, RS-4
    (
        "reserved maps succeed while the pool is full",
        reserved_maps,
    ),
];

/// Cells, and the longest buffer in each.
const CELLS: usize = 4;
const LEN: u64 = 64 * KIB;

fn reserved_maps(bed: &Bed) -> Verdict {
    if bed.out_of_reach(&[Zone::High]) {
        return NO_POOL;
    }
    let before = bed.in_use();
    let (dma, channel) = (bed.dma(), bed.first());
    let reserved = attempt!(dma.reserve(bed.master(), CELLS, LEN, 1), "reserve");
    let scarce = attempt!(Scarce::leave(bed, 1), "reserving the rest of the pool");
    let mut held = Vec::new();
    for cell in 2..CELLS {
        let Some(pages) = bed.pages(Zone::High, 0, LEN, pattern) else {
            return Verdict::Skipped("too little RAM above the pool");
        };
        match dma.map(bed.master(), pages, ToDevice) {
            Ok(mapping) => held.push(mapping),
            Err(refused) => fail!("cell {cell}: {}", refused.error),
        }
    }
    let ends = [true, false].map(|filled| {
        let byte = move |i| if filled { pattern(i) } else { 0 };
        bed.pages(Zone::High, 12, 5000, byte)
    });
    let [Some(source), Some(dest)] = ends else {
        return Verdict::Skipped("too little RAM above the pool");
    };
    let (source, dest) = attempt!(
        copy(channel, (source, ToDevice), (dest, FromDevice)),
        "copy"
    );
    check!(holds(&dest.bytes(&Board), pattern), "other bytes arrived");
    drop((source, held, scarce, reserved));
    check!(
        bed.in_use() == before,
        "{before} in use before, {} after",
        bed.in_use()
    );
    super::growth::regained(bed)
}
