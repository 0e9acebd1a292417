//! Runs over several chunks: from one chunk's start, or the first place behind it that the alignment
//! allows, through whole chunks that are its neighbours in memory.
//!
//! No two chunks are ever locked at once: each gives its part for itself, and what was taken goes back
//! when one of them cannot. Two such requests may so get into each other's way and both be refused.

use super::classes::bits;
use super::descriptor::data;
use super::layout::{Kind, Layout};
use super::pool::Pool;
use super::{CHUNK, CHUNK_SLOTS, Slots};
use hal::{Cpu, Irq, PhysAddr, PhysRange};

/// The parts of a run: an offset in blocks from its first, and the slots there.
fn parts(first: u32, count: u32) -> impl Iterator<Item = (u64, u32, u32)> {
    let end = first + count;
    (0..end.div_ceil(CHUNK_SLOTS)).map(move |block| {
        let at = block * CHUNK_SLOTS;
        let start = first.max(at) - at;
        (u64::from(block), start, (end - at).min(CHUNK_SLOTS) - start)
    })
}

impl<I: Irq + Cpu> Pool<I> {
    /// As [`alloc_long`](Self::alloc_long), and tells those who wait: what it took in vain may have been
    /// in their way.
    pub(super) fn alloc_long_aloud(&self, layout: &Layout, len: u64) -> Option<Slots> {
        let slots = self.alloc_long(layout, len);
        self.waiting().tell();
        slots
    }

    /// Takes slots for `len` bytes of a shape that no chunk has room for.
    pub(super) fn alloc_long(&self, layout: &Layout, len: u64) -> Option<Slots> {
        let first = layout.phase;
        bits(self.shared().classes.candidates(Kind::Any, 1)).find_map(|chunk| {
            let base = self.base_of(chunk)?;
            let taken = self.take_all(base, first, layout.slots);
            taken.then(|| {
                self.open(chunk).count(len);
                Slots {
                    pool: self.shared().number,
                    chunk: chunk as u8,
                    first: first as u16,
                    count: layout.slots,
                    data: data(base, first, layout.offset, len),
                }
            })
        })
    }

    /// Where chunk `index` starts, if it could begin a long run.
    fn base_of(&self, index: usize) -> Option<PhysAddr> {
        if self.chunks()[index].hints.free() == 0 {
            return None;
        }
        Some(self.open(index).state().base)
    }

    /// Takes a run part by part, all of it or nothing.
    fn take_all(&self, base: PhysAddr, first: u32, count: u32) -> bool {
        let mut taken = 0;
        for (block, start, slots) in parts(first, count) {
            if !self.take_part(base, block, start, slots) {
                self.give_back(base, first, taken);
                return false;
            }
            taken += slots;
        }
        true
    }

    fn take_part(&self, base: PhysAddr, block: u64, start: u32, slots: u32) -> bool {
        let addr = base.checked_add(block * CHUNK);
        let chunk = addr.and_then(|addr| self.shared().blocks.chunk_at(addr));
        chunk.is_some_and(|chunk| {
            let enough = self.chunks()[chunk].hints.free() >= slots;
            // A chunk that was another's when the table was read has other slots by now.
            enough && {
                let mut chunk = self.open(chunk);
                addr == Some(chunk.state().base) && chunk.alloc_at(start, slots)
            }
        })
    }

    /// Gives the first `count` slots of a run back.
    fn give_back(&self, base: PhysAddr, first: u32, count: u32) {
        if count == 0 {
            return;
        }
        for (block, start, slots) in parts(first, count) {
            let addr = base.checked_add(block * CHUNK);
            let chunk = addr.and_then(|addr| self.shared().blocks.chunk_at(addr));
            let chunk = chunk.expect("a chunk with slots in use does not go");
            self.open(chunk).release(start, slots);
        }
    }

    /// Gives a long run back.
    #[cold]
    pub(super) fn release_long(&self, slots: Slots) {
        let Slots {
            first, count, data, ..
        } = slots;
        self.give_back(first_block(data), u32::from(first), count);
        self.waiting().tell();
    }
}

/// The block in which a long run starts: its padding is shorter than that.
fn first_block(data: PhysRange) -> PhysAddr {
    data.start().align_down(CHUNK)
}
