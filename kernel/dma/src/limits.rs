//! What a device demands of the bytes that it is given, reach aside.

use crate::cells::CellLimits;
use hal::LINE;

/// Bytes of a segment where nothing is said.
pub(crate) const DEFAULT_SEG_SIZE: u64 = 64 * hal::KIB;

impl Limits {
    /// What is true of a device of which nothing is said.
    pub(crate) const DEFAULT: Self = Self {
        coherent: false,
        granule: 1,
        min_align_mask: 0,
        seg_boundary_mask: u64::MAX,
        max_seg_size: DEFAULT_SEG_SIZE,
        max_segments: 1,
        seg_granule: 1,
        cells: CellLimits::DEFAULT,
        untrusted: false,
    };
}

/// What a device demands of the bytes that it is given.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The device snoops the CPU's caches: no maintenance at all (CM-8).
    pub coherent: bool,
    /// Lengths are multiples of this many bytes: the legacy DMA engine moves whole words.
    pub granule: u64,
    /// 2^n - 1: low address bits that a bounce buffer shares with the original (AL-2).
    pub min_align_mask: u64,
    /// 2^n - 1: a segment crosses no bus address that is a multiple of this plus one.
    pub seg_boundary_mask: u64,
    /// Bytes of the longest segment of a list.
    pub max_seg_size: u64,
    /// Segments that one transfer may have. 1: no lists.
    pub max_segments: u32,
    /// Segments but the last are multiples of this many bytes, and start on one.
    pub seg_granule: u64,
    /// Up to which lengths objects that must bounce do so through uncached cells.
    pub cells: CellLimits,
    /// The device may not keep to what it is given (`guard`).
    pub untrusted: bool,
}

impl Limits {
    /// Bytes behind the data that slots have to leave.
    pub(crate) const fn guard(&self) -> u64 {
        if self.untrusted { LINE } else { 0 }
    }
}
