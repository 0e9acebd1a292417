//! The slots of one chunk: 1,024 of them as sixteen words of free bits.
//!
//! For each word a byte holds an *upper bound* of its longest free run, and a second one of its
//! longest free run that starts on a page; both lie in two words, so that eight are compared at a
//! time. A failed search lowers the bound that it used, a release into the word forgets both: so what
//! cannot serve is tried once. The same two bounds are kept for the chunk as a whole, and there a release
//! raises them to the run that it made, for nobody shall look into a chunk in vain.
//!
//! Nearly every request is served by the word that served the last one, and nearly every release is into a
//! word of which no bound was ever lowered: those two ways are short, and alone are inlined.

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
/// In `lowered`: a bound of the chunk as a whole.
const LOWERED: u32 = 1 << 31;

/// The slots of one chunk.
#[derive(Debug)]
pub(crate) struct Chunk {
    free: [u64; WORDS],
    free_slots: u32,
    /// Bit by bit the words of which a bound is less than it may become by a release, and [`LOWERED`].
    lowered: u32,
    /// The word that served last.
    near: u8,
    /// By [`Kind`]: any run, runs from a page on.
    bounds: [Bounds; 2],
    /// The same for runs of the whole chunk, across words.
    longest: [u32; 2],
    total: u32,
}

impl Chunk {
    /// A chunk without slots.
    pub(crate) const NONE: Self = Self {
        free: [0; WORDS],
        free_slots: 0,
        lowered: 0,
        near: 0,
        bounds: [Bounds::NONE; 2],
        longest: [0; 2],
        total: 0,
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

    #[inline]
    pub(crate) fn total(&self) -> u32 {
        self.total
    }

    #[inline]
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
    #[inline(always)]
    pub(crate) fn alloc(&mut self, layout: &Layout) -> Option<u32> {
        let near = self.alloc_near(layout);
        near.or_else(|| self.alloc_anywhere(layout))
    }

    /// Takes a run out of the word that served last.
    #[inline(always)]
    fn alloc_near(&mut self, layout: &Layout) -> Option<u32> {
        let word = usize::from(self.near) % WORDS;
        let starts = layout.starts_in(self.free[word]);
        if starts == 0 {
            return None;
        }
        let at = starts.trailing_zeros();
        self.free[word] &= !span(at, layout.slots);
        self.free_slots -= layout.slots;
        Some(word as u32 * WORD + at)
    }

    #[inline(never)]
    fn alloc_anywhere(&mut self, layout: &Layout) -> Option<u32> {
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
        if kind != Kind::Rare {
            self.lowered |= LOWERED;
        }
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
    #[inline(always)]
    pub(crate) fn release(&mut self, first: u32, slots: u32) -> bool {
        let (word, at) = ((first / WORD) as usize % WORDS, first % WORD);
        if at + slots > WORD {
            return self.release_across(first, slots);
        }
        self.put(word, span(at, slots));
        self.free_slots += slots;
        self.lowered & (1 << word | LOWERED) != 0 && self.raise(word, at)
    }

    /// The same for a run over several words.
    #[inline(never)]
    fn release_across(&mut self, first: u32, slots: u32) -> bool {
        let mut raised = false;
        for (word, span) in spans(first, slots) {
            self.put(word, span);
            raised |= self.raise(word, span.trailing_zeros());
        }
        self.free_slots += slots;
        raised
    }

    /// Gives slots of one word back.
    #[inline(always)]
    fn put(&mut self, word: usize, span: u64) {
        let free = &mut self.free[word];
        if *free & span != 0 {
            released_twice(word, span);
        }
        *free |= span;
    }

    /// Raises bounds after slot `at` of a word, or a run from there on, came back. Says whether one of the
    /// whole chunk was too low.
    // What is rare in it comes last and is a call, so that the rest needs no frame.
    #[inline(never)]
    fn raise(&mut self, word: usize, at: u32) -> bool {
        if self.lowered & 1 << word != 0 {
            // As if nobody had looked yet: to find out by how much would take as long as the next look.
            self.lowered &= !(1 << word);
            self.bounds
                .iter_mut()
                .for_each(|bounds| bounds.set(word, WORD));
        }
        if self.lowered & LOWERED == 0 {
            return false;
        }
        let (start, end) = run_around(self.free[word], at);
        if start == 0 || end == WORD {
            return self.raise_joined(word, start, end);
        }
        self.raise_to(start, end)
    }

    /// The same for a run that touches an end of its word.
    #[inline(never)]
    fn raise_joined(&mut self, word: usize, start: u32, end: u32) -> bool {
        let (start, end) = self.joined(word, start, end);
        self.raise_to(start, end)
    }

    /// Raises the bounds of the whole chunk to those of a free run, where that is longer.
    #[inline(always)]
    fn raise_to(&mut self, start: u32, end: u32) -> bool {
        let runs = [end - start, end - page_up(start).min(end)];
        let [any, page] = self.longest;
        (runs[0] > any || runs[1] > page) && self.raise_longest(runs)
    }

    #[cold]
    #[inline(never)]
    fn raise_longest(&mut self, runs: [u32; 2]) -> bool {
        for (longest, run) in self.longest.iter_mut().zip(runs) {
            *longest = run.max(*longest);
        }
        if self.longest[Kind::Page.bound()] >= self.total {
            self.lowered &= !LOWERED;
        }
        true
    }

    /// The free run of which slots `start` to `end` of a word are a part, across words.
    fn joined(&self, word: usize, mut start: u32, mut end: u32) -> (u32, u32) {
        let (mut below, mut above) = (word, word);
        while start == 0 && below > 0 {
            below -= 1;
            // A run that ends before the word's first bit ended with the word before.
            start = WORD - self.free[below].leading_ones();
        }
        while end == WORD && above + 1 < WORDS {
            above += 1;
            end = self.free[above].trailing_ones();
        }
        (below as u32 * WORD + start, above as u32 * WORD + end)
    }
}

/// Our own bug.
#[cold]
fn released_twice(word: usize, span: u64) -> ! {
    panic!("slots {span:#x} of word {word} were free already");
}

/// The first slot at or behind `slot` that starts a page.
#[inline]
const fn page_up(slot: u32) -> u32 {
    (slot + PAGE_SLOTS - 1) & !(PAGE_SLOTS - 1)
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
