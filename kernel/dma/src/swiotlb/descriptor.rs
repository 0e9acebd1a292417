//! One chunk's place in the pool: its slots under a lock, and what others may know without it.
//!
//! Descriptors are never freed. A chunk that goes leaves one without slots behind, and the next chunk
//! that takes it is told from the last by its generation.

use super::SLOT;
use super::atomic::{AtomicU32, AtomicU64};
use super::chunk::Chunk;
use super::layout::Kind;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::sync::atomic::fence;
use hal::{Irq, IrqLock, PhysAddr, PhysRange, RamRegion, Rank};

/// A chunk's place.
#[repr(align(64))]
pub(super) struct Descriptor<I> {
    pub(super) hints: Hints,
    // Lock order: one chunk at a time, and nothing is called under it.
    pub(super) state: IrqLock<State, I>,
}

/// What may be read without the lock, and may be old by then. Written under the lock.
pub(super) struct Hints {
    free: AtomicU32,
    /// Upper bounds of the longest runs: any in the low half, from a page on in the high half.
    longest: AtomicU32,
    /// Where the block starts.
    base: AtomicU64,
    /// The slots that exist: the first in the low half, the one behind the last in the high half.
    present: AtomicU32,
    /// How often the place was filled or left: odd while it has a chunk.
    generation: AtomicU32,
}

/// The locked part.
pub(super) struct State {
    pub(super) chunk: Chunk,
    /// What the slots lie in; all of a block, or a part.
    pub(super) memory: Option<RamRegion>,
    /// Where the block starts.
    pub(super) base: PhysAddr,
    pub(super) watch: Watch,
    /// Lengths 1, 2, 4 .. with which the chunk is in the classes, by bound.
    pub(super) published: [u32; 2],
    /// Slots were taken since somebody looked.
    pub(super) touched: bool,
    /// When the chunk was first seen empty, in microseconds.
    pub(super) empty_since: Option<u64>,
    /// Runs that were taken here, and the bytes that they were for (ST-2). Stays when the chunk goes.
    pub(super) served: [u64; 2],
}

/// When a change of the number of free slots is to be told to the pool.
pub(super) struct Watch {
    /// At least a quarter of the slots was free, or is so again and an eighth more.
    pub(super) roomy: bool,
    /// Fewer slots than this,
    pub(super) below: u32,
    /// or this many and more.
    pub(super) above: u32,
    /// Somebody waits for the chunk to be empty.
    pub(super) awaited: bool,
}

impl<I: Irq> Descriptor<I> {
    pub(super) fn new() -> Self {
        let state = State {
            chunk: Chunk::NONE,
            memory: None,
            base: PhysAddr::new(0),
            watch: Watch::NOTHING,
            published: [0; 2],
            touched: false,
            empty_since: None,
            served: [0; 2],
        };
        Self {
            hints: Hints {
                free: AtomicU32::new(0),
                longest: AtomicU32::new(0),
                base: AtomicU64::new(0),
                present: AtomicU32::new(0),
                generation: AtomicU32::new(0),
            },
            state: IrqLock::new(Rank::Layer, "chunk of the bounce pool", state),
        }
    }
}

impl Hints {
    /// Free slots.
    #[inline]
    pub(super) fn free(&self) -> u32 {
        self.free.load(Relaxed)
    }

    #[inline]
    pub(super) fn set_free(&self, free: u32) {
        self.free.store(free, Relaxed);
    }

    /// Upper bound of the longest run of a kind.
    #[inline]
    pub(super) fn longest(&self, kind: Kind) -> u32 {
        self.longest_of(kind.bound())
    }

    /// The same by the number of the bound.
    #[inline]
    pub(super) fn longest_of(&self, bound: usize) -> u32 {
        self.longest.load(Relaxed) >> (16 * bound) & 0xFFFF
    }

    pub(super) fn set_longest(&self, [any, page]: [u32; 2]) {
        self.longest.store(any | page << 16, Relaxed);
    }

    /// The place has slots from now on: those from `first` up to `end` of the block at `base`.
    pub(super) fn fill(&self, base: PhysAddr, first: u32, end: u32) {
        self.base.store(base.get(), Relaxed);
        self.present.store(first | end << 16, Relaxed);
        self.next_generation();
    }

    /// The place has none from now on.
    pub(super) fn empty(&self) {
        self.next_generation();
        // Whoever reads what is written next sees that the generation is over.
        fence(Release);
    }

    /// Where its block starts, if it has a chunk: right for who has slots of it.
    pub(super) fn base(&self) -> Option<PhysAddr> {
        self.is_filled()
            .then(|| PhysAddr::new(self.base.load(Relaxed)))
    }

    /// Has the place a chunk?
    pub(super) fn is_filled(&self) -> bool {
        self.generation.load(Acquire) & 1 == 1
    }

    /// How often the place was filled or left: odd while it has a chunk.
    pub(super) fn generation(&self) -> u32 {
        self.generation.load(Acquire)
    }

    fn next_generation(&self) {
        let next = self.generation.load(Relaxed).wrapping_add(1);
        self.generation.store(next, Release);
    }

    /// The number of the slot that the byte at `at` lies in, if it is one of this place's.
    ///
    /// Without the lock: right for whoever has that slot, since its chunk cannot go; and for whoever has
    /// the byte otherwise, since no chunk that comes meanwhile can have it.
    pub(super) fn slot_at(&self, at: PhysAddr) -> Option<u32> {
        // Pairs with `fill`.
        let generation = self.generation.load(Acquire);
        let (base, present) = (self.base.load(Relaxed), self.present.load(Relaxed));
        // Pairs with `empty`: what was read is of that generation if it is not over.
        fence(Acquire);
        let steady = generation & 1 == 1 && self.generation.load(Relaxed) == generation;
        let slot = u32::try_from(at.get().checked_sub(base)? / SLOT).ok()?;
        (steady && (present & 0xFFFF..present >> 16).contains(&slot)).then_some(slot)
    }
}

/// Where `len` bytes are that start `offset` bytes into slot `first` of the block at `base`.
#[inline]
pub(super) fn data(base: PhysAddr, first: u32, offset: u64, len: u64) -> PhysRange {
    let start = base.checked_add(u64::from(first) * SLOT + offset);
    let data = start.and_then(|start| PhysRange::new(start, len).ok());
    data.expect("slots lie in their chunk")
}

impl Watch {
    /// Tells nothing.
    pub(super) const NOTHING: Self = Self {
        roomy: false,
        below: 0,
        above: u32::MAX,
        awaited: false,
    };
}
