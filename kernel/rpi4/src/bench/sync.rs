//! `for_cpu` on a mapping at rest, and the end of the view: the field's `sync_single_for_cpu` and
//! `_for_device`. Nothing is written through the view, but a writable one counts as written.

use super::map::SIZES;
use super::meter::{Masked, Meter, Series, times};
use super::row::{Place, Row, bounced};
use super::{Group, Stand, Trouble};
use crate::channels::RamPages;
use arch::{Board, pmu};
use core::hint::black_box;
use dma::{Bidirectional, Direction, FromDevice, Mapping, ToDevice};
use hal::{DmaBuffer, Pages, Zone};

pub(super) const GROUPS: &[Group] = &[
    ("sync/low", |stand| count(stand, "low", Zone::Dma)),
    ("sync/high", |stand| count(stand, "high", Zone::High)),
];

fn count(stand: &Stand, case: &'static str, zone: Zone) -> Result<(), Trouble> {
    for size in SIZES {
        let row = Row {
            config: stand.config,
            section: "sync",
            case,
            dir: None,
            size,
            live: 0,
            place: None,
        };
        let mut pages: RamPages = Pages::alloc(stand.memory.zones, size, zone)?;
        pages = looks(stand, row, pages, ToDevice)?;
        pages = looks(stand, row, pages, FromDevice)?;
        looks(stand, row, pages, Bidirectional)?;
    }
    Ok(())
}

/// Counts looks at one mapping, and prints two rows.
fn looks<B: DmaBuffer, D: Direction>(
    stand: &Stand,
    row: Row,
    buffer: B,
    direction: D,
) -> Result<B, Trouble> {
    let times = times(row.size);
    let [mut for_cpu, mut for_device] = [Series::new(times); 2];
    let device = &stand.devices.plain;
    let (range, bounced_before) = (buffer.range(), bounced(device));
    let mapped = stand.layer.dma.map(device, buffer, direction);
    let mut mapping = mapped.map_err(|refused| Trouble::Map(refused.error))?;
    let masked = Masked::new();
    for _ in 0..times {
        let (look, end) = one(stand.meter, &mut mapping);
        for_cpu.add(look);
        for_device.add(end);
    }
    drop(masked);
    let row = Row {
        dir: Some(D::DIR),
        place: Some(Place::of(device, bounced_before, range)),
        ..row
    };
    row.print("for_cpu", &for_cpu);
    row.print("for_device", &for_device);
    Ok(mapping.unmap())
}

/// One look: what its beginning counts, and what its end does.
#[inline(never)]
fn one<B: DmaBuffer, D: Direction>(
    meter: Meter,
    mapping: &mut Mapping<'_, Board, B, D>,
) -> (u64, u64) {
    let mapping = black_box(mapping);
    let start = pmu::cycles();
    let view = mapping.for_cpu();
    black_box(&view);
    let done = pmu::cycles();
    let for_cpu = meter.between(start, done);
    let start = pmu::cycles();
    drop(view);
    black_box(&());
    let done = pmu::cycles();
    (for_cpu, meter.between(start, done))
}
