//! Which chunk an address lies in: one byte for every 2 MiB of the low GiB, read without a lock.
//!
//! Chunks come and go, and their descriptors stay: what is found is a number, never a pointer. The
//! holder of a live slot finds its own chunk, which cannot go meanwhile. Whoever holds none takes the
//! chunk's lock and looks again.

use super::CHUNK;
use super::atomic::AtomicU8;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use hal::{GIB, PhysAddr};

/// Blocks of a chunk's size below 1 GiB.
const BLOCKS: usize = (GIB / CHUNK) as usize;

/// One entry per block: a chunk's number plus one, or 0.
pub(super) struct Blocks([AtomicU8; BLOCKS]);

impl Blocks {
    pub(super) fn new() -> Self {
        Self([(); BLOCKS].map(|()| AtomicU8::new(0)))
    }

    fn entry(&self, block: PhysAddr) -> Option<&AtomicU8> {
        self.0.get(usize::try_from(block.get() / CHUNK).ok()?)
    }

    /// The number of the chunk around `addr`, if there is one.
    pub(super) fn chunk_at(&self, addr: PhysAddr) -> Option<usize> {
        // Pairs with `enter`: who finds a chunk finds its descriptor filled in.
        usize::from(self.entry(addr)?.load(Acquire)).checked_sub(1)
    }

    /// Enters chunk `chunk` for the block at `base`. False: the table has no such block, or another
    /// chunk is there.
    pub(super) fn enter(&self, base: PhysAddr, chunk: usize) -> bool {
        let number = chunk as u8 + 1;
        let enter = |entry: &AtomicU8| entry.compare_exchange(0, number, Release, Relaxed);
        self.entry(base).is_some_and(|entry| enter(entry).is_ok())
    }

    /// Takes the block at `base` out.
    pub(super) fn leave(&self, base: PhysAddr) {
        if let Some(entry) = self.entry(base) {
            entry.store(0, Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_a_block_and_no_other_finds_its_chunk() {
        let blocks = Blocks::new();
        let base = PhysAddr::new(7 * CHUNK);
        assert!(blocks.enter(base, 0) && blocks.enter(PhysAddr::new(GIB - CHUNK), 63));
        for (addr, found) in [
            (7 * CHUNK - 1, None),
            (7 * CHUNK, Some(0)),
            (8 * CHUNK - 1, Some(0)),
            (8 * CHUNK, None),
            (GIB - 1, Some(63)),
            (GIB, None),
            (u64::MAX, None),
        ] {
            assert_eq!(blocks.chunk_at(PhysAddr::new(addr)), found, "{addr:#x}");
        }
        assert!(!blocks.enter(base, 5), "taken");
        blocks.leave(base);
        assert_eq!(blocks.chunk_at(base), None);
        assert!(!blocks.enter(PhysAddr::new(GIB), 1), "no such block");
    }
}
