//! Runs of set bits in one word: a handful of instructions each.

/// Bit `i` is set where `run` set bits start at `i`, all inside the word. `run` is 1 to 64.
///
/// Each step doubles the length that is known to be set, so six steps serve any run.
#[inline]
pub(crate) fn run_starts(free: u64, run: u32) -> u64 {
    let (mut starts, mut known) = (free, 1);
    while known < run {
        let step = known.min(run - known);
        starts &= starts >> step;
        known += step;
    }
    starts
}

/// Bit `i` is set where `i` is `phase` modulo `align`, a power of two up to 64; `phase < align`.
pub(crate) const fn grid(align: u32, phase: u32) -> u64 {
    const GRIDS: [u64; 7] = [
        !0,
        0x5555_5555_5555_5555,
        0x1111_1111_1111_1111,
        0x0101_0101_0101_0101,
        0x0001_0001_0001_0001,
        0x0000_0001_0000_0001,
        1,
    ];
    GRIDS[align.trailing_zeros() as usize] << phase
}

/// `len` set bits from `first` on; both in a word, `len` at least 1.
#[inline]
pub(crate) const fn span(first: u32, len: u32) -> u64 {
    (!0 >> (64 - len)) << first
}

/// The run of set bits around bit `at`, which is set: its first bit, and the one behind its last.
#[inline]
pub(crate) const fn run_around(free: u64, at: u32) -> (u32, u32) {
    // Shifted-in zeros end a run at the word's edge.
    let above = (!(free >> at)).trailing_zeros();
    let below = (!(free << (63 - at))).leading_zeros();
    // Both count the bit itself.
    (at + 1 - below, at + above)
}

/// Byte `i` of the result has its top bit set where byte `i` of `bounds` is at least `least`. Bytes
/// are at most 64, `least` is 1 to 64: no borrow ever passes from one byte to the next.
pub(crate) const fn bytes_at_least(bounds: u64, least: u32) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    ((bounds | TOPS) - ONES * least as u64) & TOPS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_free(free: u64, first: u32, run: u32) -> bool {
        first + run <= 64 && (first..first + run).all(|bit| free >> bit & 1 == 1)
    }

    proptest! {
        #[test]
        fn run_starts_agrees_with_a_bit_by_bit_version(a: u64, b: u64, run in 1u32..=64) {
            for free in [a, a | b, a | b | !(a ^ b), u64::MAX] {
                let starts = run_starts(free, run);
                for first in 0..64 {
                    prop_assert_eq!(starts >> first & 1 == 1, is_free(free, first, run));
                }
            }
        }

        #[test]
        fn run_around_agrees_with_a_bit_by_bit_version(a: u64, b: u64, at in 0u32..64) {
            let free = a | b | 1 << at;
            let mut first = at;
            while first > 0 && free >> (first - 1) & 1 == 1 { first -= 1; }
            let mut last = at;
            while last < 63 && free >> (last + 1) & 1 == 1 { last += 1; }
            prop_assert_eq!(run_around(free, at), (first, last + 1));
        }

        #[test]
        fn bytes_are_compared_without_disturbing_each_other(
            bytes in proptest::array::uniform8(0u8..=64), least in 1u32..=64,
        ) {
            let found = bytes_at_least(u64::from_le_bytes(bytes), least);
            for (i, byte) in found.to_le_bytes().into_iter().enumerate() {
                prop_assert_eq!(byte == 0x80, u32::from(bytes[i]) >= least);
                prop_assert!(byte == 0x80 || byte == 0);
            }
        }

        #[test]
        fn grids_and_spans(log in 0u32..=6, phase_seed: u32, first in 0u32..64, len_seed: u32) {
            let align = 1 << log;
            let phase = phase_seed % align;
            let len = 1 + len_seed % (64 - first);
            for bit in 0..64 {
                prop_assert_eq!(grid(align, phase) >> bit & 1 == 1, bit % align == phase);
                prop_assert_eq!(span(first, len) >> bit & 1 == 1, (first..first + len).contains(&bit));
            }
        }
    }
}
