//! One chunk's place in the pool: its slots under a lock, and what others may know without it.
//!
//! Descriptors are never freed. A chunk that goes leaves one without slots behind, and the next chunk
//! that takes it is told from the last by its generation.

use super::SLOT;
use super::atomic::AtomicU32;
use super::chunk::Chunk;
use super::layout::Kind;
use core::sync::atomic::Ordering::Relaxed;
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
    /// The most slots that were in use since the mark was reset (ST-1). Stays when the chunk goes.
    pub(super) most: u32,
}

/// When a change of the number of free slots is to be told to the pool.
pub(super) struct Watch {
    /// Lengths 1, 2, 4 .. with which the chunk is in the classes, by bound.
    pub(super) published: [u32; 2],
    /// Fewer slots than this,
    pub(super) below: u32,
    /// or this many and more.
    pub(super) above: u32,
}

impl<I: Irq> Descriptor<I> {
    pub(super) fn new() -> Self {
        let state = State {
            chunk: Chunk::NONE,
            memory: None,
            base: PhysAddr::new(0),
            watch: Watch::NOTHING,
            most: 0,
        };
        Self {
            hints: Hints {
                free: AtomicU32::new(0),
                longest: AtomicU32::new(0),
                generation: AtomicU32::new(0),
            },
            state: IrqLock::new(Rank::Layer, "chunk of the bounce pool", state),
        }
    }
}

impl Hints {
    /// Free slots.
    pub(super) fn free(&self) -> u32 {
        self.free.load(Relaxed)
    }

    pub(super) fn set_free(&self, free: u32) {
        self.free.store(free, Relaxed);
    }

    /// Upper bound of the longest run of a kind.
    pub(super) fn longest(&self, kind: Kind) -> u32 {
        self.longest.load(Relaxed) >> (16 * kind.bound()) & 0xFFFF
    }

    pub(super) fn set_longest(&self, [any, page]: [u32; 2]) {
        self.longest.store(any | page << 16, Relaxed);
    }

    /// How often the place was taken or left. Exact under the lock.
    pub(super) fn generation(&self) -> u32 {
        self.generation.load(Relaxed)
    }

    pub(super) fn next_generation(&self) {
        self.generation
            .store(self.generation().wrapping_add(1), Relaxed);
    }
}

/// Where `len` bytes are that start `offset` bytes into slot `first` of the block at `base`.
pub(super) fn data(base: PhysAddr, first: u32, offset: u64, len: u64) -> PhysRange {
    let start = base.checked_add(u64::from(first) * SLOT + offset);
    let data = start.and_then(|start| PhysRange::new(start, len).ok());
    data.expect("slots lie in their chunk")
}

impl Watch {
    /// Tells nothing.
    pub(super) const NOTHING: Self = Self {
        published: [0; 2],
        below: 0,
        above: u32::MAX,
    };

    /// Is there something to tell at `free` free slots?
    pub(super) fn tells(&self, free: u32) -> bool {
        free < self.below || free >= self.above
    }
}
