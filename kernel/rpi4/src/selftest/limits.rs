//! What the layer refuses, and what `swiotlb=` makes of it.

extern crate alloc;

use super::bed::{Bed, pattern};
use super::{Test, Verdict, attempt, check, fail};
use crate::channels::RamPages;
use crate::layer::inspector;
use alloc::vec::Vec;
use arch::Board;
use dma::{BounceReason, Bouncing, FromDevice, MapError, Mapping, Refused, ToDevice};
use hal::{KIB, MIB, PAGE, Pages, Zone};

pub(super) const TESTS: &[Test] = &[
    // rules: INV-6
    ("a full pool refuses and recovers", full_pool),
    // rules: LIM-2, MAP-2
    ("what never fits is told apart from a full pool", too_long),
    // rules: BP-1, DEC-1
    ("force bounces what could go direct", forced),
    // rules: BP-1
    ("without a pool, what must bounce is refused", no_pool),
];

type ToDevicePage = Mapping<'static, Board, RamPages, ToDevice>;

fn full_pool(bed: &Bed) -> Verdict {
    if !bed.has_pool() {
        return Verdict::Skipped("swiotlb=noforce: no pool");
    }
    let before = bed.in_use();
    let (mut held, error) = fill_pool(bed);
    check!(
        matches!(error, Some(MapError::PoolFull { wanted: 2, .. })),
        "refused by {error:?} after {} mappings",
        held.len()
    );
    check!(
        error.is_some_and(|error| error.is_transient()),
        "a full pool is not for ever"
    );
    held.pop();
    let Some(page) = bed.pages(Zone::High, 0, 4096, pattern) else {
        fail!("no pages");
    };
    let mapping = bed.dma().map(bed.master(), page, ToDevice);
    drop(attempt!(mapping, "map after a release"));
    drop(held);
    let used = bed.in_use();
    check!(used == before, "{used} slots in use, {before} before");
    Verdict::Passed
}

/// Maps until a page is refused: long runs first, which the pool grows for, then what is left.
fn fill_pool(bed: &Bed) -> (Vec<ToDevicePage>, Option<MapError>) {
    let (mut held, mut error) = (Vec::new(), None);
    for len in [4 * MIB, MIB, 64 * KIB, PAGE] {
        // Not even their bytes are looked at.
        while let Ok(pages) = Pages::alloc(bed.memory.zones, len, Zone::High) {
            match bed.dma().map(bed.master(), pages, ToDevice) {
                Ok(mapping) => held.push(mapping),
                Err(refused) => {
                    error = Some(refused.error);
                    break;
                }
            }
        }
    }
    (held, error)
}

fn too_long(bed: &Bed) -> Verdict {
    let (dma, device) = (bed.dma(), bed.master());
    if !bed.has_pool() {
        return Verdict::Skipped("swiotlb=noforce: no pool");
    }
    let max = dma.max_mapping_size(device);
    let Some(beyond) = max.checked_add(1) else {
        return Verdict::Skipped("the device reaches all RAM");
    };
    let Ok(pages) = Pages::alloc(bed.memory.zones, beyond, Zone::High) else {
        fail!("no pages");
    };
    let error = refusal(dma.map(device, pages, FromDevice));
    let expected = Some(MapError::TooLong { len: beyond, max });
    check!(error == expected, "{error:?}");
    Verdict::Passed
}

fn forced(bed: &Bed) -> Verdict {
    let (dma, device) = (bed.dma(), bed.master());
    let Some(page) = bed.pages(Zone::Dma, 0, 4096, pattern) else {
        fail!("no pages");
    };
    let before = inspector().totals(device);
    drop(attempt!(dma.map(device, page, ToDevice), "map"));
    let after = inspector().totals(device);
    let (direct, forced) = (
        after.direct - before.direct,
        after.bounced_all() - before.bounced_all(),
    );
    let expected = if bed.bouncing() == Bouncing::Forced {
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
    if bed.has_pool() {
        return Verdict::Skipped("there is a pool");
    }
    let Some(page) = bed.pages(Zone::High, 0, 64, pattern) else {
        fail!("no pages");
    };
    let error = refusal(dma.map(device, page, ToDevice));
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

/// Why a mapping was refused, if it was.
fn refusal<M, B>(mapping: Result<M, Refused<B>>) -> Option<MapError> {
    mapping.err().map(|refused| refused.error)
}
