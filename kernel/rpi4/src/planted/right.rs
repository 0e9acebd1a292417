//! The transfer that the others get wrong.

use super::rig::{BLOCK, DEST, ELSEWHERE, Rig, SOURCE};
use arch::Board;
use hal::Platform;

/// Everything in its place.
#[inline(never)]
pub(super) fn right(rig: &mut Rig<'_>) {
    rig.describe(rig.bus(SOURCE), rig.bus(DEST));
    rig.store(SOURCE);
    Board.clean(rig.range(BLOCK));
    Board.clean(rig.range(SOURCE));
    Board.clean_invalidate(rig.range(DEST));
    Board.complete();
    Board.publish();
    rig.ring();
    // What the device only reads may be looked at.
    rig.load(SOURCE);
    rig.end();
    Board.acquire();
    rig.invalidate(DEST);
    Board.complete();
    rig.copy(DEST, ELSEWHERE);
}
