//! Single bytes in memory: what differs from the rest.

#![expect(unsafe_code, reason = "loads by address")]

use core::ops::Range;
use core::ptr::NonNull;

/// Bytes of the word by which memory is looked through.
const WORD: usize = size_of::<u64>();

/// The first of `len` bytes from `start` on that is not `byte`: how far behind `start`, and what it is.
///
/// # Safety
/// `start` is valid for loads of `len` initialised bytes.
pub(crate) unsafe fn first_other(start: NonNull<u8>, len: usize, byte: u8) -> Option<(usize, u8)> {
    let head = start.align_offset(WORD).min(len);
    let tail = len - (len - head) % WORD;
    let word = u64::from_ne_bytes([byte; WORD]);
    let same = |at: usize| {
        // SAFETY: `at` is below `len`.
        let place = unsafe { start.add(at) };
        // SAFETY: a word, aligned, all of it below `len`.
        let found = unsafe { place.cast::<u64>().read_volatile() };
        found == word
    };
    let byte_at = |at: usize| {
        // SAFETY: `at` is below `len`.
        let place = unsafe { start.add(at) };
        // SAFETY: a byte below `len`.
        (at, unsafe { place.read_volatile() })
    };
    let bytes = |part: Range<usize>| part.map(byte_at).find(|(_, found)| *found != byte);
    bytes(0..head).or_else(|| {
        let mut at = head;
        while at < tail && same(at) {
            at += WORD;
        }
        bytes(at..len.min(at + WORD))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    extern crate std;
    use std::vec;

    fn found(bytes: &[u8], byte: u8) -> Option<(usize, u8)> {
        // SAFETY: a slice.
        unsafe { first_other(NonNull::from(bytes).cast(), bytes.len(), byte) }
    }

    #[test]
    fn every_place_of_every_part_of_a_word_is_seen() {
        // Several words and what is left of them; under Miri, which takes its time over each byte, one.
        let longest = if cfg!(miri) { 12 } else { 40 };
        for (start, len) in (0..8).flat_map(|start| (0..longest).map(move |len| (start, len))) {
            let mut bytes = vec![0xC9; start + len];
            assert_eq!(found(&bytes[start..], 0xC9), None);
            for at in 0..len {
                bytes[start + at] = 0x5A;
                assert_eq!(found(&bytes[start..], 0xC9), Some((at, 0x5A)));
                bytes[start + at] = 0xC9;
            }
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_byte_by_byte_version(
            bytes in prop::collection::vec(0u8..3, 0..100), byte in 0u8..3,
        ) {
            let first = bytes.iter().position(|found| *found != byte);
            prop_assert_eq!(found(&bytes, byte), first.map(|at| (at, bytes[at])));
        }
    }
}
