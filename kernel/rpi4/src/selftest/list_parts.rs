//! Lists that the CPU looks at in part while they are lent, and lists that it does not look at at all.

use super::bed::{self, AROUND, NO_POOL, pattern};
use super::copy::{moved, told};
use super::lists::{FROM, SEGMENTS, Shape, TO, Window, hold, holds, list};
use super::{Bed, Reason, Test, Verdict, attempt, check};
use crate::channels::RamPages;
use arch::Board;
use core::mem::forget;
use dma::{Bouncing, FromDevice, MappedSg, SgTable, ToDevice};
use drivers::dma_channel::Copy;
use hal::Zone;

pub(super) const TESTS: &[Test] = &[
    // rules: PS-2, PS-6
    ("parts of lists are handed over alone", parts),
    // rules: ATTR-1, ATTR-2
    (
        "a list goes from transfer to transfer past the CPU",
        passed_on,
    ),
];

/// Bytes that the CPU looks at in one go: no element's, no line's and no slot's.
const PART: usize = 7_777;
const TOTAL: usize = 60 + 9_300 + 30_641;

type Lent<D> = MappedSg<'static, Board, Window, D>;

/// Writes the pattern to a list that is lent, part by part; some guards are forgotten.
fn write_parts(list: &mut Lent<ToDevice>) -> Result<(), Reason> {
    for (i, from) in (0..TOTAL).step_by(PART).enumerate() {
        let len = PART.min(TOTAL - from);
        let part = list.for_cpu_range(from as u64, len as u64);
        let mut part = part.map_err(told)?;
        let mut at = from;
        part.for_each_mut(|bytes| {
            for byte in bytes {
                *byte = pattern(at);
                at += 1;
            }
        });
        if i % 2 == 1 {
            forget(part);
        }
    }
    Ok(())
}

/// Does a list that is lent hold the pattern, looked at part by part?
fn reads_parts(list: &mut Lent<FromDevice>) -> Result<bool, Reason> {
    let mut right = true;
    for from in (0..TOTAL).step_by(PART) {
        let len = PART.min(TOTAL - from);
        let part = list.for_cpu_range(from as u64, len as u64);
        let mut at = from;
        part.map_err(told)?.for_each(|bytes| {
            right &= bed::holds(bytes, |i| pattern(at + i));
            at += bytes.len();
        });
        right &= at == from + len;
    }
    Ok(right)
}

fn parts(bed: &Bed) -> Verdict {
    if bed.out_of_reach(&[Zone::High]) {
        return NO_POOL;
    }
    let (channel, before) = (bed.first(), bed.in_use());
    let source = attempt!(list(bed, &FROM, |i| !pattern(i)), "source");
    let dest = attempt!(list(bed, &TO, |_| AROUND), "destination");
    let mut source = attempt!(channel.map_sg(source, ToDevice), "map");
    let dest = attempt!(channel.map_sg(dest, FromDevice), "map");
    attempt!(write_parts(&mut source), "parts of the source");
    let (source, mut dest) = attempt!(moved(channel, Copy { source, dest }), "copy");
    let right = attempt!(reads_parts(&mut dest), "parts of the destination");
    check!(right, "a part of the destination is wrong");
    check!(holds(dest.unmap()), "the destination is wrong");
    check!(holds(source.unmap()), "the source is wrong");
    let used = bed.in_use();
    check!(used == before, "{used} slots in use, {before} before");
    Verdict::Passed
}

/// Low pages own their lines, whatever their windows: they bounce for no reason but force.
const LOW: [Shape; 2] = [(Zone::Dma, 0x3C, 30_900), (Zone::Dma, 8, 9_101)];

fn low(bed: &Bed, fill: impl Fn(usize) -> u8) -> Result<SgTable<RamPages>, Reason> {
    let mut table = SgTable::with_capacity(LOW.len(), SEGMENTS).map_err(told)?;
    let mut at = 0;
    for (zone, offset, len) in LOW {
        let pages = bed.pages(zone, offset, len, |i| fill(at + i));
        at += len as usize;
        let pages = pages.ok_or_else(|| told("no pages"))?;
        table
            .push(pages)
            .map_err(|_| told("no room in the table"))?;
    }
    Ok(table)
}

fn passed_on(bed: &Bed) -> Verdict {
    if bed.bouncing() == Bouncing::Forced {
        return Verdict::Skipped("swiotlb=force: what devices own must not bounce");
    }
    let channel = bed.first();
    let source = attempt!(low(bed, pattern), "source");
    let source = attempt!(channel.map_sg(source, ToDevice), "map");
    let dest = attempt!(
        channel.map_sg(attempt!(low(bed, |_| AROUND), "pages"), FromDevice),
        "map"
    );
    let (_, between) = attempt!(moved(channel, Copy { source, dest }), "first copy");
    // What one transfer wrote the next reads: no line is cleaned or dropped between them.
    let source = channel.map_sg_device_owned(between.unmap_skip_sync(), ToDevice);
    let source = attempt!(source, "map what a device owns");
    let dest = attempt!(
        channel.map_sg(attempt!(low(bed, |_| AROUND), "pages"), FromDevice),
        "map"
    );
    let (source, dest) = attempt!(moved(channel, Copy { source, dest }), "second copy");
    for (table, which) in [
        (source.unmap(), "passed on"),
        (dest.unmap(), "copied again"),
    ] {
        let right = hold(table.into_elements());
        check!(right, "what was {which} is wrong");
    }
    Verdict::Passed
}
