//! The bookkeeping of slots alone: taken and given back, without a byte copied or a line maintained.

use super::fill::{Bare, Source};
use super::meter::{Masked, Series};
use super::rig::{SLOTS, rig};
use super::row::Row;
use super::shape::{Shape, any_place, rare_place};
use super::{Group, Stand, Trouble};
use arch::{Board, pmu};
use core::hint::black_box;
use dma::DmaDevice;
use dma::swiotlb::{Layout, Pool, SLOT};
use hal::PhysAddr;

/// One slot, a page, and as many slots as half a word of the bookkeeping has.
const SIZES: [u64; 3] = [64, 4096, 65_536];
/// Calls of a series.
const TIMES: u64 = 256;

pub(super) const GROUPS: &[Group] = &[
    ("slots/any_place", |stand| any_place(stand, &SIZES, count)),
    ("slots/rare_place", |stand| rare_place(stand, count)),
];

/// What a request of `len` bytes for `device` looks like.
fn layout(pool: &Pool<Board>, device: &DmaDevice, len: u64) -> Layout {
    let made = Layout::new(PhysAddr::new(0), len, device.limits(), 0, pool.capacity());
    made.expect("shorter than the pool")
}

fn count(
    stand: &Stand,
    device: &DmaDevice,
    (case, shape): (&'static str, Shape),
    size: u64,
) -> Result<(), Trouble> {
    let pool = rig(stand)?.pool;
    let source = |len| Bare {
        pool,
        layout: layout(pool, &stand.devices.plain, len),
        len,
    };
    let (same, single) = (source(size), source(1));
    let in_use = shape.of(&same, &single, SLOTS / size.div_ceil(SLOT));
    let wanted = Bare {
        layout: layout(pool, device, size),
        ..same
    };
    let row = Row {
        config: stand.config,
        section: "slots",
        case,
        dir: None,
        size,
        live: in_use.count(),
        place: None,
    };
    match wanted.take() {
        Some(slots) => {
            wanted.give(slots);
            pairs(stand, &wanted, row);
        }
        None => refusals(stand, &wanted, row),
    }
    Ok(())
}

fn pairs(stand: &Stand, wanted: &Bare<'_>, row: Row) {
    let [mut take, mut release, mut pair] = [Series::new(TIMES); 3];
    let masked = Masked::new();
    for _ in 0..TIMES {
        let Bare { pool, layout, len } = black_box(wanted);
        let start = pmu::cycles();
        let slots = pool.alloc(layout, *len);
        black_box(&slots);
        let taken = stand.meter.between(start, pmu::cycles());
        let Ok(slots) = black_box(slots) else {
            break;
        };
        let start = pmu::cycles();
        pool.release(slots);
        black_box(&());
        let given = stand.meter.between(start, pmu::cycles());
        take.add(taken);
        release.add(given);
        pair.add(taken + given);
    }
    drop(masked);
    for (op, series) in [("take", take), ("release", release), ("pair", pair)] {
        row.print(op, &series);
    }
}

fn refusals(stand: &Stand, wanted: &Bare<'_>, row: Row) {
    let mut series = Series::new(TIMES);
    let masked = Masked::new();
    for _ in 0..TIMES {
        let Bare { pool, layout, len } = black_box(wanted);
        let start = pmu::cycles();
        let refused = pool.alloc(layout, *len);
        black_box(&refused);
        series.add(stand.meter.between(start, pmu::cycles()));
    }
    drop(masked);
    row.print("take_fails", &series);
}
