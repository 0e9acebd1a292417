//! Which chunks may serve a request: a word of one bit per chunk for every length 2^k.
//!
//! Bit `c` of word `k` is clear only if chunk `c` has no free run of 2^k slots; a second set of words
//! says the same of runs that start on a page. So a request for `n` slots looks at the chunks of one
//! word, and a full pool refuses after a single load.
//!
//! The bits of a chunk are changed under its lock alone, and read without one: who reads them late
//! looks into a chunk in vain, or comes a moment too early for a release.

use super::atomic::AtomicU64;
use super::layout::Kind;
use core::sync::atomic::Ordering::Relaxed;

/// Lengths: 1, 2, 4 .. 1024 slots. More words than that, so that any shift of a word indexes them.
const WORDS: usize = 16;

/// The words of all lengths, by bound.
pub(super) struct Classes([[AtomicU64; WORDS]; 2]);

impl Classes {
    pub(super) fn new() -> Self {
        Self([(); 2].map(|()| [(); WORDS].map(|()| AtomicU64::new(0))))
    }

    /// The chunks that may have a run of `slots` slots, at least one.
    #[inline]
    pub(super) fn candidates(&self, kind: Kind, slots: u32) -> u64 {
        let class = (u32::BITS - 1 - slots.leading_zeros()) as usize;
        self.0[kind.bound()][class % WORDS].load(Relaxed)
    }

    /// Upper bound of the longest run in any chunk, by powers of two.
    pub(super) fn longest(&self) -> u32 {
        // A chunk serves every length below one that it serves: four looks find where that ends.
        let words = &self.0[Kind::Any.bound()];
        let lengths = words.partition_point(|word| word.load(Relaxed) != 0);
        (1 << lengths) - 1
    }

    /// Chunk `chunk`, which was known to serve the first `from` lengths, serves the first `to`.
    pub(super) fn change(&self, chunk: usize, bound: usize, from: u32, to: u32) {
        let words = &self.0[bound];
        for word in from..to {
            words[word as usize].fetch_or(1 << chunk, Relaxed);
        }
        for word in to..from {
            words[word as usize].fetch_and(!(1 << chunk), Relaxed);
        }
    }
}

/// How many of the lengths 1, 2, 4 .. a run of `slots` slots serves.
pub(super) const fn levels(slots: u32) -> u32 {
    u32::BITS - slots.leading_zeros()
}

/// The numbers of the set bits, lowest first.
pub(crate) fn bits(mut word: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let bit = word
            .checked_ilog2()
            .map(|_| word.trailing_zeros() as usize)?;
        word &= word - 1;
        Some(bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_serves_every_length_up_to_its_own() {
        let classes = Classes::new();
        classes.change(5, 0, 0, levels(100));
        for slots in 1..=1024 {
            let found = classes.candidates(Kind::Any, slots);
            // 64 is the longest power of two in 100: the chunk says for itself that 127 is too much.
            assert_eq!(found, if slots < 128 { 1 << 5 } else { 0 }, "{slots}");
            assert_eq!(classes.candidates(Kind::Page, slots), 0);
        }
        assert_eq!(classes.longest(), 127);
        classes.change(5, 0, levels(100), levels(1));
        assert_eq!(classes.candidates(Kind::Rare, 1), 1 << 5);
        assert_eq!(classes.candidates(Kind::Any, 2), 0);
        assert_eq!((classes.longest(), Classes::new().longest()), (1, 0));
    }

    #[test]
    fn set_bits_come_lowest_first() {
        assert!(bits(1 << 63 | 1 << 3 | 1).eq([0, 3, 63]));
        assert!(bits(0).eq([]));
    }
}
