//! Which chunk an address lies in: one byte for every 2 MiB of the low GiB, read without a lock.
//!
//! Chunks come and go, and their descriptors stay: what is found is a number, never a pointer. The
//! holder of a live slot finds its own chunk, which cannot go meanwhile. Whoever holds none takes the
//! chunk's lock and looks again.

use super::CHUNK;
use super::atomic::AtomicU8;
use core::sync::atomic::Ordering::{Acquire, Release};
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
        // Pairs with `set`: who finds a chunk finds its descriptor filled in.
        usize::from(self.entry(addr)?.load(Acquire)).checked_sub(1)
    }

    /// Enters chunk `chunk` for the block at `base`, or takes it out. False: the table has no such
    /// block.
    pub(super) fn set(&self, base: PhysAddr, chunk: Option<usize>) -> bool {
        let number = chunk.map_or(0, |chunk| chunk as u8 + 1);
        let entry = self.entry(base);
        entry
            .inspect(|entry| entry.store(number, Release))
            .is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_a_block_and_no_other_finds_its_chunk() {
        let blocks = Blocks::new();
        let base = PhysAddr::new(7 * CHUNK);
        assert!(blocks.set(base, Some(0)) && blocks.set(PhysAddr::new(GIB - CHUNK), Some(63)));
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
        assert!(blocks.set(base, None));
        assert_eq!(blocks.chunk_at(base), None);
        assert!(!blocks.set(PhysAddr::new(GIB), Some(1)), "no such block");
    }
}
