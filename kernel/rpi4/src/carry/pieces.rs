//! How a carry is cut up.

/// Lengths of mappings, used in turn until the file is over.
pub(super) type Lengths = &'static [u64];

/// From a single byte to far beyond what other systems can bounce at once (256 KiB). Odd sums move
/// the start of every following piece through all offsets in a line.
pub(super) const LOW_TO_HIGH: Lengths = &[
    1, 63, 64, 65, 4096, 3, 2048, 60, 262_145, 512, 100, 4095, 65_536, 7, 393_216, 1500,
];

/// Both ends bounce, so that two of the longest must fit into the pool at once.
pub(super) const HIGH_TO_HIGH: Lengths = &[
    4096, 5, 1500, 64, 131_071, 2, 9000, 61, 300_001, 128, 2047, 65_537, 1, 450_000,
];

/// Whole cache lines, so that only reach can be in the way.
pub(super) const WHOLE_LINES: Lengths = &[4096, 64, 65_536, 1024];
