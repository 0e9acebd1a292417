//! Real transfers: every direction, direct and bounced, aligned and not.

use super::bed::{AROUND, copy, intact, pattern};
use super::{Bed, Test, Verdict, attempt, check, fail};
use crate::channels::DmaChannel;
use crate::end;
use arch::Board;
use core::cell::Cell;
use dma::{Bidirectional, Bouncing, DmaDevice, FromDevice, ToDevice};
use drivers::dma_channel::Channel;
use hal::{DmaBuffer, PAGE, Pages, Zone};

pub(super) const TESTS: &[Test] = &[
    ("copies low to low", |bed| copies(bed, Zone::Dma, Zone::Dma)),
    ("copies low to high", |bed| {
        copies(bed, Zone::Dma, Zone::High)
    }),
    ("copies high to low", |bed| {
        copies(bed, Zone::High, Zone::Dma)
    }),
    ("copies high to high", |bed| {
        copies(bed, Zone::High, Zone::High)
    }),
    ("bidirectional buffers at both ends", bidirectional),
    ("a chain of control blocks", chain),
    (
        "heap objects that share lines keep their neighbours",
        shared_lines,
    ),
    ("a bounced transfer leaves 1 GiB below alone", canary_stays),
    ("a raw high address trips the canary", canary_trips),
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

/// No pool, and yet the device does not reach it.
fn must_skip(bed: &Bed, zones: &[Zone]) -> bool {
    bed.dma().bouncing() == Bouncing::Off && zones.contains(&Zone::High)
}

const NO_POOL: Verdict = Verdict::Skipped("swiotlb=noforce: out of the device's reach");

fn copies(bed: &Bed, from: Zone, to: Zone) -> Verdict {
    if must_skip(bed, &[from, to]) {
        return NO_POOL;
    }
    let before = bed.used_slots();
    for &(offset, len) in SHAPES {
        // The destination starts elsewhere in its line.
        let (source, dest) = (
            bed.pages(from, offset, len, pattern),
            bed.pages(to, 64 - offset % 64, len, |i| !pattern(i)),
        );
        let (Some(source), Some(dest)) = (source, dest) else {
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
    }
    let used = bed.used_slots();
    check!(used == before, "{used} slots in use, {before} before");
    Verdict::Passed
}

fn bidirectional(bed: &Bed) -> Verdict {
    let zone = if must_skip(bed, &[Zone::High]) {
        Zone::Dma
    } else {
        Zone::High
    };
    let pages = (
        bed.pages(zone, 3, 5000, pattern),
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

/// A channel over the registers of one that rests, for tests that need it otherwise described.
fn another(bed: &Bed, device: &'static DmaDevice) -> Option<DmaChannel> {
    let id = bed.first().id();
    let io = bed.channels.registers_again(id)?;
    let blocks = Pages::alloc(bed.memory.zones, PAGE, Zone::Dma).ok()?;
    Channel::new(id, io, bed.dma(), device, blocks).ok()
}

fn chain(bed: &Bed) -> Verdict {
    let Some(channel) = another(bed, bed.master()) else {
        fail!("no second handle on the channel");
    };
    let channel = alloc_static(channel.with_max_block(192));
    let pages = (
        bed.pages(Zone::Dma, 7, 10_001, pattern),
        bed.pages(Zone::Dma, 0, 10_001, |i| !pattern(i)),
    );
    let (Some(source), Some(dest)) = pages else {
        fail!("no pages");
    };
    let (_, dest) = attempt!(polled(channel, source, dest), "chain");
    check!(intact(dest, pattern), "the destination is wrong");
    Verdict::Passed
}

extern crate alloc;

fn alloc_static(channel: DmaChannel) -> &'static DmaChannel {
    alloc::boxed::Box::leak(alloc::boxed::Box::new(channel))
}

/// Copies by a channel that no interrupt handler knows: it is asked instead.
fn polled<A: DmaBuffer, B: DmaBuffer>(
    channel: &'static DmaChannel,
    source: A,
    dest: B,
) -> Result<(A, B), super::Reason> {
    let text = |error: &dyn core::fmt::Display| super::reason(format_args!("{error}"));
    let (dma, device) = (channel.layer(), channel.device());
    let source = dma
        .map(device, source, ToDevice)
        .map_err(|refused| text(&refused))?;
    let dest = dma
        .map(device, dest, FromDevice)
        .map_err(|refused| text(&refused))?;
    let copy = drivers::dma_channel::Copy { source, dest };
    let masked = <Board as hal::Irq>::mask();
    let started = channel.start(copy);
    let seen = Cell::new(false);
    for _ in 0..1_000_000 {
        if channel.interrupt() {
            seen.set(true);
            break;
        }
    }
    <Board as hal::Irq>::restore(masked);
    let transfer = started.map_err(|not| text(&not.error))?;
    let ends = transfer
        .wait(&arch::Timer, 0)
        .map_err(|failure| text(&failure.error))?;
    Ok((ends.0.unmap(), ends.1.unmap()))
}

fn shared_lines(bed: &Bed) -> Verdict {
    if bed.dma().bouncing() == Bouncing::Off {
        return Verdict::Skipped("swiotlb=noforce: every object owns its lines instead");
    }
    // Neighbours of one class: at least two of them share a line.
    let small = || bed.memory.heap.alloc_buf(16, Zone::Normal).ok();
    let (Some(mut before), Some(mut object), Some(mut after)) = (small(), small(), small()) else {
        fail!("no heap");
    };
    before.bytes_mut(&Board).fill(0xB0);
    object.bytes_mut(&Board).fill(AROUND);
    after.bytes_mut(&Board).fill(0xAF);
    let Some(source) = bed.pages(Zone::Dma, 0, 16, pattern) else {
        fail!("no pages");
    };
    let counted = bed.master().counters().totals().bounced_all();
    let (_, object) = attempt!(
        copy(bed.first(), (source, ToDevice), (object, FromDevice)),
        "copy"
    );
    let bounced = bed.master().counters().totals().bounced_all() - counted;
    check!(bounced > 0, "an object that shares its line did not bounce");
    check!(
        object
            .bytes(&Board)
            .iter()
            .enumerate()
            .all(|(i, b)| *b == pattern(i)),
        "wrong bytes"
    );
    check!(
        before.bytes(&Board).iter().all(|byte| *byte == 0xB0),
        "the object before changed"
    );
    check!(
        after.bytes(&Board).iter().all(|byte| *byte == 0xAF),
        "the object behind changed"
    );
    Verdict::Passed
}

fn canary_stays(bed: &Bed) -> Verdict {
    if must_skip(bed, &[Zone::High]) {
        return NO_POOL;
    }
    let Some((canary, buffer)) = bed.mirrored() else {
        return Verdict::Skipped("no pages with 1 GiB between them");
    };
    let (Ok(mut canary), Ok(buffer)) = (canary.with_window(0, 4096), buffer.with_window(0, 4096))
    else {
        fail!("the pages are shorter than a page");
    };
    canary.bytes_mut(&Board).fill(0xCA);
    let Some(source) = bed.pages(Zone::Dma, 0, 4096, pattern) else {
        fail!("no pages");
    };
    let (_, buffer) = attempt!(
        copy(bed.first(), (source, ToDevice), (buffer, FromDevice)),
        "copy"
    );
    check!(
        buffer
            .bytes(&Board)
            .iter()
            .enumerate()
            .all(|(i, b)| *b == pattern(i)),
        "wrong bytes"
    );
    check!(
        canary.bytes(&Board).iter().all(|byte| *byte == 0xCA),
        "the canary is dead"
    );
    Verdict::Passed
}

/// A device that is said to reach everything is given a high address as it is. The emulator wraps it
/// to 1 GiB below: if the canary did not notice, no other test would.
fn canary_trips(bed: &Bed) -> Verdict {
    if !end::is_emulator() || bed.dma().bouncing() == Bouncing::Forced {
        return Verdict::Skipped("only the emulator, told not to bounce, does this harmlessly");
    }
    let described = DmaDevice::builder("misdescribed").granule(4).build();
    let device = alloc::boxed::Box::leak(alloc::boxed::Box::new(attempt!(described, "device")));
    let (Some((canary, buffer)), Some(channel)) = (bed.mirrored(), another(bed, device)) else {
        return Verdict::Skipped("no pages with 1 GiB between them");
    };
    let (Ok(mut canary), Ok(buffer)) = (canary.with_window(0, 4096), buffer.with_window(0, 4096))
    else {
        fail!("the pages are shorter than a page");
    };
    canary.bytes_mut(&Board).fill(0xCA);
    let Some(source) = bed.pages(Zone::Dma, 0, 4096, pattern) else {
        fail!("no pages");
    };
    attempt!(polled(alloc_static(channel), source, buffer), "copy");
    check!(
        canary.bytes(&Board)[0] == pattern(0),
        "the canary lives: it would notice nothing"
    );
    Verdict::Passed
}
