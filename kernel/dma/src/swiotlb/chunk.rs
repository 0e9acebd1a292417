//! The slots of one chunk: 1,024 of them as sixteen words of free bits.
//!
//! For each word a byte holds an *upper bound* of its longest free run, and a second one of its
//! longest free run that starts on a page; both lie in two words, so that eight are compared at a
//! time. The same two bounds are kept for the chunk as a whole. A failed search lowers the bound that
//! it used, a release raises both by as much as the run that it made is long, so what cannot serve is
//! tried once.

mod search;

use super::bits::{run_around, span};
use super::bounds::Bounds;
use super::layout::{Kind, Layout};
use super::{CHUNK_SLOTS, PAGE_SLOTS, PARTS};
use core::ops::Range;

const WORDS: usize = 16;
/// Slots of a part.
const PART: u32 = CHUNK_SLOTS / PARTS as u32;
const WORD: u32 = u64::BITS;

/// The slots of one chunk.
#[derive(Debug)]
pub(crate) struct Chunk {
    free: [u64; WORDS],
    /// By [`Kind`]: any run, runs from a page on.
    bounds: [Bounds; 2],
    /// The same for runs of the whole chunk, across words.
    longest: [u32; 2],
    total: u32,
    free_slots: u32,
}

impl Chunk {
    /// A chunk without slots.
    pub(crate) const NONE: Self = Self {
        free: [0; WORDS],
        bounds: [Bounds::NONE; 2],
        longest: [0; 2],
        total: 0,
        free_slots: 0,
    };

    /// A chunk that has `slots` slots from `first` on; the others count as used for ever, so nothing
    /// outside its memory can be handed out (GEO-3).
    pub(crate) fn new(first: u32, slots: u32) -> Self {
        assert!(
            first + slots <= CHUNK_SLOTS,
            "a chunk has {CHUNK_SLOTS} slots, not {first} + {slots}"
        );
        let mut chunk = Self {
            total: slots,
            free_slots: slots,
            longest: [slots; 2],
            ..Self::NONE
        };
        for (word, span) in spans(first, slots) {
            chunk.free[word] = span;
            chunk
                .bounds
                .iter_mut()
                .for_each(|bounds| bounds.set(word, span.count_ones()));
        }
        chunk
    }

    pub(crate) fn total(&self) -> u32 {
        self.total
    }

    pub(crate) fn free_slots(&self) -> u32 {
        self.free_slots
    }

    /// Slots in use of each 32nd of the chunk that has slots at all; those that exist are `present`.
    pub(crate) fn used_by_part(&self, present: &Range<u32>) -> [Option<u8>; PARTS] {
        core::array::from_fn(|part| {
            let first = part as u32 * PART;
            let there = first.max(present.start)..(first + PART).min(present.end);
            let free = |slot: &u32| self.free[(slot / WORD) as usize] >> (slot % WORD) & 1 == 1;
            let used = there.clone().filter(|slot| !free(slot)).count() as u8;
            (!there.is_empty()).then_some(used)
        })
    }

    /// Upper bounds of the longest free run and of the longest from a page on, as far as searches and
    /// releases told.
    pub(crate) fn bounds(&self) -> [u32; 2] {
        self.longest
    }

    /// Upper bound of the longest free run, of those from a page on for [`Kind::Page`].
    pub(crate) fn longest(&self, kind: Kind) -> u32 {
        self.longest[kind.bound()].min(self.free_slots)
    }

    /// Takes a run of the given shape and returns its first slot. `None`: there is no such run.
    pub(crate) fn alloc(&mut self, layout: &Layout) -> Option<u32> {
        let kind = layout.kind();
        if layout.slots <= self.longest(kind)
            && let Some(first) = self.find(layout, kind)
        {
            self.take(first, layout.slots);
            return Some(first);
        }
        self.failed(layout.slots, kind);
        None
    }

    /// Takes just these slots, if all are free.
    pub(crate) fn alloc_at(&mut self, first: u32, slots: u32) -> bool {
        let free = spans(first, slots).all(|(word, span)| self.free[word] & span == span);
        if free {
            self.take(first, slots);
        }
        free
    }

    /// Remembers that there is no run of `slots` slots. A rare alignment says nothing about others.
    #[cold]
    fn failed(&mut self, slots: u32, kind: Kind) {
        let below = slots - 1;
        match kind {
            Kind::Any => self.longest = self.longest.map(|longest| longest.min(below)),
            Kind::Page => self.longest[kind.bound()] = self.longest[kind.bound()].min(below),
            Kind::Rare => {}
        }
    }

    fn take(&mut self, first: u32, slots: u32) {
        for (word, span) in spans(first, slots) {
            debug_assert!(self.free[word] & span == span, "slots were taken already");
            self.free[word] &= !span;
        }
        self.free_slots -= slots;
    }

    /// Gives a run back. Says whether a longest run may be longer than it was.
    pub(crate) fn release(&mut self, first: u32, slots: u32) -> bool {
        for (word, span) in spans(first, slots) {
            assert!(
                self.free[word] & span == 0,
                "slots {first}+{slots} were free already"
            );
            self.free[word] |= span;
            let (start, end) = run_around(self.free[word], span.trailing_zeros());
            self.bounds[Kind::Any.bound()].raise(word, end - start);
            self.bounds[Kind::Page.bound()].raise(word, end - page_up(start).min(end));
        }
        self.free_slots += slots;
        // Most releases are into a chunk of which nobody ever wanted more than it had.
        self.longest[Kind::Page.bound()] < self.total && self.raise(first)
    }

    /// Raises the bounds of the whole chunk to the free run around `first`, if that is longer.
    fn raise(&mut self, first: u32) -> bool {
        let (start, end) = self.run_around(first);
        let runs = [end - start, end - page_up(start).min(end)];
        let raised = (0..2).any(|kind| runs[kind] > self.longest[kind]);
        for (longest, run) in self.longest.iter_mut().zip(runs) {
            *longest = run.max(*longest);
        }
        raised
    }

    /// The free run around `slot`, which is free, across words.
    fn run_around(&self, slot: u32) -> (u32, u32) {
        let mut word = (slot / WORD) as usize;
        let (mut start, mut end) = run_around(self.free[word], slot % WORD);
        let (mut below, mut above) = (word, word);
        while start == 0 && below > 0 {
            below -= 1;
            start = WORD - self.free[below].leading_ones();
        }
        while end == WORD && above + 1 < WORDS {
            above += 1;
            end = self.free[above].trailing_ones();
        }
        // A run that ends before the word's first bit ended with the word before.
        word = below;
        (word as u32 * WORD + start, above as u32 * WORD + end)
    }
}

/// The first slot at or behind `slot` that starts a page.
const fn page_up(slot: u32) -> u32 {
    slot.next_multiple_of(PAGE_SLOTS)
}

/// The words that a run touches, each with its bits.
fn spans(first: u32, slots: u32) -> impl Iterator<Item = (usize, u64)> {
    let end = first + slots;
    let mut at = first;
    core::iter::from_fn(move || {
        if at >= end {
            return None;
        }
        let here = (end - at).min(WORD - at % WORD);
        let item = ((at / WORD) as usize, span(at % WORD, here));
        at += here;
        Some(item)
    })
}

#[cfg(test)]
mod tests;
