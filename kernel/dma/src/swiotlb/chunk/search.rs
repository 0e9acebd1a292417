//! Where in a chunk a run of some shape is free.
//!
//! A run that lies in one word is found by a few instructions per word, and the bounds say which words
//! to look at. All others touch an end of a word, so a walk over the sixteen words meets them.

use super::{Chunk, WORD, WORDS};
use crate::swiotlb::CHUNK_SLOTS;
use crate::swiotlb::layout::{Kind, Layout};

impl Chunk {
    /// The first slot of a run of the given shape, if there is one.
    pub(super) fn find(&mut self, layout: &Layout, kind: Kind) -> Option<u32> {
        if layout.align > WORD {
            return self.find_sparse(layout);
        }
        if layout.slots <= WORD
            && let Some(first) = self.find_in_word(layout, kind)
        {
            return Some(first);
        }
        self.find_across(layout)
    }

    /// A run inside one word.
    pub(super) fn find_in_word(&mut self, layout: &Layout, kind: Kind) -> Option<u32> {
        let bounds = &mut self.bounds[kind.bound()];
        let mut from = 0;
        loop {
            let word = bounds.first_at_least(layout.slots, from)?;
            let starts = layout.starts_in(self.free[word]);
            if starts != 0 {
                self.near = word as u8;
                return Some(word as u32 * WORD + starts.trailing_zeros());
            }
            if kind != Kind::Rare {
                bounds.set(word, layout.slots - 1);
                self.lowered |= 1 << word;
            }
            from = word + 1;
        }
    }

    /// A run that touches an end of a word.
    fn find_across(&self, layout: &Layout) -> Option<u32> {
        let fits = |first, end| {
            let start = layout.next_start(first);
            (start + layout.slots <= end).then_some(start)
        };
        // Where the free run began that goes on behind the words looked at so far.
        let mut first = 0;
        for word in 0..WORDS {
            let (free, at) = (self.free[word], word as u32 * WORD);
            if free == !0 {
                continue;
            }
            if let Some(start) = fits(first, at + free.trailing_ones()) {
                return Some(start);
            }
            first = at + WORD - free.leading_ones();
        }
        fits(first, CHUNK_SLOTS)
    }

    /// A run where an alignment leaves a few places alone: each is tried.
    fn find_sparse(&self, layout: &Layout) -> Option<u32> {
        let mut start = layout.next_start(0);
        while start + layout.slots <= CHUNK_SLOTS {
            if super::spans(start, layout.slots).all(|(word, span)| self.free[word] & span == span)
            {
                return Some(start);
            }
            start = layout.next_start(start + 1);
        }
        None
    }
}
