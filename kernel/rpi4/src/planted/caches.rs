//! What is wrong without any device.

#![expect(unsafe_code, reason = "looks at memory by two addresses")]

use super::Bug;
use super::rig::{ELSEWHERE, Rig, load_at};
use arch::Board;
use hal::Platform;
use hal::layout::UNCACHED_BASE;

pub(super) const BUGS: &[Bug] = &[
    ("dropped dirty", dropped_dirty),
    ("two cacheabilities", two_cacheabilities),
];

/// What the CPU stored is lost.
#[inline(never)]
fn dropped_dirty(rig: &mut Rig<'_>) {
    rig.store(ELSEWHERE);
    rig.invalidate(ELSEWHERE); // oracle: dropped-dirty
    Board.complete();
}

/// A line of the linear map, by the window on uncached memory.
#[inline(never)]
fn two_cacheabilities(rig: &mut Rig<'_>) {
    rig.load(ELSEWHERE);
    let phys = rig.range(ELSEWHERE).start();
    // SAFETY: `alias` shows the first GiB there, and zone `Dma` lies in it; the page is ours.
    unsafe { load_at(UNCACHED_BASE, phys) }; // oracle: two-cacheabilities
    Board.complete();
}
