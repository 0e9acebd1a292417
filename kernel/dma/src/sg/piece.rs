//! A stretch of one element that the device finds in one place.

use super::plan::Part;
use crate::decision::Route;
use crate::span::Span;
use crate::stand_in::StandIn;
use hal::{DmaAddr, DmaBuffer, PhysRange};

/// A part of an element on its way: planned, placed, lent.
///
/// Has no type of its element, so that quarantine can keep a list of any.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(super) part: Part,
    /// Where the device finds it; of a part that is to bounce, as soon as it has slots.
    pub(super) bus: DmaAddr,
    /// Stands in for the part, if it bounces.
    pub(crate) slots: Option<StandIn>,
}

impl Piece {
    /// A part as it was planned. The address of one that bounces agrees with the later one in those
    /// bits that bouncing keeps.
    pub(super) fn planned(part: Part, kept_bits: u64) -> Self {
        let bus = match part.route {
            Route::Direct(bus) => bus,
            Route::Bounce(_) => DmaAddr::new(part.block.start().get() & kept_bits),
        };
        let slots = None;
        Self { part, bus, slots }
    }

    /// Keeps the first `len` bytes, which are not all, and returns the others as they are planned.
    pub(super) fn cut(&mut self, len: u64, kept_bits: u64) -> Self {
        let (first, rest) = self.part.cut(len);
        self.part = first;
        Self::planned(rest, kept_bits)
    }

    /// Where the device finds it.
    pub(crate) fn bus(&self) -> DmaAddr {
        self.bus
    }

    /// The element.
    pub(super) fn element(&self) -> usize {
        self.part.element
    }

    /// The bytes of the element.
    pub(crate) fn block(&self) -> PhysRange {
        self.part.block
    }

    /// The same where the device has them, its granule's excess included.
    pub(crate) fn device_side(&self) -> PhysRange {
        match &self.slots {
            Some(slots) => slots.data(),
            None => self.part.extent,
        }
    }

    /// The bytes of `span`, a part of the block, where the device has them. Of the whole, its granule's
    /// excess as well.
    pub(super) fn device_part(&self, span: Span) -> PhysRange {
        let side = self.device_side();
        if span.is_whole(self.block().len()) {
            return side;
        }
        span.within(side)
    }

    /// Is the device given all of `element`, as it lies? Else some of that bounces.
    pub(super) fn is_all_of<B: DmaBuffer>(&self, element: &B) -> bool {
        self.is_direct() && self.block() == element.range()
    }

    /// Is the device given the element's own memory?
    pub(super) fn is_direct(&self) -> bool {
        matches!(self.part.route, Route::Direct(_))
    }
}
