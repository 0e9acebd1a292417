//! Which places of the pool are taken, and when somebody is to look after it.

use super::atomic::{AtomicU8, AtomicU32, AtomicU64};
use super::supply::Growth;
use super::{CHUNK, CHUNKS};
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use hal::PhysRange;

/// A pool's growth as all cores see it.
pub(super) struct Growing {
    growth: Growth,
    /// Places up to the ceiling.
    places: u64,
    /// Places that have a chunk, or are to get one.
    claimed: AtomicU64,
    /// The pool is to be looked after, and whoever does so knows.
    asked: AtomicU8,
    /// Somebody is at it.
    tending: AtomicU8,
    /// Neighbouring chunks that somebody wanted who could not take them.
    long: AtomicU32,
    /// There was not even the smallest memory to grow by when the supply had counted one free less than
    /// this; 0 if it was never so.
    dry: AtomicU64,
    /// Since when there was enough, in microseconds.
    pub(super) calm_since: AtomicU64,
    /// Chunks that came and went so far.
    pub(super) grown: AtomicU64,
    pub(super) returned: AtomicU64,
}

impl Growing {
    /// For a pool whose first `floor` places are taken for ever.
    pub(super) fn new(growth: Growth, floor: usize) -> Self {
        let now = growth.supply.micros();
        let ceiling = growth.ceiling.clamp(floor, CHUNKS);
        Self {
            growth: Growth { ceiling, ..growth },
            places: first(ceiling),
            claimed: AtomicU64::new(first(floor)),
            asked: AtomicU8::new(0),
            tending: AtomicU8::new(0),
            long: AtomicU32::new(0),
            dry: AtomicU64::new(0),
            calm_since: AtomicU64::new(now),
            grown: AtomicU64::new(0),
            returned: AtomicU64::new(0),
        }
    }

    pub(super) fn growth(&self) -> &Growth {
        &self.growth
    }

    /// Chunks that can be added.
    pub(super) fn room_above(&self, first: PhysRange) -> usize {
        self.growth.ceiling - first.len().div_ceil(CHUNK) as usize
    }

    pub(super) fn claimed(&self) -> u64 {
        self.claimed.load(Acquire)
    }

    /// Claims the lowest free place.
    pub(super) fn claim(&self) -> Option<usize> {
        loop {
            let free = !self.claimed() & self.places;
            let index = free.checked_ilog2().map(|_| free.trailing_zeros())?;
            let bit = 1 << index;
            if self.claimed.fetch_or(bit, AcqRel) & bit == 0 {
                return Some(index as usize);
            }
        }
    }

    /// Gives places up.
    pub(super) fn unclaim(&self, places: u64) {
        self.claimed.fetch_and(!places, Release);
    }

    /// Is it below its ceiling?
    pub(super) fn has_room(&self) -> bool {
        self.claimed() != self.places
    }

    /// There is no memory to grow by, none at all, since before the supply had counted so many frees.
    pub(super) fn found_nothing(&self, frees: Option<u64>) {
        if let Some(frees) = frees {
            self.dry.store(frees.wrapping_add(1), Relaxed);
        }
    }

    /// Was there no memory at all, and has none come back since?
    pub(super) fn is_dry(&self) -> bool {
        let dry = self.dry.load(Relaxed);
        dry != 0 && self.growth.supply.frees() == Some(dry - 1)
    }

    /// Asks for somebody to look after the pool, unless there is nothing to be had.
    pub(super) fn ask(&self) {
        if self.has_room() && self.asked.swap(1, AcqRel) == 0 {
            self.growth.supply.tend_soon();
        }
    }

    /// Has the pool looked after once what it just grew by may be idle, even where nothing more is to be
    /// had: else nobody would give that back.
    ///
    /// Context: interrupts on, no lock held.
    pub(super) fn look_later(&self) {
        let growth = &self.growth;
        growth.supply.tend_in((growth.idle_us / 2).max(1));
    }

    /// As `look_later`, for what a look left behind.
    pub(super) fn look_again(&self, next: Next) {
        match next {
            Next::Never => {}
            Next::Told => self.growth.supply.tend_in(self.growth.idle_us * RARELY),
            Next::Soon => self.look_later(),
        }
    }

    /// Has somebody look at once.
    ///
    /// Context: any.
    pub(super) fn call(&self) {
        if self.asked.swap(1, AcqRel) == 0 {
            self.growth.supply.tend_soon();
        }
    }

    /// As `ask`, for as many chunks in a row.
    pub(super) fn ask_for(&self, chunks: u32) {
        self.long.store(chunks, Relaxed);
        self.ask();
    }

    /// Takes the wish for chunks in a row.
    pub(super) fn long_wish(&self) -> u32 {
        self.long.swap(0, Relaxed)
    }

    /// Has nobody ask again before the pool is looked after the next time: asking would be in vain.
    pub(super) fn hush(&self) {
        self.asked.store(1, Release);
    }

    /// Runs `work`, on one core at a time, until nobody asked for it meanwhile. Returns at once where a
    /// core is at it: that one comes round again.
    pub(super) fn alone(&self, mut work: impl FnMut() -> Rest) {
        while self.tending.swap(1, AcqRel) == 0 {
            self.asked.store(0, Release);
            let rest = work();
            if matches!(rest, Rest::Hushed) {
                self.hush();
            }
            // Pairs with the swap of a core that came meanwhile, whose question is visible now.
            self.tending.swap(0, AcqRel);
            if matches!(rest, Rest::Hushed) || self.asked.load(Acquire) == 0 {
                return;
            }
        }
    }
}

/// Idle times between two looks at what is told of: two cores may just miss each other.
const RARELY: u64 = 64;

/// When to look again at what cannot go yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Next {
    /// There is nothing left that could go.
    Never,
    /// When a slot comes back that it waits for; nothing changes before.
    Told,
    /// When it may be idle.
    Soon,
}

/// How a look after the pool ended.
pub(super) enum Rest {
    /// Whoever wants more may ask.
    Ready,
    /// There is nothing to be had for a while.
    Hushed,
}

/// The first `count` places.
pub(super) const fn first(count: usize) -> u64 {
    if count >= CHUNKS {
        u64::MAX
    } else {
        (1 << count) - 1
    }
}
