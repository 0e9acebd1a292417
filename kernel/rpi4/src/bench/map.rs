//! `map` and `unmap` of pages: below the devices' reach, and above it.

use super::devices::Devices;
use super::meter::{Masked, Meter, Series, times};
use super::row::{Place, Row, bounced};
use super::{Group, Stand, Trouble};
use crate::channels::RamPages;
use arch::{Board, pmu};
use core::hint::black_box;
use dma::{Bidirectional, Direction, Dma, DmaDevice, FromDevice, ToDevice};
use hal::{DmaBuffer, Pages, Zone};

/// A cache line, a sector, a frame, a page, and two of the lengths that storage moves.
pub(super) const SIZES: [u64; 6] = [64, 512, 1500, 4096, 65_536, 262_144];

pub(super) const GROUPS: &[Group] = &[
    ("map/low", |stand| {
        count(stand, "low", Zone::Dma, |all| &all.plain)
    }),
    ("map/high", |stand| {
        count(stand, "high", Zone::High, |all| &all.plain)
    }),
    ("map/low_socrange", |stand| {
        count(stand, "low_socrange", Zone::Dma, |all| &all.windowed)
    }),
    ("map/high_socrange", |stand| {
        count(stand, "high_socrange", Zone::High, |all| &all.windowed)
    }),
    ("map/low_coherent", |stand| {
        count(stand, "low_coherent", Zone::Dma, |all| &all.coherent)
    }),
    ("map/high_coherent", |stand| {
        count(stand, "high_coherent", Zone::High, |all| &all.coherent)
    }),
];

fn count(
    stand: &Stand,
    case: &'static str,
    zone: Zone,
    device: fn(&Devices) -> &DmaDevice,
) -> Result<(), Trouble> {
    let device = device(stand.devices);
    for size in SIZES {
        let row = Row {
            config: stand.config,
            section: "map",
            case,
            dir: None,
            size,
            live: 0,
            place: None,
        };
        let mut pages: RamPages = Pages::alloc(stand.memory.zones, size, zone)?;
        pages = pairs(stand, device, row, pages, ToDevice)?;
        pages = pairs(stand, device, row, pages, FromDevice)?;
        pairs(stand, device, row, pages, Bidirectional)?;
    }
    Ok(())
}

/// Counts pairs of `map` and `unmap`, and prints three rows.
pub(super) fn pairs<B: DmaBuffer, D: Direction + Copy>(
    stand: &Stand,
    device: &DmaDevice,
    row: Row,
    buffer: B,
    direction: D,
) -> Result<B, Trouble> {
    pairs_by(stand.meter, stand.layer.dma, device, row, buffer, direction)
}

/// As [`pairs`], by another layer than the kernel's.
pub(super) fn pairs_by<B: DmaBuffer, D: Direction + Copy>(
    meter: Meter,
    dma: &Dma<Board>,
    device: &DmaDevice,
    row: Row,
    mut buffer: B,
    direction: D,
) -> Result<B, Trouble> {
    let times = times(row.size);
    let bounced_before = bounced(device);
    let [mut map, mut unmap, mut pair] = [Series::new(times); 3];
    let masked = Masked::new();
    for _ in 0..times {
        let (counts, back) = one(meter, dma, device, buffer, direction)?;
        buffer = back;
        map.add(counts.0);
        unmap.add(counts.1);
        pair.add(counts.0 + counts.1);
    }
    drop(masked);
    let row = Row {
        dir: Some(D::DIR),
        place: Some(Place::of(device, bounced_before, buffer.range())),
        ..row
    };
    for (op, series) in [("map", map), ("unmap", unmap), ("pair", pair)] {
        row.print(op, &series);
    }
    Ok(buffer)
}

/// One pair: what `map` counts, and what `unmap` does.
#[inline(never)]
fn one<B: DmaBuffer, D: Direction>(
    meter: Meter,
    dma: &Dma<Board>,
    device: &DmaDevice,
    buffer: B,
    direction: D,
) -> Result<((u64, u64), B), Trouble> {
    let (dma, device) = (black_box(dma), black_box(device));
    black_box(&buffer);
    let start = pmu::cycles();
    let mapped = dma.map(device, buffer, direction);
    black_box(&mapped);
    let done = pmu::cycles();
    let map = meter.between(start, done);
    let mapping = mapped.map_err(|refused| Trouble::Map(refused.error))?;
    // By value: what has shown its address to somebody is copied before it is given away.
    let mapping = black_box(mapping);
    let start = pmu::cycles();
    let buffer = mapping.unmap();
    black_box(&buffer);
    let done = pmu::cycles();
    Ok(((map, meter.between(start, done)), buffer))
}
