//! What a mapping holds, at rest or in flight.

use crate::span::Span;
use crate::stand_in::StandIn;
use hal::{DmaAddr, DmaBuffer, PhysRange};

/// Where the device finds the bytes.
#[derive(Debug)]
pub(crate) enum Place {
    /// In the buffer itself: the extent that the device is given, and what its lines owe.
    Direct(PhysRange, Lines),
    /// In memory that stands in for it.
    Bounced(StandIn),
}

impl Place {
    /// What the device is given, length rounded up to its granule.
    #[inline]
    pub(crate) fn extent(&self) -> PhysRange {
        match self {
            Self::Direct(extent, _) => *extent,
            Self::Bounced(stand_in) => stand_in.data(),
        }
    }
}

/// How the CPU's caches and RAM differ over a buffer that its device finds where it lies, as far as
/// they may. A bounce buffer's are always in step while the CPU has no view of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    /// RAM has everything that the CPU stored; the caches may hold what a device has overwritten
    /// since the mapping was made, if it may write.
    InStep,
    /// The caches may have stores that RAM has not: owed before a device that does not snoop looks.
    Dirty,
    /// The caches may have what a device overwrote here before the mapping was made: to be dropped
    /// before the CPU, or a device that snoops, looks.
    Stale(PhysRange),
}

/// A mapping's contents: taken out once, by `unmap`, drop or quarantine.
///
/// Attributes are not among them: what they ask for is in the lines that are owed, in the absence of
/// slots, and in the type of a buffer that is shared, so nobody has to give them twice (ATTR-6).
pub(crate) struct Held<B> {
    pub(crate) buffer: B,
    pub(crate) place: Place,
    pub(crate) bus: DmaAddr,
    /// A look of the CPU that has not been ended: its guard lives, or was forgotten.
    pub(crate) viewed: Option<Span>,
}

impl<B: DmaBuffer> Held<B> {
    #[inline]
    pub(crate) fn new(buffer: B, place: Place, bus: DmaAddr) -> Self {
        Self {
            buffer,
            place,
            bus,
            viewed: None,
        }
    }

    /// All of it.
    #[inline]
    pub(crate) fn whole(&self) -> Span {
        Span::whole(self.buffer.range().len())
    }

    /// The bytes of `span` where the device has them. Of the whole, what the length was rounded up
    /// by as well, for this device or for one before it.
    #[inline]
    pub(crate) fn device_side(&self, span: Span) -> PhysRange {
        let extent = self.place.extent();
        if !span.is_whole(self.buffer.range().len()) {
            return span.within(extent);
        }
        match self.place {
            Place::Direct(_, Lines::Stale(before)) if before.len() > extent.len() => before,
            _ => extent,
        }
    }
}
