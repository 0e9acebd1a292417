//! What Linux would have done about a shared line, so that a report can say how many bounces the
//! buffer's type saved. Nothing is decided by it.
//!
//! Linux looks at the mapped length alone: a heap object of that length is known to lie in a size
//! class, and a class whose size is no multiple of the cache's granule may share lines. So small
//! buffers bounce whoever owns their lines, and large ones never do (KM-2, KM-4).

use crate::direction::Dir;
use hal::LINE;

/// Sizes of small heap objects, rounded up as Linux's heap does.
const CLASSES: [u64; 8] = [8, 16, 32, 64, 96, 128, 192, 256];
/// Twice the alignment for DMA that Linux is compiled with on arm64: from here on all is safe.
const SAFE_FROM: u64 = 256;

/// Would Linux bounce a heap object of `len` bytes for its lines, where caches write back `granule`
/// bytes at a time? The device neither snoops nor lacks reach.
pub(crate) const fn bounces_for_lines(len: u64, granule: u64, dir: Dir) -> bool {
    if !dir.device_writes() || len >= SAFE_FROM {
        return false;
    }
    let mut i = 0;
    while CLASSES[i] < len {
        i += 1;
    }
    !CLASSES[i].is_multiple_of(granule)
}

/// The same where caches write back a line at a time, as on this machine: counted on every map, so in
/// two compares. Of the classes below the safe length only 8 to 32 and 96 end within a line.
#[inline]
pub(crate) const fn bounces_for_a_line(len: u64, dir: Dir) -> bool {
    dir.device_writes() && (len - 1) & !64 < 32
}

// The two agree about every length, or this does not compile.
const _: () = {
    let mut len = 1;
    while len <= 2 * SAFE_FROM {
        let dir = Dir::FromDevice;
        assert!(bounces_for_a_line(len, dir) == bounces_for_lines(len, LINE, dir));
        len += 1;
    }
};

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn lengths(granule: u64) -> Vec<u64> {
        let bounces = |len: &u64| bounces_for_lines(*len, granule, Dir::FromDevice);
        (1..=1024).filter(bounces).collect()
    }

    #[test]
    fn km_1_what_the_device_only_reads_is_safe() {
        assert!((1..1024).all(|len| !bounces_for_lines(len, 64, Dir::ToDevice)));
        assert!(bounces_for_lines(8, 64, Dir::Bidirectional));
    }

    #[test]
    fn km_2_from_256_bytes_on_all_is_safe() {
        for granule in [64, 128] {
            assert!(lengths(granule).iter().all(|len| *len < 256));
        }
    }

    #[test]
    fn km_3_lengths_that_bounce_by_granule() {
        let expected: Vec<u64> = (1..=32).chain(65..=96).collect();
        assert_eq!(lengths(64), expected);
        let expected: Vec<u64> = (1..=96).chain(129..=192).collect();
        assert_eq!(lengths(128), expected);
    }
}
