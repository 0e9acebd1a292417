//! What a device demands of the bytes that it is given, reach aside.

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
}
