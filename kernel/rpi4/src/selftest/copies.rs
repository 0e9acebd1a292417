//! Real transfers: every direction, direct and bounced, aligned and not.

use super::bed::{AROUND, NO_POOL, holds, intact, pattern};
use super::copy::{TIMEOUT_US, copy, map_ends};
use super::second_handle::{copy_polled, second_handle};
use super::{Bed, Test, Verdict, attempt, check, fail};
use crate::layer::inspector;
use arch::{Board, Timer};
use dma::{Bidirectional, FromDevice, ToDevice};
use hal::Zone;
use mm::HeapBuf;

pub(super) const TESTS: &[Test] = &[
    // rules: INV-1, INV-2
    ("copies low to low", |bed| copies(bed, Zone::Dma, Zone::Dma)),
    // rules: INV-1, INV-2
    ("copies low to high", |bed| {
        copies(bed, Zone::Dma, Zone::High)
    }),
    ("copies high to low", |bed| {
        copies(bed, Zone::High, Zone::Dma)
    }),
    ("copies high to high", |bed| {
        copies(bed, Zone::High, Zone::High)
    }),
    // rules: INV-1, INV-2
    ("bidirectional buffers at both ends", bidirectional),
    // rules: OWN-1, PS-2
    ("parts that the CPU changes reach the device", parts),
    ("a chain of control blocks", chain),
    (
        "heap objects that share lines keep their neighbours",
        shared_lines,
    ),
];

/// Lengths and offsets that meet every case of lines, words and slots.
const SHAPES: &[(u64, u64)] = &[
    (0, 64),
    (0, 4096),
    (0, 1),
    (4, 60),
    (1, 63),
    (62, 5),
    (63, 130),
    (2047, 2050),
    (4095, 4098),
    (0, 65_536),
    (17, 200_003),
];

fn copies(bed: &Bed, from: Zone, to: Zone) -> Verdict {
    if bed.out_of_reach(&[from, to]) {
        return NO_POOL;
    }
    let before = bed.in_use();
    for &shape in SHAPES {
        let verdict = copy_shape(bed, from, to, shape);
        if !matches!(verdict, Verdict::Passed) {
            return verdict;
        }
    }
    let used = bed.in_use();
    check!(used == before, "{used} slots in use, {before} before");
    Verdict::Passed
}

fn copy_shape(bed: &Bed, from: Zone, to: Zone, (offset, len): (u64, u64)) -> Verdict {
    // The destination starts elsewhere in its line.
    let pages = (
        bed.pages(from, offset, len, pattern),
        bed.pages(to, 64 - offset % 64, len, |i| !pattern(i)),
    );
    let (Some(source), Some(dest)) = pages else {
        fail!("no pages for {len} bytes");
    };
    let (source, dest) = attempt!(
        copy(bed.first(), (source, ToDevice), (dest, FromDevice)),
        "copy"
    );
    check!(
        intact(dest, pattern),
        "{len} bytes at {offset}: the destination is wrong"
    );
    check!(
        intact(source, pattern),
        "{len} bytes at {offset}: the source changed"
    );
    Verdict::Passed
}

/// There and back again.
fn bidirectional(bed: &Bed) -> Verdict {
    let pages = (
        bed.pages(bed.far_zone(), 3, 5000, pattern),
        bed.pages(Zone::Dma, 5, 5000, |i| !pattern(i)),
    );
    let (Some(a), Some(b)) = pages else {
        fail!("no pages");
    };
    let (a, b) = attempt!(
        copy(bed.first(), (a, Bidirectional), (b, Bidirectional)),
        "there"
    );
    check!(intact(b, pattern), "the destination is wrong");
    let Some(b) = bed.pages(Zone::Dma, 0, 5000, |i| pattern(i) ^ 0x55) else {
        fail!("no pages");
    };
    let (_, a) = attempt!(
        copy(bed.first(), (b, Bidirectional), (a, Bidirectional)),
        "back"
    );
    check!(intact(a, |i| pattern(i) ^ 0x55), "what came back is wrong");
    Verdict::Passed
}

/// Parts that start and end inside of lines.
const PARTS: &[(u64, u64)] = &[
    (0, 1),
    (9, 300),
    (447, 130),
    (700, 30),
    (4030, 64),
    (4999, 1),
];

/// The CPU changes parts of a buffer that is mapped already: of each no more is maintained, or copied
/// into a bounce buffer, than its own lines.
fn parts(bed: &Bed) -> Verdict {
    let pages = (
        bed.pages(bed.far_zone(), 3, 5000, pattern),
        bed.pages(Zone::Dma, 0, 5000, |i| !pattern(i)),
    );
    let (Some(source), Some(dest)) = pages else {
        fail!("no pages");
    };
    let mapped = map_ends(bed.first(), (source, ToDevice), (dest, FromDevice));
    let mut ends = attempt!(mapped, "map");
    for &(offset, len) in PARTS {
        let mut part = attempt!(ends.source.for_cpu_range(offset, len), "part");
        part.iter_mut().for_each(|byte| *byte ^= 0x55);
    }
    let transfer = attempt!(bed.first().start(ends), "start");
    let (_, dest) = attempt!(transfer.wait(&Timer, TIMEOUT_US), "wait");
    let changed = |i: usize| {
        let i = i as u64;
        PARTS.iter().any(|(at, len)| (*at..at + len).contains(&i))
    };
    let expected = |i| pattern(i) ^ if changed(i) { 0x55 } else { 0 };
    check!(intact(dest.unmap(), expected), "the destination is wrong");
    Verdict::Passed
}

/// A copy in blocks of 192 bytes at most.
fn chain(bed: &Bed) -> Verdict {
    let Some(channel) = second_handle(bed, bed.first().id(), bed.master()) else {
        fail!("no second handle on the channel");
    };
    let pages = (
        bed.pages(Zone::Dma, 7, 10_001, pattern),
        bed.pages(Zone::Dma, 0, 10_001, |i| !pattern(i)),
    );
    let (Some(source), Some(dest)) = pages else {
        fail!("no pages");
    };
    let (_, dest) = attempt!(
        copy_polled(&channel.with_max_block(192), source, dest),
        "chain"
    );
    check!(intact(dest, pattern), "the destination is wrong");
    Verdict::Passed
}

fn shared_lines(bed: &Bed) -> Verdict {
    if !bed.has_pool() {
        return Verdict::Skipped("swiotlb=noforce: every object owns its lines instead");
    }
    let Some([before, object, after]) = neighbours(bed) else {
        fail!("no heap");
    };
    let Some(source) = bed.pages(Zone::Dma, 0, 16, pattern) else {
        fail!("no pages");
    };
    let counted = inspector().totals(bed.master()).bounced_all();
    let (_, object) = attempt!(
        copy(bed.first(), (source, ToDevice), (object, FromDevice)),
        "copy"
    );
    let bounced = inspector().totals(bed.master()).bounced_all() - counted;
    check!(bounced > 0, "an object that shares its line did not bounce");
    check!(holds(&object.bytes(&Board), pattern), "wrong bytes");
    for (object, fill) in [(before, BEFORE), (after, AFTER)] {
        let kept = holds(&object.bytes(&Board), |_| fill);
        check!(kept, "the neighbour with {fill:#x} changed");
    }
    Verdict::Passed
}

/// What the neighbours of an object hold.
const BEFORE: u8 = 0xB0;
const AFTER: u8 = 0xAF;

/// Three small objects. They are of one class, so at least two of them share a line.
fn neighbours(bed: &Bed) -> Option<[HeapBuf<Board>; 3]> {
    let small = |fill| {
        let mut object = bed.memory.heap.alloc_buf(16, Zone::Normal).ok()?;
        object.bytes_mut(&Board).fill(fill);
        Some(object)
    };
    Some([small(BEFORE)?, small(AROUND)?, small(AFTER)?])
}
