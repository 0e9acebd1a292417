//! What the CPU must leave alone while a device has it.

use super::Bug;
use super::rig::{BESIDE, BLOCK, DEST, Rig, SOURCE};

pub(super) const BUGS: &[Bug] = &[
    ("store to what is read", store_to_what_is_read),
    ("store to what is written", store_to_what_is_written),
    ("store to the control block", store_to_the_control_block),
    ("load of what is written", load_of_what_is_written),
    ("shared line stored", shared_line_stored),
    ("shared line loaded", shared_line_loaded),
];

/// The device has not said that it is done.
#[inline(never)]
fn store_to_what_is_read(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.ring();
    rig.store(SOURCE); // oracle: touched
    rig.end();
}

/// The same at the other end.
#[inline(never)]
fn store_to_what_is_written(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.ring();
    rig.store(DEST); // oracle: touched
    rig.end();
}

/// The channel may fetch it later than one thinks.
#[inline(never)]
fn store_to_the_control_block(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.ring();
    rig.store(BLOCK); // oracle: touched
    rig.end();
}

/// A load gets old bytes, new ones, or some of each.
#[inline(never)]
fn load_of_what_is_written(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.ring();
    rig.load(DEST); // oracle: touched
    rig.end();
}

/// The last line of the destination is half the CPU's: what it stores there makes the line dirty.
#[inline(never)]
fn shared_line_stored(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.ring();
    rig.store(BESIDE); // oracle: shared-line
    rig.end();
}

/// A load brings the line, with the destination's old bytes, into the cache.
#[inline(never)]
fn shared_line_loaded(rig: &mut Rig<'_>) {
    rig.prepare();
    rig.ring();
    rig.load(BESIDE); // oracle: shared-line
    rig.end();
}
