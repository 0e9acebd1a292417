//! One chunk of the pool: 1,024 slots as sixteen words of free bits.
//!
//! For each word a byte holds an *upper bound* of its longest free run, and a second one of its
//! longest free run that starts on a page; both live in two words, so that eight are compared at a
//! time. A failed search lowers the bound it used, a release raises both, so a word that cannot
//! serve is tried once. Runs of up to 32 slots come from a single word; longer ones, and those
//! that no single word has, from a scan of all sixteen.

use super::bits::{grid, run_around, run_starts, span};
use super::bounds::Bounds;
use super::layout::Layout;
use super::{CHUNK_SLOTS, Full};

const WORDS: usize = 16;
const WORD: u32 = u64::BITS;
/// The longest run that is looked for in one word.
const SHORT: u32 = 32;

/// Which bound a search may use, and lower when it fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Any start: the plain bound, exactly.
    Any,
    /// Starts on a page: the second bound, exactly.
    Page,
    /// A rarer alignment or a boundary: the plain bound as a filter; failing says nothing about it.
    Rare,
}

/// The slots of one chunk.
#[derive(Debug)]
pub(crate) struct Chunk {
    free: [u64; WORDS],
    any: Bounds,
    page: Bounds,
    /// Upper bound of the longest run in the whole chunk.
    longest: u32,
    total: u32,
    free_slots: u32,
}

impl Chunk {
    /// A chunk whose first `slots` slots exist; the others count as used for ever, so nothing behind
    /// the pool's end can be handed out (GEO-3).
    pub(crate) fn new(slots: u32) -> Self {
        assert!(
            slots <= CHUNK_SLOTS,
            "a chunk has {CHUNK_SLOTS} slots, not {slots}"
        );
        let mut chunk = Self {
            free: [0; WORDS],
            any: Bounds::NONE,
            page: Bounds::NONE,
            longest: slots,
            total: slots,
            free_slots: slots,
        };
        for word in 0..WORDS {
            let here = slots.saturating_sub(word as u32 * WORD).min(WORD);
            if here > 0 {
                chunk.free[word] = span(0, here);
                chunk.any.set(word, here);
                chunk.page.set(word, here);
            }
        }
        chunk
    }

    pub(crate) fn total(&self) -> u32 {
        self.total
    }

    pub(crate) fn free_slots(&self) -> u32 {
        self.free_slots
    }

    /// Upper bound of the longest free run.
    pub(crate) fn longest(&self) -> u32 {
        self.longest.min(self.free_slots)
    }

    /// Takes a run of the given shape and returns its first slot.
    pub(crate) fn alloc(&mut self, layout: &Layout) -> Result<u32, Full> {
        let wanted = layout.slots;
        if wanted > self.longest() {
            return Err(self.full(wanted));
        }
        let first = self.find(layout).ok_or_else(|| self.full(wanted))?;
        self.take(first, wanted);
        Ok(first)
    }

    fn full(&self, wanted: u32) -> Full {
        Full {
            wanted,
            free: self.free_slots,
            largest_run: self.longest(),
        }
    }

    fn find(&mut self, layout: &Layout) -> Option<u32> {
        let short = layout.slots <= SHORT && layout.align <= WORD;
        if let Some(first) = short.then(|| self.find_in_word(layout)).flatten() {
            return Some(first);
        }
        let first = self.scan(layout);
        if first.is_none() && layout.align == 1 && layout.boundary == CHUNK_SLOTS {
            self.longest = layout.slots - 1;
        }
        first
    }

    fn find_in_word(&mut self, layout: &Layout) -> Option<u32> {
        let kind = kind_of(layout);
        let mut from = 0;
        while from < WORDS {
            let bounds = if kind == Kind::Page {
                &self.page
            } else {
                &self.any
            };
            let word = bounds.first_at_least(layout.slots, from)?;
            let starts = run_starts(self.free[word], layout.slots)
                & grid(layout.align, layout.phase)
                & boundary_starts(layout);
            if starts != 0 {
                return Some(word as u32 * WORD + starts.trailing_zeros());
            }
            match kind {
                Kind::Any => self.any.set(word, layout.slots - 1),
                Kind::Page => self.page.set(word, layout.slots - 1),
                Kind::Rare => {}
            }
            from = word + 1;
        }
        None
    }

    /// Looks at every run of the chunk, across words.
    fn scan(&self, layout: &Layout) -> Option<u32> {
        let mut at = 0;
        while let Some((first, end)) = self.next_run(at) {
            let start = layout.next_start(first);
            if layout.allows(start) && start + layout.slots <= end {
                return Some(start);
            }
            at = end;
        }
        None
    }

    /// The next run of free slots at or after `at`, as `first..end`.
    fn next_run(&self, at: u32) -> Option<(u32, u32)> {
        let first = self.next_bit(at, 0)?;
        let end = self.next_bit(first, !0).unwrap_or(CHUNK_SLOTS);
        Some((first, end))
    }

    /// The next slot at or after `at` whose free bit differs from `flip`'s bits: free for 0, used
    /// for all ones.
    fn next_bit(&self, at: u32, flip: u64) -> Option<u32> {
        let mut word = (at / WORD) as usize;
        let mut mask = !0 << (at % WORD);
        while word < WORDS {
            let found = (self.free[word] ^ flip) & mask;
            if found != 0 {
                return Some(word as u32 * WORD + found.trailing_zeros());
            }
            (word, mask) = (word + 1, !0);
        }
        None
    }

    fn take(&mut self, first: u32, slots: u32) {
        for (word, span) in spans(first, slots) {
            debug_assert!(self.free[word] & span == span, "slots were taken already");
            self.free[word] &= !span;
        }
        self.free_slots -= slots;
    }

    /// Gives a run back.
    pub(crate) fn release(&mut self, first: u32, slots: u32) {
        for (word, span) in spans(first, slots) {
            assert!(
                self.free[word] & span == 0,
                "slots {first}+{slots} were free already"
            );
            self.free[word] |= span;
            let run = run_around(self.free[word], span.trailing_zeros());
            self.any.set(word, self.any.get(word).max(run));
            self.page.set(word, self.page.get(word).max(run));
        }
        self.free_slots += slots;
        // The released run may have joined two others, neither longer than the old bound.
        self.longest = (self.longest * 2 + slots).min(self.total);
    }
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

fn kind_of(layout: &Layout) -> Kind {
    match (layout.align, layout.phase, layout.boundary) {
        (1, _, CHUNK_SLOTS) => Kind::Any,
        (2, 0, CHUNK_SLOTS) => Kind::Page,
        _ => Kind::Rare,
    }
}

/// Bit `i` is set where a run from slot `i` of a word crosses no boundary of the layout.
fn boundary_starts(layout: &Layout) -> u64 {
    if layout.boundary >= WORD {
        // A word is naturally aligned and never crosses a larger boundary.
        return !0;
    }
    let allowed = layout.boundary - layout.slots + 1;
    run_of_grid(layout.boundary, allowed)
}

/// The first `len` bits of every `unit` bits.
fn run_of_grid(unit: u32, len: u32) -> u64 {
    grid(unit, 0).wrapping_mul(span(0, len))
}

#[cfg(test)]
mod tests;
