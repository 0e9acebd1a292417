//! What the layer is made of: a plain copy, a lock taken and given back.

#![expect(unsafe_code, reason = "copies between pages of the benchmark's own")]

use super::map::SIZES;
use super::meter::{Masked, Series, times};
use super::row::Row;
use super::{Group, Stand, Trouble};
use crate::channels::RamPages;
use arch::{Board, pmu};
use core::hint::black_box;
use hal::{DmaBuffer, IrqLock, Pages, Platform, Rank, Zone};

pub(super) const GROUPS: &[Group] = &[("base/memcpy", copies), ("base/spinlock", locks)];

fn copies(stand: &Stand) -> Result<(), Trouble> {
    for size in SIZES {
        let from: RamPages = Pages::alloc(stand.memory.zones, size, Zone::Dma)?;
        let to: RamPages = Pages::alloc(stand.memory.zones, size, Zone::Dma)?;
        let mut series = Series::new(times(size));
        let masked = Masked::new();
        for _ in 0..times(size) {
            let (from, to) = black_box((from.range(), to.range()));
            let start = pmu::cycles();
            // SAFETY: both are pages of RAM that are owned here, and different ones; `from` was given
            // initialised, and no slice of either exists.
            unsafe { Board.copy(from.start(), to.start(), to.len()) };
            black_box(&());
            series.add(stand.meter.between(start, pmu::cycles()));
        }
        drop(masked);
        row(stand, "memcpy", size).print("memcpy", &series);
    }
    Ok(())
}

fn locks(stand: &Stand) -> Result<(), Trouble> {
    let lock = IrqLock::<u64, Board>::new(Rank::Innermost, "bench", 0);
    let lock = black_box(&lock);
    let mut series = Series::new(times(0));
    let masked = Masked::new();
    for _ in 0..times(0) {
        let start = pmu::cycles();
        let guard = lock.lock();
        black_box(&*guard);
        drop(guard);
        series.add(stand.meter.between(start, pmu::cycles()));
    }
    drop(masked);
    row(stand, "spinlock", 0).print("lock_unlock_irqsave", &series);
    Ok(())
}

fn row(stand: &Stand, case: &'static str, size: u64) -> Row {
    Row {
        config: stand.config,
        section: "base",
        case,
        dir: None,
        size,
        live: 0,
        place: None,
    }
}
