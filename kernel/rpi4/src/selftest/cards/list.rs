//! A list of requests of the test's own, and the sums that must come of it: bytes direct, bytes
//! bounced, and bytes that the CPU moved, each counted by itself.

use super::super::bed::Bed;
use super::super::{Reason, Verdict, check, reason};
use crate::card::{self, BlockPath, CardDevice, CardError, Slot};
use crate::channels::RamPages;
use crate::layer::inspector;
use arch::Board;
use dma::Bouncing;
use drivers::sdhci::{BLOCK, Path};
use hal::Zone;
use storage::BlockDevice;

/// A request of a test: from which block on, how many, and what they are read into.
struct Segment {
    lba: u64,
    blocks: u64,
    zone: Zone,
    /// Where the window starts in its pages.
    offset: u64,
}

const fn segment(lba: u64, blocks: u64, zone: Zone, offset: u64) -> Segment {
    Segment {
        lba,
        blocks,
        zone,
        offset,
    }
}

/// Low and high pages in turn, from a block to more than can bounce at once.
const LIST: &[Segment] = &[
    segment(0, 1, Zone::High, 0),
    segment(1, 7, Zone::Dma, 0),
    segment(8, 64, Zone::High, 512),
    segment(100, 200, Zone::Dma, 1536),
    segment(2048, 5000, Zone::High, 0),
    segment(300, 3, Zone::Dma, 3584),
    segment(7047, 1, Zone::High, 64),
];

/// Bytes by the way they went.
#[derive(Debug, Default, PartialEq, Eq)]
struct Bytes {
    direct: u64,
    bounced: u64,
    by_channel: u64,
    by_cpu: u64,
}

/// What the list must come to: nothing is asked of the layer but its policy.
fn expected(bouncing: Bouncing) -> Bytes {
    let mut bytes = Bytes::default();
    for segment in LIST.iter().filter(|s| reachable(bouncing, s)) {
        let len = segment.blocks * BLOCK;
        match (bouncing, segment.zone) {
            (Bouncing::Forced, _) | (_, Zone::High) => bytes.bounced += len,
            _ => bytes.direct += len,
        }
        bytes.by_channel += len;
        bytes.by_cpu += len;
    }
    bytes
}

fn reachable(bouncing: Bouncing, segment: &Segment) -> bool {
    bouncing != Bouncing::Off || segment.zone == Zone::Dma
}

fn counted(bed: &Bed, slot: &mut Slot) -> Bytes {
    let totals = inspector().totals(bed.master());
    let traffic = slot.card().map(|card| card.traffic()).unwrap_or_default();
    Bytes {
        direct: totals.direct_bytes,
        bounced: totals.bounced_bytes,
        by_channel: traffic.dma_bytes,
        by_cpu: traffic.pio_bytes,
    }
}

pub(super) fn as_pages_lie(bed: &Bed) -> Verdict {
    let Some(mut slot) = card::open() else {
        return Verdict::Skipped("no card");
    };
    let (path, slot, bouncing) = (slot.path(), &mut *slot, bed.bouncing());
    if matches!(path, Path::Pio(_)) {
        return Verdict::Skipped("no channel for this card's controller");
    }
    let end = LIST.iter().map(|s| s.lba + s.blocks).max().unwrap_or(0);
    if slot.card().is_none_or(|card| card.info().blocks < end) {
        return Verdict::Skipped("a card of less than 4 MiB");
    }
    let before = counted(bed, slot);
    for segment in LIST {
        if let Err(why) = one(bed, slot, path, segment) {
            return Verdict::Failed(why);
        }
    }
    let after = counted(bed, slot);
    let moved = Bytes {
        direct: after.direct - before.direct,
        bounced: after.bounced - before.bounced,
        by_channel: after.by_channel - before.by_channel,
        by_cpu: after.by_cpu - before.by_cpu,
    };
    let expected = expected(bouncing);
    check!(moved == expected, "{moved:?}, not {expected:?}");
    Verdict::Passed
}

/// By the channel and by the CPU, and the same bytes from both; or refused where it must be.
fn one(bed: &Bed, slot: &mut Slot, path: BlockPath, segment: &Segment) -> Result<(), Reason> {
    let by_channel = fetch(bed, slot, path, segment);
    if !reachable(bed.bouncing(), segment) {
        return match by_channel {
            Err(Some(error)) if error.is_out_of_reach() => Ok(()),
            _ => Err(reason(format_args!("{}: not refused", segment.lba))),
        };
    }
    let at = |error| reason(format_args!("block {}: {error:?}", segment.lba));
    let by_channel = by_channel.map_err(at)?;
    let by_cpu = fetch(bed, slot, Path::Pio(&Board), segment).map_err(at)?;
    match *by_channel.bytes(&Board) == *by_cpu.bytes(&Board) {
        true => Ok(()),
        false => Err(reason(format_args!("block {}: bytes differ", segment.lba))),
    }
}

/// A segment as a request of the block layer; no error is no pages.
fn fetch(
    bed: &Bed,
    slot: &mut Slot,
    path: BlockPath,
    segment: &Segment,
) -> Result<RamPages, Option<CardError>> {
    let len = segment.blocks * BLOCK;
    let pages = bed
        .pages(segment.zone, segment.offset, len, |_| 0x5A)
        .ok_or(None)?;
    let mut device = CardDevice::new(slot, path).ok_or(None)?;
    device
        .read(segment.lba, pages)
        .map_err(|failed| Some(failed.error))
}
