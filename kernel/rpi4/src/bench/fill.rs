//! Slots in use: which, and whose.

#![expect(
    unsafe_code,
    reason = "maps pages that it owns, for a device that is told nothing"
)]

extern crate alloc;

use alloc::vec::Vec;
use arch::Board;
use dma::Dir;
use dma::address::{Attrs, ByAddress};
use dma::swiotlb::{Layout, Pool, Slots};
use hal::{DmaAddr, PhysRange};

/// Where slots come from.
pub(super) trait Source {
    type Held;
    /// Takes slots, if there are any of this kind.
    fn take(&self) -> Option<Self::Held>;
    fn give(&self, held: Self::Held);
    /// Where they are.
    fn at(held: &Self::Held) -> u64;
}

/// Slots by mappings of one block for a device that is never told of any.
pub(super) struct Mapped<'d> {
    pub(super) calls: ByAddress<'d, Board>,
    /// RAM that is lent for as long as the value lives, and only read.
    pub(super) block: PhysRange,
}

impl Source for Mapped<'_> {
    type Held = DmaAddr;

    fn take(&self) -> Option<DmaAddr> {
        // SAFETY: nobody stores to the block meanwhile, and no device learns of the address.
        unsafe {
            self.calls
                .map_single(self.block, Dir::ToDevice, Attrs::NO_WARN)
        }
        .ok()
    }

    fn give(&self, addr: DmaAddr) {
        let len = self.block.len();
        // SAFETY: mapped by `take`, for as many bytes in the same direction.
        unsafe {
            self.calls
                .unmap_single(addr, len, Dir::ToDevice, Attrs::NO_WARN)
        };
    }

    fn at(addr: &DmaAddr) -> u64 {
        addr.get()
    }
}

/// Slots straight from a pool.
pub(super) struct Bare<'p> {
    pub(super) pool: &'p Pool<Board>,
    pub(super) layout: Layout,
    pub(super) len: u64,
}

impl Source for Bare<'_> {
    type Held = Slots;

    fn take(&self) -> Option<Slots> {
        self.pool.alloc(&self.layout, self.len).ok()
    }

    fn give(&self, slots: Slots) {
        self.pool.release(slots);
    }

    fn at(slots: &Slots) -> u64 {
        slots.data().start().get()
    }
}

/// What is in use, until it is dropped.
pub(super) struct InUse<'s, S: Source> {
    source: &'s S,
    held: Vec<S::Held>,
}

impl<'s, S: Source> InUse<'s, S> {
    /// `count` of them, or as many as there are.
    pub(super) fn some(source: &'s S, count: u64) -> Self {
        let taken = core::iter::from_fn(|| source.take());
        let held = taken.take(count as usize).collect();
        Self { source, held }
    }

    /// All that there are.
    pub(super) fn all(source: &'s S) -> Self {
        Self::some(source, u64::MAX)
    }

    pub(super) fn count(&self) -> u64 {
        self.held.len() as u64
    }

    /// Where the first and the last one are.
    pub(super) fn ends(&self) -> (u64, u64) {
        let at = || self.held.iter().map(S::at);
        (at().min().unwrap_or(0), at().max().unwrap_or(0))
    }

    /// Gives back all those that `keep` does not want, by where they are.
    pub(super) fn only(mut self, keep: impl Fn(u64) -> bool) -> Self {
        for held in core::mem::take(&mut self.held) {
            if keep(S::at(&held)) {
                self.held.push(held);
            } else {
                self.source.give(held);
            }
        }
        self
    }

    /// Gives back all but `count`, whichever: the same on every run.
    pub(super) fn random(mut self, count: u64) -> Self {
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        while self.count() > count {
            let which = random.below(self.held.len());
            self.source.give(self.held.swap_remove(which));
        }
        self
    }
}

impl<S: Source> Drop for InUse<'_, S> {
    fn drop(&mut self) {
        self.held.drain(..).for_each(|held| self.source.give(held));
    }
}

/// Marsaglia's xorshift: numbers that look like any others.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}
