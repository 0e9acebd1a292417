//! A rare shape that no chunk has a run for: it is refused at once until slots come back.
//!
//! Of shapes that many places serve, each chunk knows how long its longest run is. Of the others a failed
//! search proves nothing about the next, so all of it would be done again for every refusal. One such
//! shape is kept for the pool, as one word, and any release wipes it out.
//!
//! *Order.* A search for all time says that it is looking, then looks; a release puts slots back, then looks
//! whether there is a search to spoil. Both do so with the chunk's lock held, save that a search passes
//! over chunks whose hints say no: those rise under the lock too, with a full barrier behind
//! ([`Shared::rose`](super::shared::Shared::rose)) that pairs with the one in `looks`.

use super::atomic::AtomicU64;
use super::layout::Layout;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, SeqCst};
use core::sync::atomic::fence;

/// A core looks for the shape: which search it is follows in bits that a shape leaves free.
const LOOKING: u64 = 1 << 62;
const SEARCH: u32 = 42;

/// See the module.
pub(super) struct Rare {
    /// 0: nothing is known. The number of a shape, which is never 0: there is no run for it.
    word: AtomicU64,
    /// Searches so far.
    searches: AtomicU64,
}

/// A search for all time that has begun.
#[must_use]
pub(super) struct Search(u64);

/// A shape as a number: all that a search goes by.
fn number(layout: &Layout) -> u64 {
    let (slots, phase) = (u64::from(layout.slots), u64::from(layout.phase));
    let (align, boundary) = (layout.align.ilog2(), layout.boundary.ilog2());
    slots << 28 | phase << 12 | u64::from(align) << 6 | u64::from(boundary)
}

impl Rare {
    pub(super) fn new() -> Self {
        Self {
            word: AtomicU64::new(0),
            searches: AtomicU64::new(0),
        }
    }

    /// Was the shape looked for in vain, and has nothing come back since?
    pub(super) fn is_in_vain(&self, layout: &Layout) -> bool {
        self.word.load(Acquire) == number(layout)
    }

    /// A search begins, of all that may serve.
    pub(super) fn looks(&self, layout: &Layout) -> Search {
        // Another core's for the same shape is another search: what spoils one does not spoil both.
        let which = self.searches.fetch_add(1, Relaxed) << SEARCH & (LOOKING - 1);
        let search = number(layout) | which | LOOKING;
        self.word.store(search, Relaxed);
        fence(SeqCst);
        Search(search)
    }

    /// It found nothing. That counts if nobody spoilt it; else the next one looks again.
    pub(super) fn found_nothing(&self, layout: &Layout, Search(search): Search) {
        let in_vain = number(layout);
        let _ = self.word.compare_exchange(search, in_vain, AcqRel, Relaxed);
    }

    /// Slots came back.
    #[inline]
    pub(super) fn came_back(&self) {
        if self.word.load(Relaxed) != 0 {
            self.word.store(0, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::swiotlb::CHUNK_SLOTS;

    fn shape(slots: u32, phase: u32) -> Layout {
        Layout::of(slots, (64, phase), CHUNK_SLOTS, 0)
    }

    fn others() -> [Layout; 4] {
        let align = Layout::of(3, (32, 5), CHUNK_SLOTS, 0);
        let boundary = Layout::of(3, (64, 5), 64, 0);
        [shape(2, 5), shape(3, 4), align, boundary]
    }

    #[test]
    fn only_the_very_shape_is_refused_and_only_until_slots_come_back() {
        let rare = Rare::new();
        let wanted = shape(3, 5);
        let search = rare.looks(&wanted);
        assert!(!rare.is_in_vain(&wanted), "it is looked for");
        rare.found_nothing(&wanted, search);
        assert!(rare.is_in_vain(&wanted));
        assert_eq!(others().map(|other| rare.is_in_vain(&other)), [false; 4]);
        rare.came_back();
        assert!(!rare.is_in_vain(&wanted));
    }

    #[test]
    fn a_search_that_is_spoilt_proves_nothing_though_another_has_begun() {
        let (rare, wanted) = (Rare::new(), shape(3, 5));
        let spoilt = rare.looks(&wanted);
        rare.came_back();
        let later = rare.looks(&wanted);
        rare.found_nothing(&wanted, spoilt);
        assert!(!rare.is_in_vain(&wanted));
        rare.found_nothing(&wanted, later);
        assert!(rare.is_in_vain(&wanted));
    }
}
