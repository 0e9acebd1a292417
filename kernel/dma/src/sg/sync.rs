//! Parts of a list between the CPU and its device, by the rules of single mappings (`sync`). One barrier for
//! each part (SG-6).

use super::look::pieces_in;
use super::mapped::HeldSg;
use super::piece::Piece;
use super::table::SgTable;
use crate::direction::{Dir, Direction};
use crate::door;
use crate::held::Lines;
use crate::span::Span;
use crate::sync::Link;
use hal::{DmaBuffer, PhysRange, Platform};

impl<P: Platform> Link<'_, P> {
    /// Shows the CPU what devices wrote to a part of the list.
    pub(crate) fn sync_sg_for_cpu<B: DmaBuffer, D: Direction>(
        &self,
        held: &mut HeldSg<B>,
        span: Span,
    ) {
        self.bring_home_of::<B, D>(held, span, |_, _| true);
    }

    /// The same for those of its pieces that `wanted` picks: drops stale lines of all of them, waits once,
    /// and only then copies out (CM-7).
    pub(super) fn bring_home_of<B: DmaBuffer, D: Direction>(
        &self,
        held: &mut HeldSg<B>,
        span: Span,
        wanted: impl Fn(&Piece, &B) -> bool,
    ) {
        if self.drop_stale_of::<B, D>(held, span, &wanted) {
            self.dma.told().complete();
        }
        if !D::DIR.device_writes() {
            return;
        }
        let SgTable {
            elements, pieces, ..
        } = &mut held.table;
        for (piece, span) in pieces_in(pieces, span) {
            let element = &mut elements[piece.element()];
            if let Some(slots) = piece.slots.as_ref().filter(|_| wanted(piece, element)) {
                let from = (piece.block(), span);
                door::copy_block_out(&self.dma.told(), element, from, slots);
                self.device.counters.copied_out::<P>(span.len());
            }
        }
    }

    /// Drops what may be stale of a part of the list, without waiting. Was there any?
    fn drop_stale_of<B: DmaBuffer, D: Direction>(
        &self,
        held: &mut HeldSg<B>,
        span: Span,
        wanted: impl Fn(&Piece, &B) -> bool,
    ) -> bool {
        let platform = &self.dma.told();
        let unseen = D::DIR.device_writes() && !self.device.limits().coherent;
        let SgTable {
            elements,
            pieces,
            lines,
            ..
        } = &mut held.table;
        let mut dropped = false;
        for (piece, span) in pieces_in(pieces, span) {
            let (element, lines) = (&mut elements[piece.element()], lines[piece.element()]);
            if !wanted(piece, element) {
                continue;
            }
            match (&piece.slots, lines) {
                (Some(slots), _) if unseen => {
                    door::drop_slots(platform, slots, piece.device_part(span));
                }
                // No device has seen it yet: what the CPU stored is all there is.
                (Some(_), _) | (None, Lines::Dirty) => continue,
                // Nobody looks at what is shared: the last handle sees to its lines.
                (None, Lines::InStep) if !unseen || !B::CPU_ACCESS => continue,
                (None, _) => {
                    let part = stale_part(piece, span, lines);
                    door::drop_stale(platform, element, part);
                }
            }
            dropped = true;
        }
        dropped
    }

    /// Shows the device what the CPU wrote to a part of the list.
    pub(crate) fn sync_sg_for_device<B: DmaBuffer, D: Direction>(
        &self,
        held: &HeldSg<B>,
        span: Span,
    ) {
        let mut waits = !self.device.limits().coherent;
        for (piece, span) in pieces_in(held.pieces(), span) {
            let element = &held.table.elements[piece.element()];
            match &piece.slots {
                // What the CPU wrote there is no business of the device's (CP-5).
                Some(_) if D::DIR == Dir::FromDevice => {}
                Some(slots) => {
                    let (platform, to) = (&self.dma.told(), (piece.block(), span));
                    door::copy_block_in(platform, self.device, element, to, slots);
                    self.device.counters.copied_in::<P>(span.len());
                }
                None => match held.table.lines[piece.element()] {
                    // Owed as a whole.
                    Lines::Dirty => {}
                    Lines::InStep => self.clean_part(piece.device_part(span)),
                    // To be dropped: for a device that snoops as well.
                    Lines::Stale(_) => {
                        self.dma.told().clean(piece.device_part(span));
                        waits = true;
                    }
                },
            }
        }
        if waits {
            self.dma.told().complete();
        }
    }
}

/// What may be stale of `span` of a piece: of all of it, what the length was rounded up by as well, for
/// this device or for one before it.
pub(super) fn stale_part(piece: &Piece, span: Span, lines: Lines) -> PhysRange {
    let part = piece.device_part(span);
    match lines {
        Lines::Stale(before) if span.is_whole(piece.block().len()) && before.len() > part.len() => {
            before
        }
        _ => part,
    }
}
