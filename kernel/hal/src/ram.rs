//! Ownership of RAM as a value.

#![expect(unsafe_code, reason = "the one place where ownership of RAM begins")]

use crate::{PAGE, PhysRange};

/// Sole owner of a stretch of RAM.
///
/// Not `Clone` and not `Drop`: whoever lets one go leaks it, whoever holds one may hand its bytes
/// to a device, to a page allocator or to a pool, because nobody else can.
///
/// # Invariants
/// No other `RamRegion` in the system has a byte of this range, and no Rust object lives in it
/// save those that its holder put there.
#[derive(Debug, PartialEq, Eq)]
pub struct RamRegion {
    range: PhysRange,
}

impl RamRegion {
    /// Takes possession of `range`.
    ///
    /// # Safety
    /// `range` is RAM in the platform's linear map (or a window that the caller names), no other
    /// `RamRegion` covers any byte of it, and nothing else uses it: not the image, a reservation
    /// of the firmware, a device, or a Rust object.
    pub const unsafe fn assume_owned(range: PhysRange) -> Self {
        Self { range }
    }

    /// The range that is owned.
    pub const fn range(&self) -> PhysRange {
        self.range
    }

    /// Cuts the region in two at `offset` bytes. Gives it back whole if `offset` is not inside.
    pub fn split_at(self, offset: u64) -> Result<(Self, Self), Self> {
        let range = self.range;
        let (Some(head), Some(tail)) = (
            range.slice(0, offset),
            range
                .len()
                .checked_sub(offset)
                .and_then(|rest| range.slice(offset, rest)),
        ) else {
            return Err(self);
        };
        Ok((Self { range: head }, Self { range: tail }))
    }

    /// Joins two regions that touch, `self` first. Gives both back if they do not.
    pub fn join(self, next: Self) -> Result<Self, (Self, Self)> {
        let joined = PhysRange::between(self.range.start(), next.range.end());
        match joined {
            Ok(range) if self.range.end() == next.range.start() => Ok(Self { range }),
            _ => Err((self, next)),
        }
    }

    /// Are both ends on page boundaries?
    pub const fn is_page_aligned(&self) -> bool {
        self.range.is_aligned(PAGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PhysAddr;

    fn region(start: u64, len: u64) -> RamRegion {
        let range = PhysRange::new(PhysAddr::new(start), len).expect("valid");
        // SAFETY: no memory is touched in these tests; the numbers stand for themselves.
        unsafe { RamRegion::assume_owned(range) }
    }

    #[test]
    fn split_and_join_are_inverse() {
        let (a, b) = region(0x1000, 0x3000).split_at(0x1000).expect("inside");
        assert_eq!((a.range().len(), b.range().len()), (0x1000, 0x2000));
        assert_eq!(a.join(b), Ok(region(0x1000, 0x3000)));
    }

    #[test]
    fn a_cut_at_an_end_or_beyond_gives_the_region_back() {
        for offset in [0, 0x1000, 0x1001, u64::MAX] {
            assert_eq!(
                region(0x1000, 0x1000).split_at(offset),
                Err(region(0x1000, 0x1000))
            );
        }
    }

    #[test]
    fn regions_that_do_not_touch_cannot_be_joined() {
        assert!(region(0x1000, 0x1000).join(region(0x3000, 0x1000)).is_err());
        assert!(region(0x2000, 0x1000).join(region(0x1000, 0x1000)).is_err());
    }
}
