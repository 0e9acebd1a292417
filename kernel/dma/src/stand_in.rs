//! The memory that stands in for a buffer, or a part of one, that bounces.

use crate::cells::Run;
use crate::swiotlb::Slots;
use hal::PhysRange;

/// Taken by `Dma::stand_in_for`, given back by `Dma::release`.
#[derive(Debug)]
pub(crate) enum StandIn {
    /// Slots of the pool: cacheable, so maintained around each transfer.
    Slots(Slots),
    /// Uncached cells: ordered by barriers, and never maintained.
    Cells(Run),
}

impl StandIn {
    /// Are there lines to maintain?
    #[inline]
    pub(crate) fn is_cached(&self) -> bool {
        matches!(self, Self::Slots(_))
    }

    /// The slots, if that is what it is.
    pub(crate) fn into_slots(self) -> Option<Slots> {
        match self {
            Self::Slots(slots) => Some(slots),
            Self::Cells(_) => None,
        }
    }

    /// Where the data are.
    #[inline]
    pub(crate) fn data(&self) -> PhysRange {
        match self {
            Self::Slots(slots) => slots.data(),
            Self::Cells(run) => run.data(),
        }
    }
}
