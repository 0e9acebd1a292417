//! What all chunks of a pool have in common, read without a lock.

use super::atomic::{AtomicU8, AtomicU32, AtomicU64};
use super::blocks::Blocks;
use super::classes::Classes;
use super::growing::Growing;
use super::layout::Kind;
use super::origins::Origins;
use super::rare::Rare;
use crate::restricted::PoolNumber;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use core::sync::atomic::fence;

/// A run that some chunk has room for unless water is low: 64 KiB, from a page on.
const LOW_RUN: u32 = 32;

/// See the module.
pub(super) struct Shared {
    pub(super) number: PoolNumber,
    pub(super) classes: Classes,
    pub(super) blocks: Blocks,
    /// Slots of all chunks.
    pub(super) total: AtomicU32,
    /// Chunks with a quarter of their slots free.
    roomy: AtomicU64,
    /// Somebody waits for room.
    awaits_room: AtomicU8,
    /// How often a chunk came to have a longer run than it said, as far as it matters.
    rises: AtomicU64,
    pub(super) rare: Rare,
    pub(super) growing: Option<Growing>,
    pub(super) origins: Origins,
}

impl Shared {
    pub(super) fn new(growing: Option<Growing>) -> Self {
        Self {
            number: PoolNumber::SHARED,
            classes: Classes::new(),
            blocks: Blocks::new(),
            total: AtomicU32::new(0),
            roomy: AtomicU64::new(0),
            awaits_room: AtomicU8::new(0),
            rises: AtomicU64::new(0),
            rare: Rare::new(),
            growing,
            origins: Origins::new(),
        }
    }

    /// How often a chunk had more to offer than before: a search during which this stays the same has
    /// missed nothing.
    pub(super) fn rises(&self) -> u64 {
        // Pairs with `rose`: who sees it sees what rose.
        self.rises.load(Acquire)
    }

    /// A chunk has more to offer, and has said so in the classes and its hints.
    pub(super) fn rose(&self) {
        self.rises.fetch_add(1, Release);
        // A search that has begun sees what rose, or this sees the search (`rare`).
        fence(SeqCst);
        self.rare.came_back();
    }

    pub(super) fn roomy(&self) -> u64 {
        self.roomy.load(Relaxed)
    }

    pub(super) fn set_roomy(&self, chunk: usize, roomy: bool) {
        if roomy {
            self.roomy.fetch_or(1 << chunk, Relaxed);
        } else {
            self.roomy.fetch_and(!(1 << chunk), Relaxed);
        }
    }

    /// Is the pool below low water: by free slots, or by its longest run?
    pub(super) fn is_low(&self) -> bool {
        self.roomy() == 0 || self.classes.candidates(Kind::Page, LOW_RUN) == 0
    }

    /// Has the pool looked after, if it grows and is below low water; or if a chunk fell empty, or there is
    /// room, that somebody waited for.
    pub(super) fn ask_if_low(&self, fell_empty: bool) {
        let Some(growing) = &self.growing else {
            return;
        };
        if self.is_low() {
            growing.ask();
        } else if fell_empty || self.awaits_room.swap(0, Relaxed) != 0 {
            growing.call();
        }
    }

    /// Has the pool looked after when water is not low any more.
    pub(super) fn tell_when_roomy(&self) {
        self.awaits_room.store(1, Relaxed);
    }
}
