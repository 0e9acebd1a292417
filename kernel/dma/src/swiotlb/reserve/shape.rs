//! What a private cell has to look like, and where in it a buffer finds its place. Pure.
//!
//! A cell is a run of slots that holds the longest buffer wherever the original lies: its length, and as
//! much as the device's alignment mask may shift it by; and the line behind it of one that is not trusted.

use super::super::layout::{Layout, boundary_slots, max_len};
use super::super::{CHUNK, CHUNK_SLOTS, SLOT, Slots};
use crate::limits::Limits;
use hal::{PAGE, PhysRange};

/// No cell can be made like that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoShape {
    /// The longest buffer that can bounce for this device is shorter: its bytes.
    TooLong(u64),
    /// Not a power of two, or more than a chunk.
    Align,
}

/// The shape of the cells that hold any buffer of up to `max_len` bytes, a multiple of the device's
/// granule, and start on a multiple of `align`; and their bytes.
pub(crate) fn cell(
    limits: &Limits,
    max_len_wanted: u64,
    align: u64,
    capacity: u32,
) -> Result<(Layout, u64), NoShape> {
    let longest = max_len(limits, capacity);
    if max_len_wanted > longest {
        return Err(NoShape::TooLong(longest));
    }
    if !align.is_power_of_two() || align > CHUNK {
        return Err(NoShape::Align);
    }
    // Both terms are below the pool's size.
    let most = max_len_wanted + limits.min_align_mask + limits.guard();
    let bytes = most.next_multiple_of(SLOT);
    let slots = (bytes / SLOT) as u32;
    if slots > capacity {
        return Err(NoShape::TooLong(longest));
    }
    // A page or more starts on a page, where the device has no wish of its own (AL-3).
    let page = if max_len_wanted >= PAGE { PAGE } else { SLOT };
    let align = align.max(page);
    let boundary = boundary_slots(limits).max(slots.next_power_of_two());
    let placement = ((align / SLOT) as u32, 0);
    let shape = Layout::of(slots, placement, boundary.min(CHUNK_SLOTS), 0);
    Ok((shape, bytes))
}

/// Where `len` bytes of the given shape are in `cell`, if they fit.
pub(super) fn place(cell: &Slots, layout: &Layout, len: u64) -> Option<PhysRange> {
    let first = u32::from(cell.first);
    let start = if layout.is_long() {
        layout.phase
    } else {
        layout.next_start(first)
    };
    let ahead = start.checked_sub(first)?;
    if ahead + layout.slots > cell.count {
        return None;
    }
    cell.data
        .slice(u64::from(ahead) * SLOT + layout.offset, len)
}
