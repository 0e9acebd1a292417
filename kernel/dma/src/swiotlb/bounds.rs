//! Upper bounds of the longest run in each word of a chunk, eight to a word and compared at once.

use super::bits::bytes_at_least;

/// An upper bound per word, as bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds([u64; 2]);

impl Bounds {
    pub(super) const NONE: Self = Self([0; 2]);

    /// The first word at or after `from` whose bound is at least `run`.
    #[inline]
    pub(super) fn first_at_least(&self, run: u32, from: usize) -> Option<usize> {
        for half in from / 8..2 {
            let skip = if half == from / 8 { from % 8 } else { 0 };
            let found = bytes_at_least(self.0[half], run) & (!0 << (skip * 8));
            if found != 0 {
                return Some(half * 8 + found.trailing_zeros() as usize / 8);
            }
        }
        None
    }

    /// Makes the bound of `word` so.
    #[inline]
    pub(super) fn set(&mut self, word: usize, bound: u32) {
        let shift = word % 8 * 8;
        let half = &mut self.0[word / 8];
        *half = *half & !(0xFF << shift) | u64::from(bound) << shift;
    }
}
