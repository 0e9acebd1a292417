//! Memory that no cache holds, as a value.
//!
//! Devices and CPU find the same bytes there at once: no line is ever cleaned or dropped. What stays is
//! *order*. Normal non-cacheable memory is outer shareable whatever its mapping says (Arm ARM,
//! "Normal memory"), stores to it may wait in a buffer, and loads may be done early, so:
//!
//! * stores, then a doorbell: [`publish`](crate::Platform::publish) between them (`dmb oshst`). There is
//!   nothing to wait for: `dsb` is for cache maintenance, a `dmb` orders two stores for every observer
//!   in the domain ("Data Memory Barrier"), and the doorbell is what makes the device look;
//! * a status that says "done", then loads: [`acquire`](crate::Platform::acquire) between them
//!   (`dmb oshld`);
//! * a load, then the next owner's store: the release and the acquire of whatever hands the memory on.
//!
//! The memory has no cacheable address at all (CO-5): lines that somebody fetched through a second one
//! would be found where there should be none ("Mismatched memory attributes"). Nor are there references
//! to it: what a device may change behind a `&` is no Rust memory, and exclusives, so atomics, need not
//! work there. It is copied to and from, by [`Platform`](crate::Platform).

#![expect(unsafe_code, reason = "where ownership of uncached memory begins")]

use crate::{PhysRange, RamRegion};

/// Sole owner of a stretch of uncached memory. As [`RamRegion`]: neither `Clone` nor `Drop`.
///
/// # Invariants
/// No other `UncachedRegion`, and no `RamRegion`, has a byte of this range; the platform shows it
/// uncached alone; no cache holds a line of it.
#[derive(Debug, PartialEq, Eq)]
pub struct UncachedRegion {
    range: PhysRange,
}

impl UncachedRegion {
    /// RAM that was taken out of the linear map.
    ///
    /// # Safety
    /// From now on the platform shows all of the region by its uncached window and by no cacheable
    /// address, and no cache holds a line of it.
    pub unsafe fn assume_uncached(region: RamRegion) -> Self {
        Self {
            range: region.range(),
        }
    }

    /// The range that is owned.
    pub const fn range(&self) -> PhysRange {
        self.range
    }

    /// Cuts the region in two at `offset` bytes. Gives it back whole if `offset` is not inside.
    pub fn split_at(self, offset: u64) -> Result<(Self, Self), Self> {
        let range = self.range;
        let rest = range.len().checked_sub(offset);
        let tail = rest.and_then(|rest| range.slice(offset, rest));
        match (range.slice(0, offset), tail) {
            (Some(head), Some(tail)) => Ok((Self { range: head }, Self { range: tail })),
            _ => Err(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PhysAddr;

    fn region(start: u64, len: u64) -> UncachedRegion {
        let range = PhysRange::new(PhysAddr::new(start), len).expect("valid");
        // SAFETY: no memory is touched in these tests; the numbers stand for themselves.
        let ram = unsafe { RamRegion::assume_owned(range) };
        // SAFETY: as above.
        unsafe { UncachedRegion::assume_uncached(ram) }
    }

    #[test]
    fn a_cut_leaves_two_parts_that_touch() {
        let (a, b) = region(0x1000, 0x3000).split_at(0x1000).expect("inside");
        assert_eq!((a, b), (region(0x1000, 0x1000), region(0x2000, 0x2000)));
    }

    #[test]
    fn a_cut_at_an_end_or_beyond_gives_the_region_back() {
        for offset in [0, 0x1000, 0x1001, u64::MAX] {
            let cut = region(0x1000, 0x1000).split_at(offset);
            assert_eq!(cut, Err(region(0x1000, 0x1000)));
        }
    }
}
