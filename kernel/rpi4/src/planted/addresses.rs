//! Where the channel must not be sent.

use super::Bug;
use super::rig::{BLOCK, DEST, RAM_ON_BUS, Rig, SOURCE};
use arch::Board;
use hal::Platform;

pub(super) const BUGS: &[Bug] = &[
    ("outside the window", outside_the_window),
    ("wrong alias", wrong_alias),
    (
        "control block in a wrong alias",
        control_block_in_a_wrong_alias,
    ),
];

/// The channel's view of RAM has an end: a page above it, by its physical address.
#[inline(never)]
fn outside_the_window(rig: &mut Rig<'_>) {
    let high = rig.high().map_or(0, |page| page.start().get());
    rig.describe(high as u32, rig.bus(DEST));
    Board.clean(rig.range(BLOCK));
    Board.complete();
    Board.publish();
    rig.ring(); // oracle: outside-window
    rig.end();
}

/// RAM where the VideoCore's own cache shows it.
#[inline(never)]
fn wrong_alias(rig: &mut Rig<'_>) {
    rig.describe(rig.bus(SOURCE) - RAM_ON_BUS, rig.bus(DEST));
    Board.clean(rig.range(BLOCK));
    Board.complete();
    Board.publish();
    rig.ring(); // oracle: outside-window
    rig.end();
}

/// The control block, by its physical address.
#[inline(never)]
fn control_block_in_a_wrong_alias(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.ring_at(rig.bus(BLOCK) - RAM_ON_BUS); // oracle: outside-window
    rig.end();
}
