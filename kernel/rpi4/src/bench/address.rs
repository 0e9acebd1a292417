//! `map` and `unmap` by bus address: what a driver in C's manner pays, call for call as in Linux.

#![expect(
    unsafe_code,
    reason = "maps pages that it owns, for a device that is told nothing"
)]

use super::map::SIZES;
use super::meter::{Masked, Meter, Series, times};
use super::row::{Place, Row, bounced};
use super::{Group, Stand, Trouble};
use crate::channels::RamPages;
use arch::{Board, pmu};
use core::hint::black_box;
use dma::Dir;
use dma::address::{Attrs, ByAddress};
use hal::{DmaBuffer, Pages, PhysRange, Zone};

const DIRS: [Dir; 3] = [Dir::ToDevice, Dir::FromDevice, Dir::Bidirectional];

pub(super) const GROUPS: &[Group] = &[
    ("map/low_by_address", |stand| {
        count(stand, "low_by_address", Zone::Dma)
    }),
    ("map/high_by_address", |stand| {
        count(stand, "high_by_address", Zone::High)
    }),
];

fn count(stand: &Stand, case: &'static str, zone: Zone) -> Result<(), Trouble> {
    for size in SIZES {
        let pages: RamPages = Pages::alloc(stand.memory.zones, size, zone)?;
        for dir in DIRS {
            let row = Row {
                config: stand.config,
                section: "map",
                case,
                dir: Some(dir),
                size,
                live: 0,
                place: None,
            };
            pairs(stand, row, pages.range(), dir)?;
        }
    }
    Ok(())
}

/// Counts pairs, and prints three rows.
fn pairs(stand: &Stand, row: Row, block: PhysRange, dir: Dir) -> Result<(), Trouble> {
    let device = &stand.devices.plain;
    let calls = stand.layer.dma.by_address(device)?;
    let times = times(row.size);
    let bounced_before = bounced(device);
    let [mut map, mut unmap, mut pair] = [Series::new(times); 3];
    let masked = Masked::new();
    for _ in 0..times {
        let counts = one(stand.meter, calls, block, dir)?;
        map.add(counts.0);
        unmap.add(counts.1);
        pair.add(counts.0 + counts.1);
    }
    drop(masked);
    let place = Some(Place::of(device, bounced_before, block));
    let row = Row { place, ..row };
    for (op, series) in [("map", map), ("unmap", unmap), ("pair", pair)] {
        row.print(op, &series);
    }
    Ok(())
}

/// One pair: what `map` counts, and what `unmap` does.
#[inline(never)]
fn one(
    meter: Meter,
    calls: ByAddress<'_, Board>,
    block: PhysRange,
    dir: Dir,
) -> Result<(u64, u64), Trouble> {
    let (calls, block, dir) = (black_box(calls), black_box(block), black_box(dir));
    let start = pmu::cycles();
    // SAFETY: the pages are the caller's, and no device is told the address.
    let mapped = unsafe { calls.map_single(block, dir, Attrs::NONE) };
    black_box(&mapped);
    let done = pmu::cycles();
    let map = meter.between(start, done);
    let addr = black_box(mapped.map_err(Trouble::Map)?);
    let start = pmu::cycles();
    // SAFETY: mapped above, for as many bytes in the same direction.
    unsafe { calls.unmap_single(addr, block.len(), dir, Attrs::NONE) };
    let done = pmu::cycles();
    Ok((map, meter.between(start, done)))
}
