//! Slots for what bounces of a list: in runs as long as planned where the pool has them, in shorter ones
//! where it is in pieces, as far as the segments go.

use super::cut::shorter;
use super::error::SgError;
use super::map::request_of;
use super::piece::Piece;
use super::segments::Segments;
use super::table::SgTable;
use crate::attrs::Attrs;
use crate::decision::Route;
use crate::direction::Direction;
use crate::error::MapError;
use crate::sync::Link;
use hal::{DmaBuffer, Platform};

impl<P: Platform> Link<'_, P> {
    /// Slots for all that bounces. After an error some may be taken.
    pub(super) fn take_slots<B: DmaBuffer, D: Direction>(
        &self,
        table: &mut SgTable<B>,
        attrs: Attrs,
    ) -> Result<(), SgError> {
        let (mut at, mut more) = (0, None);
        while let Some(piece) = table.pieces.get_mut(at) {
            match self.take_for::<B, D>(piece, &table.elements, attrs) {
                Ok(()) => at += 1,
                Err(error) => {
                    let more = more.get_or_insert_with(|| self.segments_left(table));
                    self.shorten(table, (at, error), more)?;
                }
            }
        }
        Ok(())
    }

    fn take_for<B: DmaBuffer, D: Direction>(
        &self,
        piece: &mut Piece,
        elements: &[B],
        attrs: Attrs,
    ) -> Result<(), MapError> {
        let Route::Bounce(reason) = piece.part.route else {
            return Ok(());
        };
        let request = request_of::<B, D>(piece, elements, attrs);
        let (slots, bus) = self.dma.stand_in_for(self.device, &request, reason)?;
        (piece.slots, piece.bus) = (Some(slots), bus);
        Ok(())
    }

    /// Segments that the list may have beyond those that were planned; none without leave to split.
    fn segments_left<B: DmaBuffer>(&self, table: &SgTable<B>) -> usize {
        let planned = Segments::of(&table.pieces, self.device.limits()).count();
        self.permitted(table).saturating_sub(planned)
    }

    /// Cuts a piece that the pool has no run for in two, of which the first is tried next. An error where
    /// there is no shorter run either, or no segment for one more.
    fn shorten<B: DmaBuffer>(
        &self,
        table: &mut SgTable<B>,
        (at, error): (usize, MapError),
        more: &mut usize,
    ) -> Result<(), SgError> {
        let (limits, max) = (self.device.limits(), self.permitted(table));
        let piece = &mut table.pieces[at];
        let index = piece.element();
        let len = shorter(piece.block(), error, limits);
        let Some(len) = len.filter(|_| max > table.elements.len()) else {
            return Err(SgError::Element { index, error });
        };
        if *more == 0 || table.pieces.len() == table.pieces.capacity() {
            return Err(SgError::Fragmented { index, max, error });
        }
        *more -= 1;
        let rest = table.pieces[at].cut(len, limits.min_align_mask);
        // There is room, so nothing is allocated.
        table.pieces.insert(at + 1, rest);
        Ok(())
    }
}
