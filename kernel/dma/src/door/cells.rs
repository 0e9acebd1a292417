//! Copies between a buffer and the uncached cells that stand in for it.
//!
//! No line is maintained. What the CPU stored is ordered before a later doorbell, and what a device
//! wrote after its status, by one barrier each (`cells` says why here too).
//!
//! `&B` and `&Run` are the proof: each owns its memory, the one RAM, the other cells of uncached memory.

use crate::cells::{CELL, Run};
use crate::guard::CANARY;
use hal::{DmaBuffer, PhysAddr, PhysRange, Platform};

/// Fills a run with all of `buffer`, as [`fill`], and orders that before the doorbell.
#[inline]
pub(crate) fn fill_cells<P: Platform, B: DmaBuffer>(platform: &P, buffer: &B, run: &Run) {
    fill(platform, buffer, buffer.range(), run);
    platform.publish();
}

/// Fills a run with zeros, as [`scrub`], and orders that before the doorbell.
#[inline]
pub(crate) fn scrub_cells<P: Platform>(platform: &P, run: &Run) {
    scrub(platform, run);
    platform.publish();
}

/// Copies to all of `buffer` what the device wrote, as [`copy_out`].
#[inline]
pub(crate) fn cells_home<P: Platform, B: DmaBuffer>(platform: &P, run: &Run, buffer: &mut B) {
    let to = buffer.range();
    debug_assert!(to.len() <= run.data().len());
    platform.acquire();
    // SAFETY: `run` owns at least as many bytes from the start of its own as `buffer`, borrowed
    // exclusively, has.
    unsafe { platform.copy_from_uncached(run.data().start(), to.start(), to.len()) };
}

/// Fills all of a run: the bytes of `block`, and behind them what belongs there (CP-3, CP-4).
#[inline]
pub(super) fn fill<P: Platform, B: DmaBuffer>(
    platform: &P,
    buffer: &B,
    block: PhysRange,
    run: &Run,
) {
    debug_assert!(buffer.range().contains(block) && block.len() <= run.data().len());
    // SAFETY: `buffer` owns what is read, and `run` at least as many bytes from the start of its own.
    unsafe { platform.copy_to_uncached(block.start(), run.data().start(), block.len()) };
    if !block.len().is_multiple_of(CELL) {
        pad(platform, block.len(), run);
    }
}

/// Behind the first `len` bytes of a run: zeros to the end of its data, canaries to that of its last cell.
#[inline]
fn pad<P: Platform>(platform: &P, len: u64, run: &Run) {
    let data = run.data();
    if let Some(rest) = data.slice(len, data.len() - len) {
        // SAFETY: the end of the data of `run`, which owns them.
        unsafe { platform.zero_uncached(rest) };
    }
    if let Some(tail) = tail(run) {
        // SAFETY: from the end of the data to that of the last cell of `run`, which owns its cells.
        unsafe { platform.fill_uncached(tail, CANARY) };
    }
}

/// Zeros in all of a run, for a device of which no more comes back than it wrote (WE-2).
pub(super) fn scrub<P: Platform>(platform: &P, run: &Run) {
    // SAFETY: `run` owns its data.
    unsafe { platform.zero_uncached(run.data()) };
    pad(platform, run.data().len(), run);
}

/// What is behind the data in their last cell.
fn tail(run: &Run) -> Option<PhysRange> {
    PhysRange::between(run.data().end(), cells_of(run).end()).ok()
}

/// The first byte behind the data of a run that is no canary any more. The device's status was read before,
/// by whomever.
pub(crate) fn other_in_cells<P: Platform>(platform: &P, run: &Run) -> Option<(PhysAddr, u8)> {
    let tail = tail(run)?;
    platform.acquire();
    // SAFETY: as in `pad`.
    unsafe { platform.find_other_uncached(tail, CANARY) }
}

/// Copies `from`, bytes of `buffer`, to as many at `to`, bytes of `run`.
#[inline]
pub(super) fn copy_in<P: Platform, B: DmaBuffer>(
    platform: &P,
    buffer: &B,
    from: PhysRange,
    run: &Run,
    to: PhysRange,
) {
    debug_assert!(buffer.range().contains(from) && cells_of(run).contains(to));
    debug_assert!(from.len() == to.len());
    // SAFETY: `buffer` owns what is read, `run` owns what is written, for as many bytes: the callers cut
    // both out of their ranges.
    unsafe { platform.copy_to_uncached(from.start(), to.start(), to.len()) };
}

/// Copies `from`, bytes of `run`, to as many at `to`, bytes of `buffer`. The device's status was read
/// before, by whomever: its bytes are loaded after that.
#[inline]
pub(super) fn copy_out<P: Platform, B: DmaBuffer>(
    platform: &P,
    run: &Run,
    from: PhysRange,
    buffer: &mut B,
    to: PhysRange,
) {
    debug_assert!(run.data().contains(from) && buffer.range().contains(to));
    debug_assert!(from.len() == to.len());
    platform.acquire();
    // SAFETY: `run` owns what is read and `buffer`, borrowed exclusively, what is written, for as many
    // bytes, cut out of their ranges by the callers.
    unsafe { platform.copy_from_uncached(from.start(), to.start(), to.len()) };
}

/// All bytes of a run, to the end of its last cell.
#[inline]
fn cells_of(run: &Run) -> PhysRange {
    let lines = run.data().round_out(CELL);
    lines.expect("cells do not reach the end of the address space")
}
