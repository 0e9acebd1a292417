//! The SD card, where there is one. Nothing on it changes.

mod list;

use super::bed::Bed;
use super::{Test, Verdict, attempt, check, fail};
use crate::card::{self, BlockPath};
use crate::channels::RamPages;
use arch::Board;
use drivers::sdhci::{BLOCK, Failed, Path};
use hal::Zone;

pub(super) const TESTS: &[Test] = &[
    ("card blocks are the same by CPU and by channel", both_ways),
    ("blocks beyond the card are refused", beyond),
    (
        "card requests bounce or go direct as their pages lie",
        list::as_pages_lie,
    ),
];

/// Blocks of a request: more than a FIFO, a bounce slot and a page hold.
const MANY: u64 = 64;

fn both_ways(bed: &Bed) -> Verdict {
    let Some(path) = card::open().map(|slot| slot.path()) else {
        return Verdict::Skipped("no card");
    };
    let zone = bed.far_zone();
    for blocks in [1, MANY] {
        let pages = || bed.pages(zone, 0, blocks * BLOCK, |_| 0x5A);
        let (Some(first), Some(second)) = (pages(), pages()) else {
            fail!("no pages");
        };
        let by_cpu = attempt!(read(Path::Pio(&Board), first), "by the CPU");
        let by_path = attempt!(read(path, second), "by the card's path");
        let same = *by_cpu.bytes(&Board) == *by_path.bytes(&Board);
        check!(same, "{blocks} blocks differ");
    }
    Verdict::Passed
}

fn beyond(bed: &Bed) -> Verdict {
    let Some(mut slot) = card::open() else {
        return Verdict::Skipped("no card");
    };
    let path = slot.path();
    let Some(card) = slot.card() else {
        fail!("the slot has no card");
    };
    let Some(pages) = bed.pages(Zone::Dma, 0, 2 * BLOCK, |_| 0) else {
        fail!("no pages");
    };
    let last = card.info().blocks - 1;
    let refused = card.read(path, last, pages);
    check!(
        refused.is_err(),
        "two blocks from the last one on were read"
    );
    Verdict::Passed
}

/// The card's first blocks.
fn read(path: BlockPath, pages: RamPages) -> Result<RamPages, Failed<RamPages>> {
    let mut slot = card::open().expect("asked by the tests");
    slot.card().expect("it was opened").read(path, 0, pages)
}
