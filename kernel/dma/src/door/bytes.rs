//! Copies between a buffer and its slots, and lines dropped from the cache.
//!
//! Each function takes the values that own the memory: `&B` and `&StandIn` are the proof. What stands in
//! may be uncached (`cells`): then there are no lines to maintain.

use super::{around, cells};
use crate::device::DmaDevice;
use crate::guard::Cover;
use crate::maintenance;
use crate::span::Span;
use crate::stand_in::StandIn;
use hal::buffer::View;
use hal::{Access, DmaBuffer, LINE, PhysRange, Platform};

/// Fills a bounce buffer for the device, in every direction (CP-3): the original's bytes, and around them
/// what belongs there (CP-4). For a device that does not snoop, cleans all of it and waits.
#[inline]
pub(crate) fn fill<P: Platform, B: DmaBuffer>(
    platform: &P,
    device: &DmaDevice,
    buffer: &B,
    slots: &StandIn,
    cover: Cover,
) {
    fill_block(platform, device, (buffer, buffer.range()), slots, cover);
    wait(platform, device, slots);
}

/// Fills a bounce buffer with zeros, and around them with what belongs there, for a device of which no more
/// comes back than it wrote (WE-2). For a device that does not snoop, cleans it and waits.
pub(crate) fn scrub<P: Platform>(platform: &P, device: &DmaDevice, slots: &StandIn, cover: Cover) {
    match slots {
        StandIn::Cells(run) => cells::scrub(platform, run),
        StandIn::Slots(run) => {
            let lines = cover.of(run);
            // SAFETY: `lines` lies inside the run that `run` owns.
            unsafe { platform.zero(lines) };
            around::fill(platform, run, cover);
            if !device.limits().coherent {
                platform.clean(lines);
            }
        }
    }
    wait(platform, device, slots);
}

/// As [`fill`] for a part of a buffer that has slots of its own, without waiting.
#[inline]
pub(crate) fn fill_block<P: Platform, B: DmaBuffer>(
    platform: &P,
    device: &DmaDevice,
    (buffer, block): (&B, PhysRange),
    slots: &StandIn,
    cover: Cover,
) {
    let run = match slots {
        StandIn::Cells(run) => return cells::fill(platform, buffer, block, run),
        StandIn::Slots(run) => run,
    };
    let all = Span::whole(block.len());
    let data = all.within(run.data());
    // Whole lines are a multiple of every granule: then the run has no more data than they.
    if !data.is_aligned(LINE) | (cover == Cover::Slots) {
        around::prepare(platform, device, data, run, cover);
    }
    copy_block_in(platform, device, buffer, (block, all), slots);
}

/// Copies a part of the original to its place in the bounce buffer (PS-2). For a device that does not
/// snoop, cleans it and waits.
pub(crate) fn copy_in<P: Platform, B: DmaBuffer>(
    platform: &P,
    device: &DmaDevice,
    buffer: &B,
    slots: &StandIn,
    span: Span,
) {
    let (from, to) = (span.within(buffer.range()), span.within(slots.data()));
    copy_to_device(platform, device, buffer, from, slots, to);
    wait(platform, device, slots);
}

/// Waits for what was cleaned (CM-7); nothing was for a device that snoops. Stores to cells are ordered
/// before the doorbell, as after a wait they would be.
#[inline]
fn wait<P: Platform>(platform: &P, device: &DmaDevice, slots: &StandIn) {
    match slots {
        StandIn::Cells(_) => platform.publish(),
        StandIn::Slots(_) if device.limits().coherent => {}
        StandIn::Slots(_) => platform.complete(),
    }
}

/// Copies `span` of a block of a buffer to its place in the slots that are the block's own (PS-2),
/// without waiting.
#[inline]
pub(crate) fn copy_block_in<P: Platform, B: DmaBuffer>(
    platform: &P,
    device: &DmaDevice,
    buffer: &B,
    (block, span): (PhysRange, Span),
    slots: &StandIn,
) {
    let (from, to) = (span.within(block), place_of((block, span), slots));
    copy_to_device(platform, device, buffer, from, slots, to);
}

/// Where `span` of a block is in the slots that stand in for it, which may have more bytes.
#[inline]
fn place_of((block, span): (PhysRange, Span), slots: &StandIn) -> PhysRange {
    span.within(Span::whole(block.len()).within(slots.data()))
}

/// Copies `from`, bytes of `buffer`, to as many at `to`, bytes of `slots`, and cleans them on the way
/// for a device that does not snoop.
#[inline]
fn copy_to_device<P: Platform, B: DmaBuffer>(
    platform: &P,
    device: &DmaDevice,
    buffer: &B,
    from: PhysRange,
    slots: &StandIn,
    to: PhysRange,
) {
    debug_assert!(buffer.range().contains(from) && slots.data().contains(to));
    debug_assert!(from.len() == to.len());
    if let StandIn::Cells(run) = slots {
        return cells::copy_in(platform, buffer, from, run, to);
    }
    let (from, to, len) = (from.start(), to.start(), from.len());
    if device.limits().coherent {
        // SAFETY: `buffer` owns what is read, `slots` owns what is written, for all of `len`: the
        // callers cut both out of their ranges. Each is RAM of its own, so they do not overlap.
        unsafe { platform.copy(from, to, len) };
        return;
    }
    // SAFETY: as above.
    unsafe { platform.copy_clean(from, to, len) };
}

/// Copies what the device wrote from the bounce buffer to the original. Stale lines were dropped, and
/// the barrier waited for, before.
#[inline]
pub(crate) fn copy_out<P: Platform, B: DmaBuffer>(
    platform: &P,
    buffer: &mut B,
    slots: &StandIn,
    span: Span,
) {
    let (from, to) = (span.within(slots.data()), span.within(buffer.range()));
    copy_from_device(platform, slots, from, buffer, to);
}

/// As [`copy_out`] for `span` of a block of a buffer that has slots of its own.
pub(crate) fn copy_block_out<P: Platform, B: DmaBuffer>(
    platform: &P,
    buffer: &mut B,
    (block, span): (PhysRange, Span),
    slots: &StandIn,
) {
    let (from, to) = (place_of((block, span), slots), span.within(block));
    copy_from_device(platform, slots, from, buffer, to);
}

/// Copies `from`, bytes of `slots`, to as many at `to`, bytes of `buffer`.
#[inline]
fn copy_from_device<P: Platform, B: DmaBuffer>(
    platform: &P,
    slots: &StandIn,
    from: PhysRange,
    buffer: &mut B,
    to: PhysRange,
) {
    debug_assert!(slots.data().contains(from) && buffer.range().contains(to));
    debug_assert!(from.len() == to.len());
    if let StandIn::Cells(run) = slots {
        return cells::copy_out(platform, run, from, buffer, to);
    }
    // SAFETY: `slots` owns what is read and `buffer`, borrowed exclusively, owns what is written;
    // both are `to.len()` bytes, cut out of their ranges by the callers, and the two are disjoint RAM.
    unsafe { platform.copy(from.start(), to.start(), to.len()) };
}

/// Drops the lines of `part` of a bounce buffer, if it has any. They are all its own, and scrubbed: none
/// needs to be kept.
#[inline]
pub(crate) fn drop_slots<P: Platform>(platform: &P, slots: &StandIn, part: PhysRange) {
    let StandIn::Slots(slots) = slots else {
        return;
    };
    let lines = lines_of(part);
    debug_assert!(lines_of(slots.data()).contains(lines));
    // SAFETY: whole lines of the run that `slots` owns, which the CPU stores to in `copy_in` and
    // `fill` alone: both clean.
    unsafe { platform.invalidate(lines) };
}

/// Drops the lines of `extent`, a part of what `buffer` owns, that may be stale after a device wrote
/// there. What is in partial lines beside it stays (CM-3).
#[inline]
pub(crate) fn drop_stale<P: Platform, B: DmaBuffer>(
    platform: &P,
    buffer: &mut B,
    extent: PhysRange,
) {
    debug_assert!(buffer.owned().contains(extent) || buffer.range().contains(extent));
    // Nearly every buffer that a device writes is whole lines.
    let body = if extent.is_aligned(LINE) {
        Some(extent)
    } else {
        drop_edges(platform, extent)
    };
    if let Some(body) = body {
        // SAFETY: whole lines of RAM that `buffer`, borrowed exclusively, owns. The CPU has stored
        // nothing there since the last clean: a mapped buffer is written through views alone, a view's
        // end cleans, and lines that may still be dirty are never dropped (`sync`, `owned`).
        unsafe { platform.invalidate(body) };
    }
}

/// Drops the lines that `extent` covers in part, and keeps what is in them. Returns the whole ones.
#[inline]
fn drop_edges<P: Platform>(platform: &P, extent: PhysRange) -> Option<PhysRange> {
    let plan = maintenance::invalidate(extent);
    if let Some(head) = plan.head {
        platform.clean_invalidate(head);
    }
    if let Some(tail) = plan.tail {
        platform.clean_invalidate(tail);
    }
    plan.body
}

/// The CPU's look at a part of a buffer that is mapped but not in flight.
pub(crate) fn look<'d, P: Platform, B: DmaBuffer>(
    platform: &'d P,
    buffer: &B,
    span: Span,
    access: Access,
) -> View<'d, P> {
    // SAFETY: the buffer owns initialised RAM. Of its callers, `Mapping::look`, `MappedSg::for_cpu` and
    // `SgPart` keep the mapping borrowed exclusively while the view lives, so it cannot be launched, and
    // an idle mapping's address has not reached the device (or the device has halted); `Filled::bytes`
    // keeps a buffer borrowed that is mapped no more.
    unsafe { View::new(platform, span.within(buffer.range()), access) }
}

/// Whole lines around `range`.
#[inline]
pub(super) fn lines_of(range: PhysRange) -> PhysRange {
    range
        .round_out(LINE)
        .expect("RAM does not reach the end of the address space")
}
