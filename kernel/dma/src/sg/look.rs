//! What the CPU looks at of a list at rest: an element, or any part of the list's bytes.

use super::mapped::HeldSg;
use super::piece::Piece;
use super::table::SgTable;
use crate::span::Span;
use hal::{DmaBuffer, PhysRange};

/// A look that has not been ended: its guard lives, or was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// At an element, by a view that is open as long.
    Element(usize),
    /// At these bytes of the list, by views that are closed at once.
    Part(Span),
}

impl<B: DmaBuffer> HeldSg<B> {
    /// The bytes of the list that `look` is at.
    pub(super) fn span_of(&self, look: Look) -> Span {
        match look {
            Look::Part(span) => span,
            Look::Element(index) => self.table.span_of(index),
        }
    }
}

impl<B: DmaBuffer> SgTable<B> {
    /// The bytes of the list that are element `index`.
    pub(super) fn span_of(&self, index: usize) -> Span {
        let len = |element: &B| element.range().len();
        let before = self.elements[..index].iter().map(len).sum();
        Span::at(before, len(&self.elements[index]))
    }

    /// The elements that have bytes of `span`, and which of theirs these are.
    pub(crate) fn stretches(&self, span: Span) -> impl Iterator<Item = (&B, Span)> {
        parts_of(self.elements.iter(), B::range, span)
    }
}

/// The pieces that have bytes of `span`, a part of their list, and which of theirs these are.
pub(super) fn pieces_in(pieces: &[Piece], span: Span) -> impl Iterator<Item = (&Piece, Span)> {
    parts_of(pieces.iter(), Piece::block, span)
}

/// Cuts `span` along blocks that follow one another in a list.
fn parts_of<'a, T: 'a>(
    blocks: impl Iterator<Item = &'a T>,
    block_of: impl Fn(&T) -> PhysRange,
    span: Span,
) -> impl Iterator<Item = (&'a T, Span)> {
    let placed = blocks.scan(0, move |at, block| {
        let (start, len) = (*at, block_of(block).len());
        *at += len;
        Some((block, start, len))
    });
    placed
        .take_while(move |(_, start, _)| *start < span.offset() + span.len())
        .filter_map(move |(block, start, len)| Some((block, span.inside(start, len)?)))
}
