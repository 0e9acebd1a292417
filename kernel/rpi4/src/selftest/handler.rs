//! Mapping in an interrupt handler, while the thread that it interrupts maps as well.
//!
//! The timer's handler maps and unmaps one buffer over and over. Both take the layer's locks: were
//! one of them held with interrupts on, the handler would wait for its own thread for ever.

use super::bed::{intact, pattern};
use super::copy::told;
use super::{Bed, Reason, Test, Verdict, attempt, check, fail, reason};
use crate::channels::RamPages;
use crate::timers::at_timer;
use arch::{Board, Timer};
use core::sync::atomic::{AtomicU32, Ordering};
use dma::{Dma, DmaDevice, FromDevice, ToDevice};
use hal::{Clock, IrqLock, Rank, Zone};
use spin::Once;

pub(super) const TESTS: &[Test] = &[("mapping in an interrupt handler", in_handler)];

/// How often the handler maps and unmaps.
const RUNS: u32 = 32;
/// Between arming the timer and its interrupt.
const DELAY_US: u64 = 20;
/// Enough for one run of the handler.
const PATIENCE_US: u64 = 1_000_000;

/// What the handler works on.
struct Shared {
    dma: &'static Dma<Board>,
    device: &'static DmaDevice,
    /// Taken by the handler while it maps. Lock order: outermost, and nothing under it.
    page: IrqLock<Option<RamPages>, Board>,
    /// Mapped and unmapped, or refused, so often.
    runs: AtomicU32,
    refused: AtomicU32,
}

static SHARED: Once<Shared> = Once::new();

fn in_handler(bed: &Bed) -> Verdict {
    let zone = bed.far_zone();
    let Some(page) = bed.pages(zone, 100, 5000, pattern) else {
        fail!("no pages");
    };
    let shared = share(bed, page);
    for run in 1..=RUNS {
        at_timer(DELAY_US, map_and_unmap);
        attempt!(map_until(bed, zone, shared, run), "map in the thread");
    }
    let (runs, refused) = (
        shared.runs.load(Ordering::Acquire),
        shared.refused.load(Ordering::Relaxed),
    );
    check!(runs == RUNS, "the handler ran {runs} times, not {RUNS}");
    check!(
        refused == 0,
        "{refused} mappings were refused in the handler"
    );
    let page = shared.page.lock().take();
    let whole = page.is_some_and(|page| intact(page, pattern));
    check!(whole, "the handler's buffer changed");
    Verdict::Passed
}

/// Gives the handler its page, and starts its counts anew: the test may be run again.
fn share(bed: &Bed, page: RamPages) -> &'static Shared {
    let shared = SHARED.call_once(|| Shared {
        dma: bed.dma(),
        device: bed.master(),
        page: IrqLock::new(Rank::Outermost, "page of the handler", None),
        runs: AtomicU32::new(0),
        refused: AtomicU32::new(0),
    });
    *shared.page.lock() = Some(page);
    shared.runs.store(0, Ordering::Release);
    shared.refused.store(0, Ordering::Relaxed);
    shared
}

/// Maps and unmaps in the thread until the handler has run `runs` times: it comes in between.
fn map_until(bed: &Bed, zone: Zone, shared: &Shared, runs: u32) -> Result<(), Reason> {
    let deadline = Timer.deadline(PATIENCE_US);
    while shared.runs.load(Ordering::Acquire) < runs && Timer.ticks() < deadline {
        let pages = bed.pages(zone, 0, 64, pattern);
        let mine = pages.ok_or_else(|| reason(format_args!("no pages")))?;
        drop(
            shared
                .dma
                .map(shared.device, mine, ToDevice)
                .map_err(told)?,
        );
    }
    Ok(())
}

/// The handler.
fn map_and_unmap() {
    let Some(shared) = SHARED.get() else {
        return;
    };
    let Some(page) = shared.page.lock().take() else {
        return;
    };
    let page = match shared.dma.map(shared.device, page, FromDevice) {
        Ok(mapping) => mapping.unmap(),
        Err(refused) => {
            shared.refused.fetch_add(1, Ordering::Relaxed);
            refused.buffer
        }
    };
    *shared.page.lock() = Some(page);
    shared.runs.fetch_add(1, Ordering::Release);
}
