//! What is forgotten before the doorbell.

use super::Bug;
use super::rig::{BLOCK, DEST, Rig, SOURCE};
use arch::Board;
use hal::Platform;

pub(super) const BUGS: &[Bug] = &[
    ("dirty read", dirty_read),
    ("dirty write", dirty_write),
    ("clean without a barrier", clean_without_barrier),
    ("doorbell before the barrier", doorbell_before_barrier),
    ("barrier for the wrong domain", barrier_for_the_wrong_domain),
    ("control block not cleaned", control_block_not_cleaned),
    ("control block not complete", control_block_not_complete),
    ("no publish", no_publish),
];

/// The source is not cleaned.
#[inline(never)]
fn dirty_read(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.store(SOURCE);
    Board.publish();
    rig.ring(); // oracle: dirty-read
    rig.end();
}

/// The CPU has stored to the destination.
#[inline(never)]
fn dirty_write(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.store(DEST);
    rig.ring(); // oracle: dirty-write
    rig.end();
}

/// Nothing waits for the clean.
#[inline(never)]
fn clean_without_barrier(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.store(SOURCE);
    Board.clean(rig.range(SOURCE));
    Board.publish();
    rig.ring(); // oracle: incomplete
    rig.end();
}

/// The barrier comes, but late.
#[inline(never)]
fn doorbell_before_barrier(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.store(DEST);
    Board.clean_invalidate(rig.range(DEST));
    rig.ring(); // oracle: incomplete
    Board.complete();
    rig.end();
}

/// A barrier among the cores, which devices are no part of, and which waits for no maintenance.
#[inline(never)]
fn barrier_for_the_wrong_domain(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.store(SOURCE);
    Board.clean(rig.range(SOURCE));
    core::sync::atomic::fence(core::sync::atomic::Ordering::SeqCst);
    Board.publish();
    rig.ring(); // oracle: incomplete
    rig.end();
}

/// The control block is in the cache alone.
#[inline(never)]
fn control_block_not_cleaned(rig: &mut Rig<'_>) {
    rig.describe(rig.bus(SOURCE), rig.bus(DEST));
    Board.publish();
    rig.ring(); // oracle: control-block
    rig.end();
}

/// The control block is on its way.
#[inline(never)]
fn control_block_not_complete(rig: &mut Rig<'_>) {
    rig.describe(rig.bus(SOURCE), rig.bus(DEST));
    Board.clean(rig.range(BLOCK));
    Board.publish();
    rig.ring(); // oracle: control-block
    rig.end();
}

/// The barrier that completes maintenance does not stand for the one that publishes.
#[inline(never)]
fn no_publish(rig: &mut Rig<'_>) {
    rig.describe(rig.bus(SOURCE), rig.bus(DEST));
    Board.clean(rig.range(BLOCK));
    Board.complete();
    rig.ring(); // oracle: no-publish
    rig.end();
}
