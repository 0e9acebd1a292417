//! Physical ranges that are never empty and never wrap.

use crate::PhysAddr;
use core::{fmt, num::NonZeroU64};

/// Why a range could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeError {
    /// The length is zero.
    Empty {
        /// Where the range would have started.
        start: PhysAddr,
    },
    /// `start + len` passes the end of the 64-bit space.
    Wraps {
        /// Where the range would have started.
        start: PhysAddr,
        /// Its length in bytes.
        len: u64,
    },
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { start } => write!(f, "empty range at {start}"),
            Self::Wraps { start, len } => write!(f, "range at {start} of {len:#x} bytes wraps"),
        }
    }
}

/// `[start, start + len)` in physical space.
///
/// # Invariants
/// `len > 0`, and `start + len` fits in 64 bits: holding one proves that `last()` exists and that
/// no sum of `start` and an offset up to `len` wraps.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PhysRange {
    start: PhysAddr,
    len: NonZeroU64,
}

impl PhysRange {
    /// The range of `len` bytes at `start`.
    #[inline]
    pub const fn new(start: PhysAddr, len: u64) -> Result<Self, RangeError> {
        let Some(nonzero) = NonZeroU64::new(len) else {
            return Err(RangeError::Empty { start });
        };
        if start.checked_add(len).is_none() {
            return Err(RangeError::Wraps { start, len });
        }
        // INVARIANT: both conditions were tested above.
        Ok(Self {
            start,
            len: nonzero,
        })
    }

    /// The range from `start` up to, not including, `end`.
    #[inline]
    pub const fn between(start: PhysAddr, end: PhysAddr) -> Result<Self, RangeError> {
        match end.offset_from(start) {
            Some(len) => Self::new(start, len),
            None => Err(RangeError::Empty { start }),
        }
    }

    /// First byte.
    #[inline]
    pub const fn start(self) -> PhysAddr {
        self.start
    }

    /// Length in bytes, never zero.
    #[expect(clippy::len_without_is_empty, reason = "a range is never empty")]
    #[inline]
    pub const fn len(self) -> u64 {
        self.len.get()
    }

    /// First byte behind the range.
    #[inline]
    pub const fn end(self) -> PhysAddr {
        PhysAddr::new(self.start.get() + self.len.get())
    }

    /// Last byte of the range. Comparisons with inclusive limits (masks) use this one (CAP-2).
    #[inline]
    pub const fn last(self) -> PhysAddr {
        PhysAddr::new(self.start.get() + (self.len.get() - 1))
    }

    /// Does every byte of `other` lie in `self`?
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.start.get() <= other.start.get() && other.end().get() <= self.end().get()
    }

    /// Does the byte at `addr` lie in `self`?
    #[inline]
    pub const fn contains_addr(self, addr: PhysAddr) -> bool {
        self.start.get() <= addr.get() && addr.get() < self.end().get()
    }

    /// Have the two a byte in common?
    #[inline]
    pub const fn overlaps(self, other: Self) -> bool {
        self.start.get() < other.end().get() && other.start.get() < self.end().get()
    }

    /// The bytes that both have, if any.
    #[inline]
    pub fn intersection(self, other: Self) -> Option<Self> {
        let start = self.start.max(other.start);
        let end = self.end().min(other.end());
        Self::between(start, end).ok()
    }

    /// `len` bytes from `offset` on, or `None` if they do not lie in `self` or `len` is zero.
    #[inline]
    pub fn slice(self, offset: u64, len: u64) -> Option<Self> {
        let start = self.start.checked_add(offset)?;
        let part = Self::new(start, len).ok()?;
        self.contains(part).then_some(part)
    }

    /// The smallest range of whole `unit`s (a power of two) around `self`, or `None` if its end
    /// would pass the 64-bit space.
    #[inline]
    pub const fn round_out(self, unit: u64) -> Option<Self> {
        let start = self.start.align_down(unit);
        match self.end().align_up(unit) {
            Some(end) => match Self::between(start, end) {
                Ok(range) => Some(range),
                Err(_) => None,
            },
            None => None,
        }
    }

    /// The largest range of whole `unit`s (a power of two) inside `self`, if there is one.
    #[inline]
    pub fn round_in(self, unit: u64) -> Option<Self> {
        Self::between(self.start.align_up(unit)?, self.end().align_down(unit)).ok()
    }

    /// Do both ends fall on multiples of `unit` (a power of two)?
    #[inline]
    pub const fn is_aligned(self, unit: u64) -> bool {
        self.start.is_aligned(unit) && self.end().is_aligned(unit)
    }
}

impl fmt::Debug for PhysRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "phys:[{:#x}, {:#x})", self.start.get(), self.end().get())
    }
}

impl fmt::Display for PhysRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#011x}-{:#011x}", self.start.get(), self.last().get())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;

    fn range(start: u64, len: u64) -> PhysRange {
        PhysRange::new(PhysAddr::new(start), len).expect("test ranges are valid")
    }

    #[test]
    fn empty_and_wrapping_ranges_cannot_be_made() {
        let start = PhysAddr::new(0x1000);
        assert_eq!(PhysRange::new(start, 0), Err(RangeError::Empty { start }));
        let top = PhysAddr::new(u64::MAX);
        assert_eq!(
            PhysRange::new(top, 1),
            Err(RangeError::Wraps { start: top, len: 1 })
        );
        assert!(PhysRange::between(start, start).is_err());
    }

    #[test]
    fn last_is_inclusive_and_end_is_not() {
        let page = range(0xFFFF_F000, 0x1000);
        assert_eq!(page.last().get(), 0xFFFF_FFFF);
        assert_eq!(page.end().get(), 0x1_0000_0000);
    }

    #[test]
    fn rounding_keeps_or_drops_partial_units() {
        let odd = range(0x1010, 0x80);
        assert_eq!(odd.round_out(0x40), Some(range(0x1000, 0xC0)));
        assert_eq!(odd.round_in(0x40), Some(range(0x1040, 0x40)));
        assert_eq!(range(0x1010, 0x20).round_in(0x40), None);
    }

    proptest! {
        #[test]
        fn set_operations_agree_with_a_byte_by_byte_version(
            a in 0u64..64, an in 1u64..32, b in 0u64..64, bn in 1u64..32,
        ) {
            let (x, y) = (range(a, an), range(b, bn));
            let both: std::vec::Vec<u64> = (0..128).filter(|&i| {
                x.contains_addr(PhysAddr::new(i)) && y.contains_addr(PhysAddr::new(i))
            }).collect();
            prop_assert_eq!(x.overlaps(y), !both.is_empty());
            let met = x.intersection(y).map(|r| (r.start().get(), r.last().get()));
            prop_assert_eq!(met, both.first().map(|&f| (f, both[both.len() - 1])));
            prop_assert_eq!(x.contains(y), both.len() as u64 == bn);
        }
    }
}
