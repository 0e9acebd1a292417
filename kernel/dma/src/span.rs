//! A part of a mapping (PS): checked once, so that what works on it needs not ask.

use core::fmt;
use core::num::NonZeroU64;
use hal::PhysRange;

/// `len` bytes from `offset` on.
///
/// # Invariants
/// Inside the mapping that it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    offset: u64,
    len: NonZeroU64,
}

/// A part that reaches past the end of its mapping (PS-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastEnd {
    /// Where it starts in the mapping.
    pub offset: u64,
    /// Its bytes.
    pub len: u64,
    /// Bytes of the mapping.
    pub mapped: u64,
}

impl fmt::Display for PastEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            offset,
            len,
            mapped,
        } = self;
        write!(
            f,
            "{len} bytes at {offset} reach past the {mapped} that are mapped: sync what was mapped"
        )
    }
}

/// What happens to a part that reaches past the end (PS-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overrun {
    /// It is an error: somebody is developing.
    Refused,
    /// What is inside counts: somebody is using the result.
    Clipped,
}

impl Overrun {
    /// As this build has it.
    pub(crate) const BUILD: Self = if cfg!(debug_assertions) {
        Self::Refused
    } else {
        Self::Clipped
    };
}

impl Span {
    /// All of a mapping of `mapped` bytes, which are never zero.
    #[inline]
    pub(crate) const fn whole(mapped: u64) -> Self {
        Self {
            offset: 0,
            len: NonZeroU64::new(mapped).expect("a mapping is never empty"),
        }
    }

    /// The `len` bytes from `offset` on, which are never none, of a mapping that has them.
    pub(crate) const fn at(offset: u64, len: u64) -> Self {
        let whole = Self::whole(len);
        Self { offset, ..whole }
    }

    /// `len` bytes from `offset` on of a mapping of `mapped` bytes; `None` where nothing is left of
    /// them.
    pub(crate) const fn of(
        offset: u64,
        len: u64,
        mapped: u64,
        overrun: Overrun,
    ) -> Result<Option<Self>, PastEnd> {
        let room = mapped.saturating_sub(offset);
        if (len > room || offset > mapped) && matches!(overrun, Overrun::Refused) {
            return Err(PastEnd {
                offset,
                len,
                mapped,
            });
        }
        let len = if len < room { len } else { room };
        match NonZeroU64::new(len) {
            // INVARIANT: clipped to what is mapped.
            Some(len) => Ok(Some(Self { offset, len })),
            None => Ok(None),
        }
    }

    /// Where it starts in the mapping.
    #[inline]
    pub(crate) const fn offset(self) -> u64 {
        self.offset
    }

    /// Its bytes.
    #[inline]
    pub(crate) const fn len(self) -> u64 {
        self.len.get()
    }

    /// What of it lies in the `len` bytes from `at` on, counted from there.
    pub(crate) fn inside(self, at: u64, len: u64) -> Option<Self> {
        let start = self.offset.max(at);
        let end = (self.offset + self.len()).min(at + len);
        let len = NonZeroU64::new(end.checked_sub(start)?)?;
        let offset = start - at;
        // INVARIANT: inside the stretch that it is counted from.
        Some(Self { offset, len })
    }

    /// Is it all of a mapping of `mapped` bytes?
    #[inline]
    pub(crate) const fn is_whole(self, mapped: u64) -> bool {
        self.len() == mapped
    }

    /// These bytes of `range`, which holds its mapping's.
    #[inline]
    pub(crate) fn within(self, range: PhysRange) -> PhysRange {
        if self.is_whole(range.len()) {
            return range;
        }
        range
            .slice(self.offset, self.len())
            .expect("spans lie inside their mapping")
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;

    const MAPPED: u64 = 100;

    fn of(offset: u64, len: u64, overrun: Overrun) -> Result<Option<Span>, PastEnd> {
        Span::of(offset, len, MAPPED, overrun)
    }

    #[test]
    fn ps_3_past_the_end_is_an_error_for_developers_and_clipped_for_users() {
        let error = PastEnd {
            offset: 90,
            len: 11,
            mapped: MAPPED,
        };
        assert_eq!(of(90, 11, Overrun::Refused), Err(error));
        let clipped = Span {
            offset: 90,
            ..Span::whole(10)
        };
        assert_eq!(of(90, 11, Overrun::Clipped), Ok(Some(clipped)));
        assert!(of(u64::MAX, u64::MAX, Overrun::Refused).is_err());
        assert_eq!(of(u64::MAX, u64::MAX, Overrun::Clipped), Ok(None));
        assert!(of(101, 0, Overrun::Refused).is_err());
    }

    #[test]
    fn ps_3_the_error_tells_all_three_numbers() {
        use std::string::ToString;
        let line = of(90, 11, Overrun::Refused).map_err(|error| error.to_string());
        let line = line.expect_err("past the end");
        assert!(
            line.starts_with("11 bytes at 90 reach past the 100 "),
            "{line}"
        );
    }

    #[test]
    fn nothing_is_no_span_and_all_is_the_whole() {
        assert_eq!(of(100, 0, Overrun::Refused), Ok(None));
        assert_eq!(of(0, 100, Overrun::Refused), Ok(Some(Span::whole(100))));
        assert!(Span::whole(100).is_whole(100) && !Span::whole(99).is_whole(100));
    }

    proptest! {
        #[test]
        fn ps_2_what_lies_in_a_stretch_agrees_with_a_byte_by_byte_version(
            offset in 0u64..MAPPED, len in 1u64..MAPPED, at in 0u64..150, stretch in 1u64..150,
        ) {
            let span = of(offset, len, Overrun::Clipped).expect("clipped").expect("a byte");
            let mine = |byte: &u64| span.offset() <= *byte && *byte < span.offset() + span.len();
            let both: std::vec::Vec<_> = (at..at + stretch).filter(mine).collect();
            let inside = span.inside(at, stretch);
            prop_assert_eq!(inside.map(Span::len).unwrap_or(0), both.len() as u64);
            let start = inside.map(|part| part.offset() + at);
            prop_assert_eq!(start, both.first().copied());
        }

        #[test]
        fn what_is_left_agrees_with_a_byte_by_byte_version(
            offset in 0u64..150, len in 0u64..150,
        ) {
            let inside = (offset..offset + len).filter(|byte| *byte < MAPPED).count() as u64;
            let clipped = of(offset, len, Overrun::Clipped).expect("never refused");
            prop_assert_eq!(clipped.map_or(0, Span::len), inside);
            prop_assert!(clipped.is_none_or(|span| span.offset == offset));
            let refused = of(offset, len, Overrun::Refused).is_err();
            prop_assert_eq!(refused, offset + len > MAPPED);
        }
    }
}
