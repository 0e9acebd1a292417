//! What is around data in slots: filled before a device has them, looked at behind it (`guard`).
//!
//! `&Slots` is the proof: it owns the run.

use super::bytes::lines_of;
use crate::device::DmaDevice;
use crate::guard::{CANARY, Cover, pads};
use crate::swiotlb::Slots;
use hal::{LINE, PhysAddr, PhysRange, Platform};

/// Fills what is around `data`, the place of a buffer's bytes: zeros for what their length was rounded up by,
/// canaries beyond. Cleans what is in other lines than they, for a device that does not snoop.
#[inline(never)]
pub(super) fn prepare<P: Platform>(
    platform: &P,
    device: &DmaDevice,
    data: PhysRange,
    slots: &Slots,
    cover: Cover,
) {
    if let Ok(rest) = PhysRange::between(data.end(), slots.data().end()) {
        // SAFETY: what is behind the bytes in the data of `slots`, which owns them.
        unsafe { platform.zero(rest) };
    }
    fill(platform, slots, cover);
    if device.limits().coherent {
        return;
    }
    let (lines, all) = (lines_of(data), cover.of(slots));
    let sides = [
        PhysRange::between(all.start(), lines.start()),
        PhysRange::between(lines.end(), all.end()),
    ];
    sides
        .into_iter()
        .flatten()
        .for_each(|side| platform.clean(side));
}

/// Fills what is around the data with canaries.
pub(super) fn fill<P: Platform>(platform: &P, slots: &Slots, cover: Cover) {
    for pad in pads(slots, cover).into_iter().flatten() {
        // SAFETY: slots are multiples of a line, so what is around the data lies inside the run that `slots`
        // owns.
        unsafe { platform.fill(pad, CANARY) };
    }
}

/// The first byte around the data that is no canary any more. Lines that may be stale were dropped.
pub(crate) fn other_around<P: Platform>(
    platform: &P,
    slots: &Slots,
    cover: Cover,
) -> Option<(PhysAddr, u8)> {
    pads(slots, cover).into_iter().flatten().find_map(|pad| {
        // SAFETY: as in `fill`, which stored to it.
        unsafe { platform.find_other(pad, CANARY) }
    })
}

/// Drops all lines of a run. What the CPU stored to them was cleaned.
pub(crate) fn drop_run<P: Platform>(platform: &P, slots: &Slots) {
    debug_assert!(slots.run().is_aligned(LINE));
    // SAFETY: whole lines of the run that `slots` owns, which the CPU stores to in `copy_in`, `fill_block`,
    // `scrub` and `fill_run` alone: all clean.
    unsafe { platform.invalidate(slots.run()) };
}

/// Fills all of a run with `byte`, and cleans it.
pub(crate) fn fill_run<P: Platform>(platform: &P, slots: &Slots, byte: u8) {
    // SAFETY: the run is owned by `slots`.
    unsafe { platform.fill(slots.run(), byte) };
    platform.clean(slots.run());
}

/// The first byte in RAM of `slot`, one of `slots`, that is not `byte`.
pub(crate) fn other_in_slot<P: Platform>(
    platform: &P,
    slots: &Slots,
    slot: PhysRange,
    byte: u8,
) -> Option<(PhysAddr, u8)> {
    debug_assert!(slots.run().contains(slot));
    // SAFETY: whole lines of the run that `slots` owns, clean since `fill_run`.
    unsafe { platform.invalidate(slot) };
    platform.complete();
    // SAFETY: `fill_run` stored to it.
    unsafe { platform.find_other(slot, byte) }
}
