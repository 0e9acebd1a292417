//! What all chunks of a pool have in common, read without a lock.

use super::atomic::AtomicU64;
use super::blocks::Blocks;
use super::classes::Classes;
use super::growing::Growing;
use super::layout::Kind;
use super::origins::Origins;
use crate::restricted::PoolNumber;
use core::sync::atomic::Ordering::Relaxed;

/// A run that some chunk has room for unless water is low: 64 KiB, from a page on.
const LOW_RUN: u32 = 32;

/// See the module.
pub(super) struct Shared {
    pub(super) number: PoolNumber,
    pub(super) classes: Classes,
    pub(super) blocks: Blocks,
    /// Chunks with a quarter of their slots free.
    roomy: AtomicU64,
    pub(super) growing: Option<Growing>,
    pub(super) origins: Origins,
}

impl Shared {
    pub(super) fn new(growing: Option<Growing>) -> Self {
        Self {
            number: PoolNumber::SHARED,
            classes: Classes::new(),
            blocks: Blocks::new(),
            roomy: AtomicU64::new(0),
            growing,
            origins: Origins::new(),
        }
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

    /// Has the pool looked after, if it grows and is below low water.
    pub(super) fn ask_if_low(&self) {
        if let Some(growing) = &self.growing
            && self.is_low()
        {
            growing.ask();
        }
    }
}
