//! Arithmetic on stretches of RAM: taking a hole out, finding the highest place for something.
//!
//! The lists are short and of fixed length: there is no allocator yet.

use super::error::MapError;
use arrayvec::ArrayVec;
use hal::{PhysAddr, PhysRange};

const MAX_PIECES: usize = 64;

/// Stretches of RAM, ascending and disjoint.
pub(crate) type Pieces = ArrayVec<PhysRange, MAX_PIECES>;

/// The highest `size` bytes of `free` that are aligned and end at or below `below`.
pub(super) fn highest(
    free: PhysRange,
    size: u64,
    align: u64,
    below: PhysAddr,
) -> Option<PhysRange> {
    let end = free.end().min(below).get();
    let start = PhysAddr::new(end.checked_sub(size)?).align_down(align);
    let place = PhysRange::new(start, size).ok()?;
    free.contains(place).then_some(place)
}

/// `pieces` without the bytes of `hole`.
pub(super) fn without(pieces: &[PhysRange], hole: PhysRange) -> Result<Pieces, MapError> {
    let mut left = Pieces::new();
    for piece in pieces {
        let (start, end) = (piece.start(), piece.end());
        let before = PhysRange::between(start, end.min(hole.start()));
        let after = PhysRange::between(start.max(hole.end()), end);
        for part in [before, after].into_iter().flatten() {
            push(&mut left, part, "pieces")?;
        }
    }
    Ok(left)
}

/// Adds to a list, or says which list is full.
pub(super) fn push<T, const N: usize>(
    list: &mut ArrayVec<T, N>,
    item: T,
    what: &'static str,
) -> Result<(), MapError> {
    list.try_push(item)
        .map_err(|_| MapError::TooMany { what, max: N })
}
