//! Lists of buffers by a real channel: heads and tails within lines, high pages, edges bounced alone.

use super::bed::{AROUND, NO_POOL, intact, pattern};
use super::copy::{moved, told};
use super::{Bed, Reason, Test, Verdict, attempt, check};
use crate::channels::RamPages;
use dma::{Bouncing, FromDevice, SgTable, ToDevice};
use drivers::dma_channel::Copy;
use hal::{DmaBuffer, PhysRange, Zone};

pub(super) const TESTS: &[Test] = &[
    // rules: SG-1, SG-2, SG-4
    ("lists are copied place by place", copied),
    (
        "of long buffers that share lines the edges bounce alone",
        edges,
    ),
];

/// Segments that a list of these tests may have.
pub(super) const SEGMENTS: usize = 16;

/// A window whose edge lines count as shared.
pub(super) struct Window(RamPages);

#[expect(unsafe_code, reason = "says of pages that they own less than they do")]
// SAFETY: owned pages, of which no more is claimed than their window.
unsafe impl DmaBuffer for Window {
    fn range(&self) -> PhysRange {
        self.0.range()
    }
    fn owned(&self) -> PhysRange {
        self.0.range()
    }
}

/// Zone, offset and length of an element.
pub(super) type Shape = (Zone, u64, u64);

pub(super) const FROM: [Shape; 3] = [
    (Zone::Dma, 4, 60),
    (Zone::High, 0x1C, 9_300),
    (Zone::Dma, 0x20, 30_641),
];
pub(super) const TO: [Shape; 3] = [
    (Zone::Dma, 0x3C, 30_900),
    (Zone::High, 0, 64),
    (Zone::Dma, 8, 9_037),
];

/// A list of these shapes, each element with the bytes that `fill` has for its part of the whole.
pub(super) fn list(
    bed: &Bed,
    shapes: &[Shape],
    fill: impl Fn(usize) -> u8,
) -> Result<SgTable<Window>, Reason> {
    let mut table = SgTable::with_capacity(shapes.len(), SEGMENTS).map_err(told)?;
    let mut at = 0;
    for &(zone, offset, len) in shapes {
        let pages = bed.pages(zone, offset, len, |i| fill(at + i));
        let pages = pages.ok_or_else(|| told("no pages"))?;
        at += len as usize;
        table
            .push(Window(pages))
            .map_err(|_| told("no room in the table"))?;
    }
    Ok(table)
}

/// Copies one list to another by a channel.
fn copy(
    bed: &Bed,
    (source, dest): (SgTable<Window>, SgTable<Window>),
) -> Result<(SgTable<Window>, SgTable<Window>), Reason> {
    let channel = bed.first();
    let source = channel.map_sg(source, ToDevice).map_err(told)?;
    let dest = channel.map_sg(dest, FromDevice).map_err(told)?;
    let (source, dest) = moved(channel, Copy { source, dest })?;
    Ok((source.unmap(), dest.unmap()))
}

/// Does each element hold its part of the pattern, and nothing new around it?
pub(super) fn holds(table: SgTable<Window>) -> bool {
    hold(table.into_elements().map(|Window(pages)| pages))
}

/// The same for bare pages.
pub(super) fn hold(mut elements: impl Iterator<Item = RamPages>) -> bool {
    let mut at = 0;
    elements.all(|pages| {
        let from = at;
        at += pages.range().len() as usize;
        intact(pages, |i| pattern(from + i))
    })
}

fn copied(bed: &Bed) -> Verdict {
    if bed.out_of_reach(&[Zone::High]) {
        return NO_POOL;
    }
    let before = bed.in_use();
    let source = attempt!(list(bed, &FROM, pattern), "source");
    let dest = attempt!(list(bed, &TO, |i| !pattern(i)), "destination");
    let (source, dest) = attempt!(copy(bed, (source, dest)), "copy");
    check!(holds(dest), "the destination is wrong");
    check!(holds(source), "the source changed");
    let used = bed.in_use();
    check!(used == before, "{used} slots in use, {before} before");
    Verdict::Passed
}

/// A cell for each edge, or a slot, and nothing beside the window changes.
fn edges(bed: &Bed) -> Verdict {
    if !bed.has_pool() {
        return Verdict::Skipped("swiotlb=noforce: nothing to bounce the edges by");
    }
    let before = bed.in_use();
    let shape = [(Zone::Dma, 0x1C, 40_000)];
    let source = attempt!(list(bed, &shape, pattern), "source");
    let dest = attempt!(list(bed, &shape, |_| AROUND), "destination");
    let dest = bed.first().map_sg(dest, FromDevice);
    let during = bed.in_use();
    drop(attempt!(dest, "map"));
    let forced = bed.bouncing() == Bouncing::Forced;
    check!(
        forced || during == before + 2,
        "{during} slots and cells in use while mapped, {before} before"
    );
    let dest = attempt!(list(bed, &shape, |_| AROUND), "destination");
    let (source, dest) = attempt!(copy(bed, (source, dest)), "copy");
    check!(holds(dest), "the destination is wrong");
    check!(holds(source), "the source changed");
    let used = bed.in_use();
    check!(used == before, "{used} slots in use, {before} before");
    Verdict::Passed
}
