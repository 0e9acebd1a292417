//! A list that is lent, and what may be asked of it at rest.

use super::look::Look;
use super::piece::Piece;
use super::segments::Segments;
use super::table::SgTable;
use crate::device::DmaDevice;
use crate::direction::Direction;
use crate::layer::Dma;
use crate::sync::Link;
use core::fmt;
use core::marker::PhantomData;
use hal::{DmaBuffer, Platform};

/// What a mapped list holds: taken out once, by `unmap`, drop or quarantine.
pub(crate) struct HeldSg<B: DmaBuffer> {
    pub(crate) table: SgTable<B>,
    /// What the CPU looks at.
    pub(super) viewed: Option<Look>,
}

impl<B: DmaBuffer> HeldSg<B> {
    /// The pieces, for quarantine and release.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.table.pieces
    }
}

/// A list of buffers that is lent to a device and not in flight.
///
/// It owns the table. Dropping it unmaps and drops the buffers; forgetting it leaks them and their
/// slots. Its addresses are nobody's before it is launched.
pub struct MappedSg<'d, P: Platform, B: DmaBuffer, D: Direction> {
    pub(super) link: Link<'d, P>,
    pub(super) held: Option<HeldSg<B>>,
    pub(super) direction: PhantomData<D>,
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction> MappedSg<'d, P, B, D> {
    fn held(&self) -> &HeldSg<B> {
        self.held
            .as_ref()
            .expect("taken only by calls that end the mapping")
    }

    /// The two ends of the mapping and its contents, to be looked at.
    pub(crate) fn shared_parts(&self) -> (Link<'d, P>, &HeldSg<B>) {
        (self.link, self.held())
    }

    /// The two ends of the mapping and its contents, borrowed apart.
    pub(crate) fn parts(&mut self) -> (Link<'d, P>, &mut HeldSg<B>) {
        let held = self.held.as_mut();
        (
            self.link,
            held.expect("taken only by calls that end the mapping"),
        )
    }

    /// The contents, for good: what is left of the mapping does nothing when dropped.
    pub(crate) fn dismantle(mut self) -> (Link<'d, P>, HeldSg<B>) {
        let held = self.held.take();
        (
            self.link,
            held.expect("taken only by calls that end the mapping"),
        )
    }

    /// The device's side. For who has launched the list, or is about to.
    pub(crate) fn segments(&self) -> Segments<'_> {
        Segments::of(self.held().pieces(), self.link.device.limits())
    }

    /// The layer that made the mapping.
    pub fn layer(&self) -> &'d Dma<P> {
        self.link.dma
    }

    /// The device that the buffers are lent to.
    pub fn device(&self) -> &'d DmaDevice {
        self.link.device
    }

    /// Bytes to transfer.
    #[expect(clippy::len_without_is_empty, reason = "a mapped list is never empty")]
    pub fn len(&self) -> u64 {
        self.held().table.bytes()
    }

    /// Bytes that the device has to be told: [`len`](Self::len) rounded up to its granule.
    pub fn device_len(&self) -> u64 {
        let pieces = self.held().pieces().iter();
        pieces.map(|piece| piece.device_side().len()).sum()
    }

    /// Elements that it was made of.
    pub fn elements(&self) -> usize {
        self.held().table.elements.len()
    }

    /// Segments that the device may have been permitted: what to provide for. Nothing tells how many
    /// there are before the list is in flight.
    pub fn max_segments(&self) -> usize {
        self.link.permitted(&self.held().table)
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction> fmt::Debug for MappedSg<'_, P, B, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, name) = (self.len(), self.device().name());
        write!(f, "MappedSg({len} bytes {:?} for {name})", D::DIR)
    }
}
