//! Which cache operation on which lines: CM-1 to CM-8 as pure functions.
//!
//! | | ToDevice | FromDevice | Bidirectional |
//! |---|---|---|---|
//! | before the device | clean | clean | clean |
//! | after the device | nothing | invalidate | invalidate |
//!
//! *Clean before, in every direction* (CM-1): no dirty line may be evicted on top of what the device
//! writes, and stores that the device does not overwrite must survive. *Invalidate after* (CM-2):
//! the core fetches lines on its own while the device writes. Lines that are covered only in part
//! are cleaned and invalidated, so that what else is in them survives (CM-3).

use hal::{LINE, PhysAddr, PhysRange};

/// What to do before the CPU reads what a device wrote: at most three operations, none overlapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct InvalidatePlan {
    /// First line if it is covered in part: clean and invalidate.
    pub head: Option<PhysRange>,
    /// Whole lines: invalidate.
    pub body: Option<PhysRange>,
    /// Last line if it is covered in part and is not the first: clean and invalidate.
    pub tail: Option<PhysRange>,
}

/// The plan for `range` (CM-3).
#[inline]
pub fn invalidate(range: PhysRange) -> InvalidatePlan {
    let line_of = |byte: PhysAddr| PhysRange::new(byte.align_down(LINE), LINE).ok();
    let (starts_inside, ends_inside) = (
        !range.start().is_aligned(LINE),
        !range.end().is_aligned(LINE),
    );
    let one_line = range.start().align_down(LINE) == range.last().align_down(LINE);
    let head = starts_inside || (one_line && ends_inside);
    let tail = ends_inside && !one_line;
    InvalidatePlan {
        head: line_of(range.start()).filter(|_| head),
        body: range.round_in(LINE),
        tail: line_of(range.last()).filter(|_| tail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(start: u64, end: u64) -> PhysRange {
        PhysRange::between(PhysAddr::new(start), PhysAddr::new(end)).expect("valid")
    }

    #[test]
    fn cm_3_partial_lines_are_cleaned_and_whole_ones_are_not() {
        let plan = invalidate(range(0x1010, 0x1020));
        assert_eq!(
            plan,
            InvalidatePlan {
                head: Some(range(0x1000, 0x1040)),
                ..Default::default()
            }
        );
        let plan = invalidate(range(0x1000, 0x1040));
        assert_eq!(
            plan,
            InvalidatePlan {
                body: Some(range(0x1000, 0x1040)),
                ..Default::default()
            }
        );
        let plan = invalidate(range(0x1010, 0x10C0));
        let (head, body) = (Some(range(0x1000, 0x1040)), Some(range(0x1040, 0x10C0)));
        assert_eq!(
            plan,
            InvalidatePlan {
                head,
                body,
                tail: None
            }
        );
        let plan = invalidate(range(0x1000, 0x1050));
        let (body, tail) = (Some(range(0x1000, 0x1040)), Some(range(0x1040, 0x1080)));
        assert_eq!(
            plan,
            InvalidatePlan {
                head: None,
                body,
                tail
            }
        );
    }

    proptest! {
        #[test]
        fn every_line_is_treated_once_and_by_its_cover(start in 0u64..300, len in 1u64..300) {
            let whole = range(start, start + len);
            let plan = invalidate(whole);
            for line in 0..12 {
                let line = range(line * 64, line * 64 + 64);
                let cleaned = [plan.head, plan.tail].into_iter().flatten()
                    .filter(|part| part.overlaps(line)).count();
                let dropped = plan.body.is_some_and(|body| body.overlaps(line));
                prop_assert_eq!(dropped, whole.contains(line));
                let partly = whole.overlaps(line) && !whole.contains(line);
                prop_assert_eq!(cleaned, usize::from(partly));
            }
        }
    }
}
