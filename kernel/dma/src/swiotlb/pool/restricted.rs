//! A pool of just the memory that was set aside for some devices (RP-2).
//!
//! It has one area and never grows. Its memory need not start on a chunk's boundary, and may be in two
//! pieces: what a block lacks of slots counts as used, as everywhere (GEO-3).

use super::super::{BadRegion, CHUNK, CHUNK_SLOTS, CHUNKS, LONGEST, SLOT};
use super::{Pool, blocks_of};
use crate::restricted::PoolNumber;
use core::ops::Range;
use hal::{Cpu, Irq, PhysRange, RamRegion};

impl<I: Irq + Cpu> Pool<I> {
    /// A pool of these pieces, in ascending order: each on a page, in the low GiB, and no two in one
    /// block of a chunk's size. [`Split`](super::super::Split) makes such pieces of a region. Of pieces
    /// that cannot be a pool the one that shows it comes back, and the others leak.
    pub fn restricted(pieces: impl IntoIterator<Item = RamRegion>) -> Result<Self, BadRegion> {
        let mut pieces = pieces.into_iter();
        let none = "a region has a piece at least";
        let first = pieces.next().expect(none);
        let mut pool = Self::empty(first.range(), None, 1);
        let (mut places, mut longest) = (0..0, 0);
        for piece in core::iter::once(first).chain(pieces) {
            longest = longest.max(longest_run(piece.range()));
            pool.first = hull(pool.first, piece.range());
            places = pool.attach_piece(places.end, piece)?;
        }
        pool.floor = places.end;
        pool.capacity = longest;
        pool.settle_areas();
        Ok(pool)
    }

    /// Makes chunks of a piece, from place `next` on.
    fn attach_piece(&self, next: usize, piece: RamRegion) -> Result<Range<usize>, BadRegion> {
        let range = piece.range();
        let blocks = blocks_in(range);
        let fits = range.end().get() <= hal::GIB && next + blocks <= CHUNKS;
        if !fits || !range.start().is_aligned(SLOT) || range.len() < SLOT {
            return Err(BadRegion { region: piece });
        }
        for (index, block) in (next..).zip(blocks_of(piece)) {
            let base = block.range().start().align_down(CHUNK);
            if !self.shared.blocks.enter(base, index) {
                return Err(BadRegion { region: block });
            }
            self.open(index).attach(block);
        }
        Ok(next..next + blocks)
    }

    /// The same pool, under the number that its layer knows it by.
    pub(crate) fn numbered(mut self, number: PoolNumber) -> Self {
        self.shared.number = number;
        self
    }
}

/// Blocks of a chunk's size that a piece has a part of.
fn blocks_in(piece: PhysRange) -> usize {
    let first = piece.start().get() / CHUNK;
    (piece.last().get() / CHUNK - first) as usize + 1
}

/// From the start of the first to the end of the second.
fn hull(first: PhysRange, second: PhysRange) -> PhysRange {
    let start = first.start().min(second.start());
    let end = first.end().max(second.end());
    PhysRange::between(start, end).expect("longer than either")
}

/// Slots of the longest run in a piece: in the block that it starts in, or from the next one on, since a
/// run over several blocks starts on one.
fn longest_run(piece: PhysRange) -> u32 {
    let (start, end) = (piece.start().get(), piece.end().get());
    let whole = start.next_multiple_of(CHUNK).min(end);
    let most = LONGEST as u64 * u64::from(CHUNK_SLOTS);
    let run = ((whole - start) / SLOT).max((end - whole) / SLOT);
    run.min(most) as u32
}

#[cfg(test)]
mod tests;
