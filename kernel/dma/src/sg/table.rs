//! A list of buffers before it is mapped, and after.

extern crate alloc;

use super::piece::Piece;
use crate::held::Lines;
use alloc::vec::Vec;
use core::fmt;
use hal::DmaBuffer;

/// A list of buffers to be transferred as one, and room for what a mapping of it needs.
///
/// The caller says how many segments it permits: more than elements, and long elements are split and
/// edges bounce alone; as many, and each element that bounces does so as a whole.
pub struct SgTable<B: DmaBuffer> {
    pub(super) elements: Vec<B>,
    /// Empty while the table is not mapped.
    pub(super) pieces: Vec<Piece>,
    /// What the caches owe to each element; as many as elements where that means anything.
    pub(super) lines: Vec<Lines>,
    pub(super) segments: usize,
}

/// There is no memory for a table of this size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoTable {
    /// Elements wanted.
    pub elements: usize,
    /// Segments wanted.
    pub segments: usize,
}

impl fmt::Display for NoTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { elements, segments } = self;
        write!(
            f,
            "no memory for a list of {elements} elements and {segments} segments: transfer less at once"
        )
    }
}

impl<B: DmaBuffer> SgTable<B> {
    /// An empty table with room for so many elements, which may become so many segments.
    ///
    /// Context: thread; allocates.
    pub fn with_capacity(elements: usize, segments: usize) -> Result<Self, NoTable> {
        let none = NoTable { elements, segments };
        let mut table = Self {
            elements: Vec::new(),
            pieces: Vec::new(),
            lines: Vec::new(),
            segments,
        };
        // An element has one direct piece at most, and each bounced piece is a segment.
        let pieces = elements.checked_add(segments).ok_or(none)?;
        let roomy = table.elements.try_reserve_exact(elements);
        let roomy = roomy.and_then(|()| table.pieces.try_reserve_exact(pieces));
        let roomy = roomy.and_then(|()| table.lines.try_reserve_exact(elements));
        roomy.map(|()| table).map_err(|_| none)
    }

    /// Adds a buffer. Gives it back if there is no room: nothing is allocated.
    pub fn push(&mut self, buffer: B) -> Result<(), B> {
        if self.elements.len() == self.elements.capacity() {
            return Err(buffer);
        }
        self.elements.push(buffer);
        Ok(())
    }

    /// The buffers.
    pub fn elements(&self) -> &[B] {
        &self.elements
    }

    /// The buffers, to be looked at or written to.
    pub fn elements_mut(&mut self) -> &mut [B] {
        &mut self.elements
    }

    /// The buffers, out of the table.
    pub fn into_elements(self) -> impl Iterator<Item = B> {
        self.elements.into_iter()
    }

    /// Buffers and pieces, for quarantine: all storage is in the one or the other.
    pub(crate) fn apart(self) -> ((Vec<B>, Vec<Lines>), Vec<Piece>) {
        ((self.elements, self.lines), self.pieces)
    }

    /// What the caches owe to the element of `piece`.
    pub(crate) fn lines_of(&self, piece: &Piece) -> Lines {
        self.lines[piece.element()]
    }

    /// Says what the caches owe to each element.
    pub(super) fn set_lines(&mut self, of: impl FnMut(&B) -> Lines) {
        self.lines.clear();
        // There is room: as much as for elements.
        self.lines.extend(self.elements.iter().map(of));
    }

    /// Takes the last buffer out.
    pub fn pop(&mut self) -> Option<B> {
        self.elements.pop()
    }

    /// Segments that a mapping of it may have.
    pub fn max_segments(&self) -> usize {
        self.segments
    }

    /// Bytes of all buffers.
    pub fn bytes(&self) -> u64 {
        self.elements
            .iter()
            .map(|element| element.range().len())
            .sum()
    }
}

impl<B: DmaBuffer> fmt::Debug for SgTable<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (elements, bytes) = (self.elements.len(), self.bytes());
        write!(f, "SgTable({elements} elements, {bytes} bytes)")
    }
}
