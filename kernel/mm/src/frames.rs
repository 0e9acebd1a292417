//! Page frames of one zone: buddies, and what they do not count themselves.
//!
//! `FrameAllocator` rounds sizes up to powers of two and has no readable counters. Here a request
//! gets exactly its pages (the tail of the rounded block goes back at once), and free frames are
//! counted. It allocates tree nodes while it allocates *and* while it frees: see `reserve`.

use buddy_system_allocator::FrameAllocator;
use core::ops::Range;

/// Blocks of up to 2^18 frames: 1 GiB, the most that is contiguous below the peripherals.
const ORDER: usize = 19;

/// The frames of one zone, by number.
pub(crate) struct Frames {
    buddies: FrameAllocator<ORDER>,
    total: usize,
    free: usize,
}

impl Frames {
    pub(crate) const fn new() -> Self {
        Self {
            buddies: FrameAllocator::new(),
            total: 0,
            free: 0,
        }
    }

    /// Frames it has ever been given.
    pub(crate) const fn total(&self) -> usize {
        self.total
    }

    /// Frames that nobody has.
    pub(crate) const fn free_count(&self) -> usize {
        self.free
    }

    /// Adds frames that it did not have before.
    pub(crate) fn add(&mut self, frames: Range<usize>) {
        self.total += frames.len();
        self.free += frames.len();
        self.buddies.insert(frames);
    }

    /// Exactly `count` contiguous frames, the first a multiple of `align` (a power of two).
    pub(crate) fn alloc(&mut self, count: usize, align: usize) -> Option<usize> {
        if count == 0 {
            return None;
        }
        let size = count.checked_next_power_of_two()?.max(align);
        let start = self.buddies.alloc(size)?;
        self.release(start + count..start + size);
        self.free -= count;
        Some(start)
    }

    /// Takes back frames that `alloc` gave.
    pub(crate) fn free(&mut self, frames: Range<usize>) {
        self.check_in_use(&frames);
        self.free += frames.len();
        self.release(frames);
    }

    /// Gives any range back to the buddies, cut into blocks that start on a multiple of their size.
    fn release(&mut self, frames: Range<usize>) {
        let mut start = frames.start;
        while start < frames.end {
            let size = largest_block(start, frames.end - start);
            self.buddies.dealloc(start, size);
            start += size;
        }
    }

    /// The buddies absorb a double free silently and hand memory out twice later: panic instead.
    fn check_in_use(&mut self, frames: &Range<usize>) {
        if cfg!(debug_assertions) {
            let buddies = &mut self.buddies;
            let twice = frames
                .clone()
                .find(|&frame| buddies.alloc_at(frame, 1).is_some());
            assert_eq!(twice, None, "frame freed that is free");
        }
    }
}

/// The largest power of two that divides `start` and is at most `len` and the largest block.
fn largest_block(start: usize, len: usize) -> usize {
    let by_len = 1 << len.ilog2().min(ORDER as u32 - 1);
    let by_start = if start == 0 {
        by_len
    } else {
        1 << start.trailing_zeros()
    };
    by_len.min(by_start)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn frames(count: usize) -> Frames {
        let mut frames = Frames::new();
        frames.add(0..count);
        frames
    }

    #[test]
    fn a_request_takes_exactly_its_frames() {
        let mut frames = frames(8);
        assert_eq!(frames.alloc(5, 1), Some(0));
        assert_eq!(frames.free_count(), 3);
        assert_eq!(frames.alloc(1, 1), Some(5));
        assert_eq!(frames.alloc(2, 1), Some(6));
        assert_eq!(frames.alloc(1, 1), None);
    }

    #[test]
    fn alignment_larger_than_the_request_costs_nothing() {
        let mut frames = frames(1024);
        assert_eq!(frames.alloc(1, 1), Some(0));
        assert_eq!(frames.alloc(1, 512), Some(512));
        assert_eq!(frames.free_count(), 1022);
    }

    #[test]
    fn what_no_block_can_hold_is_refused() {
        let mut frames = frames(1 << 19);
        assert_eq!(frames.alloc(0, 1), None);
        assert_eq!(frames.alloc((1 << 18) + 1, 1), None);
        assert_eq!(frames.alloc(usize::MAX, 1), None);
        assert_eq!(frames.alloc(1 << 18, 1), Some(0));
    }

    #[test]
    #[cfg_attr(not(debug_assertions), ignore = "checked in debug builds alone")]
    #[should_panic(expected = "frame freed that is free")]
    fn freeing_twice_is_noticed_even_after_a_merge() {
        let mut frames = frames(8);
        let start = frames.alloc(3, 1).expect("room");
        frames.free(start..start + 3);
        frames.free(start..start + 3);
    }

    proptest! {
        #[test]
        fn no_frame_is_handed_out_twice_and_freeing_all_restores_everything(
            steps in prop::collection::vec((1usize..40, 0u32..6, any::<prop::sample::Index>()), 1..120),
        ) {
            let mut frames = Frames::new();
            frames.add(3..200);
            frames.add(256..300);
            let mut held: Vec<Range<usize>> = Vec::new();
            for (count, shift, pick) in steps {
                if count % 3 == 0 && !held.is_empty() {
                    frames.free(held.swap_remove(pick.index(held.len())));
                } else if let Some(start) = frames.alloc(count, 1 << shift) {
                    let got = start..start + count;
                    prop_assert_eq!(start % (1 << shift), 0);
                    prop_assert!(held.iter().all(|h| h.end <= got.start || got.end <= h.start));
                    prop_assert!((3..200).contains(&start) && got.end <= 200 || (256..300).contains(&start) && got.end <= 300);
                    held.push(got);
                }
                let used: usize = held.iter().map(Range::len).sum();
                prop_assert_eq!(frames.free_count() + used, frames.total());
            }
            held.drain(..).for_each(|h| frames.free(h));
            prop_assert_eq!(frames.free_count(), 241);
            // Merged again: the largest block that was there at the start is there.
            prop_assert_eq!(frames.alloc(64, 64), Some(64));
        }
    }
}
