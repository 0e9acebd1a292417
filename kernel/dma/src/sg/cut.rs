//! Where an element that bounces is cut into several runs of slots. Pure.

use crate::error::MapError;
use crate::limits::Limits;
use crate::swiotlb::SLOT;
use hal::{LINE, PhysAddr, PhysRange};

/// What segments but the last are multiples of.
pub(super) fn granule(limits: &Limits) -> u64 {
    limits.granule.max(limits.seg_granule)
}

/// Bytes of the first of several runs, from `start` on, where that may have `room` bytes; none if there is
/// no place for a cut.
///
/// A cut falls where the device's alignment mask begins anew, so that the next run needs no offset; where
/// there is no such place, on a line if the start does, and on the granule in any case.
pub(super) fn first_run(start: PhysAddr, room: u64, limits: &Limits) -> u64 {
    let (granule, mask) = (granule(limits), limits.min_align_mask);
    let unit = if room < LINE { granule } else { LINE };
    let end = start.get().saturating_add(room) & !mask;
    if mask >= unit - 1 && end > start.get() {
        return end - start.get();
    }
    room & !(unit - 1)
}

/// Bytes to try instead of all of `block`, for which the pool had no run: as many as the longest there is,
/// or the next power of two of slots.
pub(super) fn shorter(block: PhysRange, error: MapError, limits: &Limits) -> Option<u64> {
    let MapError::PoolFull {
        wanted,
        largest_run,
        ..
    } = error
    else {
        return None;
    };
    // The longest run may be shorter than it is said to be, or begin where the device does not take it.
    let slots = if largest_run < wanted {
        largest_run
    } else {
        wanted.next_power_of_two() / 2
    };
    let offset = block.start().get() & limits.min_align_mask & (SLOT - 1);
    let room = (u64::from(slots) * SLOT).checked_sub(offset + limits.guard())?;
    let len = first_run(block.start(), room, limits);
    (0 < len && len < block.len()).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn full(wanted: u32, largest_run: u32) -> MapError {
        MapError::PoolFull {
            wanted,
            free: 20,
            largest_run,
            top: None,
        }
    }

    fn block(start: u64, len: u64) -> PhysRange {
        PhysRange::new(PhysAddr::new(start), len).expect("valid")
    }

    #[test]
    fn sg_9_a_run_is_tried_as_long_as_there_is_one_and_then_by_halves() {
        let limits = Limits::DEFAULT;
        let next =
            |wanted, largest| shorter(block(0x4000_0000, 0x8000), full(wanted, largest), &limits);
        assert_eq!(next(16, 5), Some(5 * SLOT));
        // There is no such run after all, or none that begins on a page.
        assert_eq!(next(16, 16), Some(8 * SLOT));
        assert_eq!(next(7, 9), Some(4 * SLOT));
        assert_eq!(next(1, 4), None);
        assert_eq!(next(1, 0), None);
        assert_eq!(next(16, 0), None, "nothing is free");
        let never = MapError::TooLong { len: 9, max: 8 };
        assert_eq!(shorter(block(0, 9), never, &limits), None);
    }

    #[test]
    fn al_2_cuts_fall_where_the_mask_begins_anew() {
        let limits = Limits {
            min_align_mask: 0xFFF,
            ..Limits::DEFAULT
        };
        let first = |start, room| first_run(PhysAddr::new(start), room, &limits);
        assert_eq!(first(0x1804, 0x1000), 0x7FC);
        assert_eq!(first(0x2000, 0x1000), 0x1000);
        // No such place: on a line.
        assert_eq!(first(0x1804, 0x7FB), 0x7C0);
        assert_eq!(first(0x1800, 0x100), 0x100);
        assert_eq!(first(0x2000, 0x100), 0x100);
        // A run that begins late in its slot has less room.
        let next = shorter(block(0x1804, 0x3000), full(7, 2), &limits);
        assert_eq!(next, Some(0x7FC));
        let next = shorter(block(0x1804, 0x3000), full(7, 3), &limits);
        assert_eq!(next, Some(0x17FC));
        // All of it but for what its length is rounded up by: nothing is left for a second run.
        assert_eq!(shorter(block(0x1003, 0xFFD), full(3, 2), &limits), None);
        // A guard has its line in the run.
        let limits = Limits {
            untrusted: true,
            ..Limits::DEFAULT
        };
        let next = shorter(block(0x1000, SLOT), full(2, 1), &limits);
        assert_eq!(next, Some(SLOT - LINE));
        // A mask within a line counts only for what is shorter than one.
        let limits = Limits {
            min_align_mask: 0xF,
            ..Limits::DEFAULT
        };
        assert_eq!(first_run(PhysAddr::new(8), LINE, &limits), LINE);
        assert_eq!(first_run(PhysAddr::new(8), LINE - 1, &limits), 0x38);
    }

    proptest! {
        #[test]
        fn sg_9_al_2_a_cut_is_inside_on_the_granule_and_where_it_is_to_be(
            start in 0u64..0x4000, room in 1u64..0x4000, mask in 0u32..14, granule in 0u32..7,
        ) {
            let granule = 1u64 << granule;
            let limits = Limits {
                min_align_mask: (1 << mask) - 1,
                seg_granule: granule,
                ..Limits::DEFAULT
            };
            let start = start & !(granule - 1);
            let run = first_run(PhysAddr::new(start), room, &limits);
            prop_assert!(run <= room);
            // The obvious version: the last such place that is in the room.
            let unit = if room < LINE { granule } else { LINE };
            let places = |fits: &dyn Fn(u64) -> bool| (1..=room).rev().find(|n| fits(*n));
            let anew = places(&|n| (start + n).is_multiple_of(1 << mask));
            let else_where = places(&|n| n.is_multiple_of(unit));
            let wanted = anew.filter(|_| 1u64 << mask >= unit).or(else_where);
            prop_assert_eq!(run, wanted.unwrap_or(0));
            if 1 << mask >= granule {
                prop_assert!(run.is_multiple_of(granule));
            }
        }
    }
}
