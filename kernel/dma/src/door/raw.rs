//! Loads and stores beside a device that is at work.

use hal::{Access, PhysRange, Platform};

/// Loads `range` byte by byte, none of them twice and none left out. `into` is as long.
///
/// The caller's mapping owns `range`.
pub(super) fn load<P: Platform>(platform: &P, range: PhysRange, into: &mut [u8]) {
    let start = platform.view(range, Access::Read);
    for (at, byte) in into.iter_mut().enumerate() {
        // SAFETY: `into` is as long as the range.
        let from = unsafe { start.add(at) };
        // SAFETY: `view` gave a pointer that is valid for loads of the range until `end_view`; a device
        // that writes meanwhile does no worse than change what is loaded.
        *byte = unsafe { from.read_volatile() };
    }
    platform.end_view(range, Access::Read);
}

/// Stores `bytes` to `range` one by one. Both are equally long.
///
/// The caller's mapping owns `range`, and is borrowed exclusively.
pub(super) fn store<P: Platform>(platform: &P, range: PhysRange, bytes: &[u8]) {
    let start = platform.view(range, Access::Write);
    for (at, byte) in bytes.iter().enumerate() {
        // SAFETY: `bytes` is as long as the range.
        let to = unsafe { start.add(at) };
        // SAFETY: `view` gave a pointer that is valid for stores to the range until `end_view`.
        unsafe { to.write_volatile(*byte) };
    }
    platform.end_view(range, Access::Write);
}
