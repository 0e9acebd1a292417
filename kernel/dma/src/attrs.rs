//! What a caller may say about a mapping beside its direction (`dma-attributes`): given once, kept in
//! the mapping (ATTR-6).

use core::ops::BitOr;

/// Attributes of a mapping, joined with `|`.
///
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attrs(u8);

impl Attrs {
    /// Nothing in particular.
    pub const NONE: Self = Self(0);
    /// The hand-over to the device may wait until the transfer starts (ATTR-3): for buffers that are
    /// mapped long before they are used. A bounce is allowed.
    pub const DEFER_SYNC: Self = Self(1);
    /// An error unless neither a bounce nor cache maintenance is needed.
    pub const REQUIRE_COHERENT: Self = Self(1 << 1);
    /// A refusal is not worth a message. It still is an error.
    pub const NO_WARN: Self = Self(1 << 2);
    /// A device has the buffer already: no cache maintenance, and no bounce (ATTR-2).
    pub(crate) const ALREADY_DEVICE_OWNED: Self = Self(1 << 3);
    /// Several devices have it: no bounce (ATTR-5).
    pub(crate) const SHARED: Self = Self(1 << 4);

    /// Every bit there is.
    const ALL: u8 = (1 << 5) - 1;

    /// Those under which a bounce would be an error.
    const IN_PLACE: Self =
        Self(Self::REQUIRE_COHERENT.0 | Self::ALREADY_DEVICE_OWNED.0 | Self::SHARED.0);

    /// Are all attributes of `other` among these?
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Is any attribute of `other` among these?
    #[inline]
    pub(crate) const fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// As a number, for a trace.
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// From such a number; what no attribute has is dropped.
    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL)
    }

    /// Would a bounce be an error?
    pub(crate) const fn forbid_bounce(self) -> bool {
        self.overlaps(Self::IN_PLACE)
    }
}

impl BitOr for Attrs {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_join_and_are_told_apart() {
        let both = Attrs::DEFER_SYNC | Attrs::NO_WARN;
        assert!(both.contains(Attrs::DEFER_SYNC) && both.contains(Attrs::NO_WARN));
        assert!(!both.contains(Attrs::REQUIRE_COHERENT) && both.contains(Attrs::NONE));
        assert!(!Attrs::NO_WARN.contains(both));
        assert_eq!(both | Attrs::NO_WARN, both, "given twice is given");
        let all = [
            Attrs::DEFER_SYNC,
            Attrs::REQUIRE_COHERENT,
            Attrs::NO_WARN,
            Attrs::ALREADY_DEVICE_OWNED,
            Attrs::SHARED,
        ];
        for (one, other) in all
            .into_iter()
            .flat_map(|one| all.map(|other| (one, other)))
        {
            assert_eq!(one.contains(other), one == other);
        }
    }

    #[test]
    fn attributes_are_numbers_for_a_trace_and_back() {
        let both = Attrs::DEFER_SYNC | Attrs::SHARED;
        assert_eq!(both.bits(), 0b1_0001);
        assert_eq!(Attrs::from_bits(both.bits()), both);
        assert_eq!(
            Attrs::from_bits(0xFF).bits(),
            0b1_1111,
            "what no attribute has"
        );
    }

    #[test]
    fn attr_2_those_that_keep_a_buffer_in_place() {
        for attrs in [
            Attrs::REQUIRE_COHERENT,
            Attrs::ALREADY_DEVICE_OWNED,
            Attrs::SHARED,
        ] {
            assert!((attrs | Attrs::NO_WARN).forbid_bounce());
        }
        assert!(!(Attrs::DEFER_SYNC | Attrs::NO_WARN).forbid_bounce());
    }
}
