//! What is forgotten between a device's status and the use of what it wrote.

use super::Bug;
use super::rig::{BESIDE, DEST, ELSEWHERE, Rig};
use arch::Board;
use hal::Platform;

pub(super) const BUGS: &[Bug] = &[
    ("stale load", stale_load),
    ("stale neighbour", stale_neighbour),
    ("no acquire", no_acquire),
    ("early load", early_load),
    ("early copy", early_copy),
];

/// Nothing was invalidated.
#[inline(never)]
fn stale_load(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.ring();
    rig.end();
    Board.acquire();
    rig.load(DEST); // oracle: stale-load
    Board.complete();
}

/// The line of the CPU's own bytes is the device's as well.
#[inline(never)]
fn stale_neighbour(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.ring();
    rig.end();
    Board.acquire();
    rig.load(BESIDE); // oracle: stale-load
    Board.complete();
}

/// The lines are dropped, but perhaps before the status was read.
#[inline(never)]
fn no_acquire(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.ring();
    rig.end();
    rig.invalidate(DEST); // oracle: no-acquire
    Board.complete();
    rig.load(DEST);
}

/// Nothing waits until the lines are dropped.
#[inline(never)]
fn early_load(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.ring();
    rig.end();
    Board.acquire();
    rig.invalidate(DEST);
    rig.load(DEST); // oracle: early-copy
    Board.complete();
}

/// The same where the layer copies out of a bounce buffer.
#[inline(never)]
fn early_copy(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.ring();
    rig.end();
    Board.acquire();
    rig.invalidate(DEST);
    rig.copy(DEST, ELSEWHERE); // oracle: early-copy
    Board.complete();
}
