//! Which descriptions a device can have: limits one by one, then its reach against the machine's RAM
//! (MASK-5). Pure.

use super::LimitError;
use crate::cells::MOST_BYTES;
use crate::limits::Limits;
use crate::reach::Reach;
use crate::swiotlb::CHUNK;
use hal::{LINE, PhysAddr, PhysRange, RamMap};

/// Each limit for itself.
pub(super) fn limits(limits: &Limits) -> Result<(), LimitError> {
    let Limits {
        granule,
        min_align_mask,
        seg_boundary_mask,
        seg_granule,
        max_segments,
        cells,
        ..
    } = *limits;
    if !is_low_mask(min_align_mask) || min_align_mask >= CHUNK {
        return Err(LimitError::AlignMask {
            mask: min_align_mask,
        });
    }
    if !is_low_mask(seg_boundary_mask) {
        return Err(LimitError::SegmentBoundary {
            mask: seg_boundary_mask,
        });
    }
    if !is_granule(granule) {
        return Err(LimitError::Granule { bytes: granule });
    }
    if !is_granule(seg_granule) {
        return Err(LimitError::SegmentGranule { bytes: seg_granule });
    }
    if cells.most() > MOST_BYTES {
        return Err(LimitError::Cells {
            bytes: cells.most(),
        });
    }
    if max_segments == 0 {
        return Err(LimitError::NoSegments);
    }
    Ok(())
}

/// Some RAM is reachable, and either all of it is, or everything that bounce buffers may ever be made
/// of. A device that passes fails no mapping for ever because of where a buffer lies.
pub(super) fn reach(reach: &Reach, ram: &RamMap<'_>) -> Result<(), LimitError> {
    let Some(first) = first_hidden(reach, ram, CHUNK)? else {
        return Ok(());
    };
    Err(LimitError::PoolBeyondReach {
        first,
        dma_end: ram.dma_end,
    })
}

/// As [`reach`], for memory that is shared for good: it comes from the same zone, at any place.
pub(super) fn coherent(reach: &Reach, ram: &RamMap<'_>) -> Result<(), LimitError> {
    let Some(first) = first_hidden(reach, ram, 1)? else {
        return Ok(());
    };
    Err(LimitError::CoherentBeyondReach {
        first,
        mask: reach.mask,
        dma_end: ram.dma_end,
    })
}

/// All of the region that a device is bound to is reachable: it gets nothing else (RP-2, MASK-5).
pub(super) fn region(reach: &Reach, region: PhysRange) -> Result<(), LimitError> {
    let hidden = |unit| reach.first_hidden(region, unit);
    // By bytes first, which names the right one; then by the offset of its window.
    match hidden(1).or_else(|| hidden(CHUNK)) {
        None => Ok(()),
        Some(first) => Err(LimitError::RegionBeyondReach {
            region,
            first,
            mask: reach.limit(),
        }),
    }
}

/// The first byte of zone `Dma` that is out of reach in units of so many bytes, unless all RAM is
/// reachable; an error where nothing is.
fn first_hidden(
    reach: &Reach,
    ram: &RamMap<'_>,
    unit: u64,
) -> Result<Option<PhysAddr>, LimitError> {
    let hidden = |range: &PhysRange| reach.first_hidden(*range, 1);
    if ram.banks.iter().all(|bank| hidden(bank).is_none()) && !ram.banks.is_empty() {
        return Ok(None);
    }
    let none = LimitError::ReachesNoRam {
        limit: reach.limit(),
    };
    let zone = ram.dma_zone().next().ok_or(none)?;
    if reach
        .last_reachable()
        .is_none_or(|last| last < zone.start())
    {
        return Err(none);
    }
    Ok(ram
        .dma_zone()
        .find_map(|part| reach.first_hidden(part, unit)))
}

/// Is `mask` 2^n - 1?
const fn is_low_mask(mask: u64) -> bool {
    mask & mask.wrapping_add(1) == 0
}

const fn is_granule(bytes: u64) -> bool {
    bytes.is_power_of_two() && bytes <= LINE
}
