//! What the layer refuses, and where it can be called.

extern crate alloc;

use super::bed::{Bed, pattern};
use super::{Test, Verdict, attempt, check, fail};
use crate::channels::RamPages;
use crate::interrupts::at_timer;
use alloc::vec::Vec;
use arch::{Board, Timer};
use core::sync::atomic::{AtomicU32, Ordering};
use dma::{BounceReason, Bouncing, Dma, DmaDevice, FromDevice, MapError, ToDevice};
use hal::{Clock, IrqLock, Zone};
use spin::Once;

pub(super) const TESTS: &[Test] = &[
    ("a full pool refuses and recovers", full_pool),
    ("what never fits is told apart from a full pool", too_long),
    ("force bounces what could go direct", forced),
    ("without a pool, what must bounce is refused", no_pool),
    ("mapping in an interrupt handler", in_handler),
];

fn full_pool(bed: &Bed) -> Verdict {
    let (dma, device) = (bed.dma(), bed.master());
    let Some(total) = dma.pool_usage().map(|usage| usage.total) else {
        return Verdict::Skipped("swiotlb=noforce: no pool");
    };
    let before = bed.used_slots();
    let mut held = Vec::new();
    let error = loop {
        let Some(page) = bed.pages(Zone::High, 0, 4096, pattern) else {
            fail!("no pages");
        };
        match dma.map(device, page, ToDevice) {
            Ok(mapping) => held.push(mapping),
            Err(refused) => break refused.error,
        }
        check!(held.len() <= total as usize, "more mappings than slots");
    };
    check!(
        matches!(error, MapError::PoolFull { wanted: 2, .. }),
        "refused by {error:?}"
    );
    check!(error.is_transient(), "a full pool is not for ever");
    held.pop();
    let Some(page) = bed.pages(Zone::High, 0, 4096, pattern) else {
        fail!("no pages");
    };
    drop(attempt!(
        dma.map(device, page, ToDevice),
        "map after a release"
    ));
    drop(held);
    let used = bed.used_slots();
    check!(used == before, "{used} slots in use, {before} before");
    Verdict::Passed
}

fn too_long(bed: &Bed) -> Verdict {
    let (dma, device) = (bed.dma(), bed.master());
    if dma.bouncing() == Bouncing::Off {
        return Verdict::Skipped("swiotlb=noforce: no pool");
    }
    let max = dma.max_mapping_size(device);
    let Some(pages) = bed.pages(Zone::High, 0, max + 1, pattern) else {
        fail!("no pages");
    };
    let error = dma
        .map(device, pages, FromDevice)
        .err()
        .map(|refused| refused.error);
    let expected = Some(MapError::TooLong { len: max + 1, max });
    check!(error == expected, "{error:?}");
    Verdict::Passed
}

fn forced(bed: &Bed) -> Verdict {
    let (dma, device) = (bed.dma(), bed.master());
    let Some(page) = bed.pages(Zone::Dma, 0, 4096, pattern) else {
        fail!("no pages");
    };
    let before = device.counters().totals();
    drop(attempt!(dma.map(device, page, ToDevice), "map"));
    let after = device.counters().totals();
    let (direct, forced) = (
        after.direct - before.direct,
        after.bounced[0] - before.bounced[0],
    );
    let expected = if dma.bouncing() == Bouncing::Forced {
        (0, 1)
    } else {
        (1, 0)
    };
    check!(
        (direct, forced) == expected,
        "{direct} direct, {forced} forced"
    );
    Verdict::Passed
}

fn no_pool(bed: &Bed) -> Verdict {
    let (dma, device) = (bed.dma(), bed.master());
    if dma.bouncing() != Bouncing::Off {
        return Verdict::Skipped("there is a pool");
    }
    let Some(page) = bed.pages(Zone::High, 0, 64, pattern) else {
        fail!("no pages");
    };
    let error = dma
        .map(device, page, ToDevice)
        .err()
        .map(|refused| refused.error);
    let unreachable = matches!(
        error,
        Some(MapError::NoPool {
            reason: BounceReason::Unreachable,
            ..
        })
    );
    check!(unreachable, "{error:?}");
    // KM-5: without a pool the heap's smallest objects own their lines.
    let Ok(object) = bed.memory.heap.alloc_buf(16, Zone::Dma) else {
        fail!("no heap");
    };
    drop(attempt!(
        dma.map(device, object, FromDevice),
        "a small heap object"
    ));
    Verdict::Passed
}

/// What the handler works on.
struct InHandler {
    dma: &'static Dma<Board>,
    device: &'static DmaDevice,
    page: IrqLock<Option<RamPages>, Board>,
    runs: AtomicU32,
    refused: AtomicU32,
}

static IN_HANDLER: Once<InHandler> = Once::new();
/// How often the handler maps and unmaps.
const RUNS: u32 = 32;

fn map_and_unmap() {
    let Some(shared) = IN_HANDLER.get() else {
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

fn in_handler(bed: &Bed) -> Verdict {
    let zone = if bed.dma().bouncing() == Bouncing::Off {
        Zone::Dma
    } else {
        Zone::High
    };
    let Some(page) = bed.pages(zone, 100, 5000, pattern) else {
        fail!("no pages");
    };
    let (dma, device) = (bed.dma(), bed.master());
    let shared = IN_HANDLER.call_once(|| InHandler {
        dma,
        device,
        page: IrqLock::new(None),
        runs: AtomicU32::new(0),
        refused: AtomicU32::new(0),
    });
    // Anew for each run of the test.
    *shared.page.lock() = Some(page);
    shared.runs.store(0, Ordering::Release);
    shared.refused.store(0, Ordering::Relaxed);
    for run in 1..=RUNS {
        at_timer(20, map_and_unmap);
        // The thread maps as well meanwhile: the handler comes in between.
        let deadline = Timer.deadline(1_000_000);
        while shared.runs.load(Ordering::Acquire) < run && Timer.ticks() < deadline {
            let Some(mine) = bed.pages(zone, 0, 64, pattern) else {
                fail!("no pages");
            };
            drop(attempt!(
                dma.map(device, mine, ToDevice),
                "map in the thread"
            ));
        }
    }
    let runs = shared.runs.load(Ordering::Acquire);
    check!(runs == RUNS, "the handler ran {runs} times, not {RUNS}");
    check!(
        shared.refused.load(Ordering::Relaxed) == 0,
        "a mapping was refused in the handler"
    );
    let page = shared.page.lock().take();
    let whole = page.is_some_and(|page| super::bed::intact(page, pattern));
    check!(whole, "the handler's buffer changed");
    Verdict::Passed
}
