//! The bounce pool grows, and gives back what it grew by.

extern crate alloc;

use super::bed::Bed;
use super::cores::{while_others_are_busy, within_patience};
use super::{Test, Verdict, check, fail};
use crate::channels::RamPages;
use alloc::vec::Vec;
use arch::Board;
use dma::swiotlb::Extent;
use dma::{MapError, Mapping, ToDevice};
use hal::{Irq, KIB, MIB, Pages, Zone};

pub(super) const TESTS: &[Test] = &[
    (
        "a burst makes the pool grow, and it shrinks to its floor",
        burst,
    ),
    ("the pool grows while all cores are busy", while_busy),
];

type Held = Mapping<'static, Board, RamPages, ToDevice>;

/// Bytes in flight at once in a burst.
const BURST: u64 = 48 * MIB;
/// Bytes of one mapping.
const LEN: u64 = 256 * KIB;

fn extent(bed: &Bed) -> Option<Extent> {
    bed.pool().map(|pool| pool.extent())
}

/// Maps one more buffer that is out of reach.
fn map(bed: &Bed, len: u64) -> Result<Held, Option<MapError>> {
    let pages = Pages::alloc(bed.memory.zones, len, Zone::High).map_err(|_| None)?;
    let mapping = bed.dma().map(bed.master(), pages, ToDevice);
    mapping.map_err(|refused| Some(refused.error))
}

fn total(bed: &Bed) -> u32 {
    bed.pool().map_or(0, |pool| pool.usage().total)
}

fn burst(bed: &Bed) -> Verdict {
    let Some(extent) = extent(bed) else {
        return Verdict::Skipped("swiotlb=noforce: no pool");
    };
    if u64::from(extent.ceiling) * 2 * KIB < BURST + 2 * MIB {
        return Verdict::Skipped("swiotlb.max= is less than the burst");
    }
    let mut held = Vec::new();
    for _ in 0..BURST / LEN {
        match map(bed, LEN) {
            Ok(mapping) => held.push(mapping),
            Err(None) => return Verdict::Skipped("too little RAM above the pool"),
            Err(Some(error)) => fail!("{error} after {} mappings", held.len()),
        }
    }
    let grown = total(bed);
    check!(
        u64::from(grown) * 2 * KIB >= BURST,
        "{grown} slots for {BURST} bytes"
    );
    drop(held);
    regained(bed)
}

/// The floor, and nothing kept ready, before long.
pub(super) fn regained(bed: &Bed) -> Verdict {
    let rests = || {
        let rests = |extent: Extent| total(bed) == extent.floor && !extent.spare;
        extent(bed).is_some_and(rests)
    };
    check!(within_patience(rests), "{:?}", extent(bed));
    Verdict::Passed
}

fn while_busy(bed: &Bed) -> Verdict {
    if !bed.has_pool() {
        return Verdict::Skipped("swiotlb=noforce: no pool");
    }
    if extent(bed).is_some_and(|extent| extent.ceiling <= extent.floor) {
        return Verdict::Skipped("the pool has its ceiling for a floor");
    }
    // What an earlier test grew it by would leave it no room.
    if let Verdict::Failed(why) = regained(bed) {
        return Verdict::Failed(why);
    }
    match while_others_are_busy(|| grows_by_the_tick(bed)) {
        // Tests that follow watch cores sleep, and a pool that shrinks wakes them.
        Verdict::Passed => regained(bed),
        verdict => verdict,
    }
}

/// Fills the pool with interrupts masked, so that no request may fetch a chunk itself; the tick does.
fn grows_by_the_tick(bed: &Bed) -> Verdict {
    let before = total(bed);
    let mut held = Vec::new();
    let mut fill = || {
        let masked = Board::mask();
        let error = loop {
            match map(bed, LEN) {
                Ok(mapping) => held.push(mapping),
                Err(error) => break error,
            }
        };
        Board::restore(masked);
        error
    };
    match fill() {
        None => return Verdict::Skipped("too little RAM above the pool"),
        Some(error) => check!(error.is_transient(), "{error}"),
    }
    // Masked, it grows by spares alone, and only a tick makes those: some may have come meanwhile.
    let ready = || total(bed) > before || extent(bed).is_some_and(|extent| extent.spare);
    check!(within_patience(ready), "no spare: {:?}", extent(bed));
    fill();
    let after = total(bed);
    check!(after > before, "{after} slots, {before} before");
    drop(held);
    Verdict::Passed
}
