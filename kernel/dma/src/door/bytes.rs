//! Copies between a buffer and its slots, and lines dropped from the cache.
//!
//! Each function takes the values that own the memory: `&B` and `&Slots` are the proof.

use crate::device::DmaDevice;
use crate::maintenance;
use crate::mapping::{Held, Place};
use crate::swiotlb::Slots;
use hal::buffer::View;
use hal::{Access, DmaBuffer, LINE, PhysRange, Platform};

/// Fills a bounce buffer for the device, in every direction (CP-3): the original's bytes, and zeros
/// up to the ends of the first and last line, so that no other owner's bytes are in sight (CP-4).
/// For a device that does not snoop, cleans all of it and waits.
pub(crate) fn copy_in<P: Platform, B: DmaBuffer>(
    platform: &P,
    device: &DmaDevice,
    buffer: &B,
    slots: &Slots,
) {
    let (from, extent) = (buffer.range(), slots.data());
    let lines = lines_of(extent);
    let data = extent
        .slice(0, from.len())
        .expect("slots hold at least the original's length");
    for edge in [
        PhysRange::between(lines.start(), data.start()),
        PhysRange::between(data.end(), lines.end()),
    ]
    .into_iter()
    .flatten()
    {
        // SAFETY: slots are multiples of a line, so `lines` lies inside the run that `slots` owns.
        unsafe { platform.zero(edge) };
    }
    let (from, to, len) = (from.start(), data.start(), data.len());
    if device.limits().coherent {
        // SAFETY: `buffer` owns what is read, `slots` owns what is written, for all of `len`; both
        // are RAM of their own, so they do not overlap.
        unsafe { platform.copy(from, to, len) };
        return;
    }
    // SAFETY: as above.
    unsafe { platform.copy_clean(from, to, len) };
    // A length rounded up to the granule may end in one more line than the data.
    if let Ok(rest) = PhysRange::between(lines_of(data).end(), lines.end()) {
        platform.clean(rest);
    }
    platform.complete();
}

/// Copies what the device wrote from the bounce buffer to the original, if there is one. Stale lines
/// were dropped, and the barrier waited for, before.
pub(crate) fn copy_out<P: Platform, B: DmaBuffer>(platform: &P, held: &mut Held<B>) {
    if let Place::Bounced(slots) = &held.place {
        let (from, to) = (slots.data().start(), held.buffer.range());
        // SAFETY: `slots` owns what is read and `held`, borrowed exclusively, owns what is written;
        // slots hold at least the original's length, and the two are disjoint RAM.
        unsafe { platform.copy(from, to.start(), to.len()) };
    }
}

/// Drops the lines that may be stale after the device wrote (CM-2, CM-3).
pub(crate) fn drop_lines<P: Platform, B: DmaBuffer>(platform: &P, held: &mut Held<B>) {
    let plan = match &held.place {
        Place::Direct(extent) => maintenance::invalidate(*extent),
        // Lines of a bounce buffer are all its own, and scrubbed: none needs to be kept.
        Place::Bounced(slots) => maintenance::invalidate(lines_of(slots.data())),
    };
    for partial in [plan.head, plan.tail].into_iter().flatten() {
        platform.clean_invalidate(partial);
    }
    if let Some(body) = plan.body {
        // SAFETY: whole lines inside an extent that `held`, borrowed exclusively, owns. The CPU has
        // stored nothing there since the last clean: idle mappings are written through views alone,
        // and a view's end cleans.
        unsafe { platform.invalidate(body) };
    }
}

/// The CPU's look at a buffer that is mapped but not in flight.
pub(crate) fn look<'d, P: Platform, B: DmaBuffer>(
    platform: &'d P,
    buffer: &B,
    access: Access,
) -> View<'d, P> {
    // SAFETY: the buffer owns initialised RAM. Its only caller, `Mapping::for_cpu`, keeps the
    // mapping borrowed exclusively while the view lives, so it cannot be launched, and an idle
    // mapping's address has not reached the device (or the device has halted).
    unsafe { View::new(platform, buffer.range(), access) }
}

/// Whole lines around `range`.
fn lines_of(range: PhysRange) -> PhysRange {
    range
        .round_out(LINE)
        .expect("RAM does not reach the end of the address space")
}
