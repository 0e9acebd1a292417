//! The plan of a whole list: every element's pieces, few enough and on the device's granule.
//!
//! Nothing is taken and nothing is moved here; a list that does not fit is refused as it came.

extern crate alloc;

use super::error::SgError;
use super::piece::Piece;
use super::plan::{Shape, Terms};
use super::segments::{Segment, Segments};
use super::table::SgTable;
use crate::attrs::Attrs;
use crate::direction::Direction;
use crate::swiotlb::Pool;
use crate::sync::Link;
use hal::{DmaBuffer, Platform};

impl<P: Platform> Link<'_, P> {
    /// Segments that the list may become, by the device and by the caller.
    pub(super) fn permitted<B: DmaBuffer>(&self, table: &SgTable<B>) -> usize {
        let device = usize::try_from(self.device.limits().max_segments);
        table.segments.min(device.unwrap_or(usize::MAX))
    }

    /// Plans all elements: with edges bounced alone where that comes to few enough segments.
    pub(super) fn plan<B: DmaBuffer, D: Direction>(
        &self,
        table: &mut SgTable<B>,
        attrs: Attrs,
    ) -> Result<(), SgError> {
        let split = self.permitted(table) > table.elements.len();
        let mut terms = Terms {
            device: self.device,
            policy: self.dma.policy(),
            capacity: self.dma.pool_of(self.device).map(Pool::capacity),
            dir: D::DIR,
            attrs,
            split,
            edges: true,
        };
        let few = self.plan_by(&terms, table);
        if !matches!(few, Err(SgError::TooManySegments { .. })) {
            return few;
        }
        terms.edges = false;
        self.plan_by(&terms, table)
    }

    fn plan_by<B: DmaBuffer>(
        &self,
        terms: &Terms<'_>,
        table: &mut SgTable<B>,
    ) -> Result<(), SgError> {
        table.pieces.clear();
        let last = table.elements.len().checked_sub(1).ok_or(SgError::Empty)?;
        let max = self.permitted(table);
        let (elements, pieces) = (&table.elements, &mut table.pieces);
        for (index, element) in elements.iter().enumerate() {
            let block = element.range();
            let granule = terms.granule();
            if index != last && !block.len().is_multiple_of(granule) {
                return Err(SgError::Granule {
                    index,
                    block,
                    granule,
                });
            }
            let at = |error| SgError::Element { index, error };
            let shape = terms.shape(element).map_err(at)?;
            plan_element(terms, (index, element), shape, pieces, max)?;
        }
        self.check_segments(terms, table)
    }

    /// Are these few enough segments, and on the device's granule?
    fn check_segments<B: DmaBuffer>(
        &self,
        terms: &Terms<'_>,
        table: &SgTable<B>,
    ) -> Result<(), SgError> {
        let max = self.permitted(table);
        let segments = || Segments::of(&table.pieces, self.device.limits());
        // Counts one too many at most: a list may be long.
        let count = segments().take(max.saturating_add(1)).count();
        if count > max {
            return Err(SgError::TooManySegments { max });
        }
        let granule = terms.granule();
        let whole = |bytes: u64| bytes.is_multiple_of(granule);
        let fits = |(i, segment): (usize, Segment)| {
            count == 1 || whole(segment.bus.get()) && (i + 1 == count || whole(segment.len))
        };
        if segments().enumerate().all(fits) {
            return Ok(());
        }
        let odd = |piece: &&Piece| !whole(piece.bus.get());
        let index = table.pieces.iter().find(odd).map_or(0, Piece::element);
        let block = table.elements[index].range();
        Err(SgError::Granule {
            index,
            block,
            granule,
        })
    }
}

/// Adds the parts of one element to the plan.
fn plan_element<B: DmaBuffer>(
    terms: &Terms<'_>,
    (index, element): (usize, &B),
    shape: Shape,
    pieces: &mut alloc::vec::Vec<Piece>,
    max: usize,
) -> Result<(), SgError> {
    let kept_bits = terms.device.limits().min_align_mask;
    terms.parts((index, element), shape, |part| {
        // What finds no room here would be a segment too many: nothing is allocated.
        if pieces.len() == pieces.capacity() {
            return Err(SgError::TooManySegments { max });
        }
        pieces.push(Piece::planned(part, kept_bits));
        Ok(())
    })
}
