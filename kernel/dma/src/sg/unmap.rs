//! The ends of looks, hand-overs and mappings of lists. One barrier each (SG-6).

use super::look::Look;
use super::mapped::{HeldSg, MappedSg};
use super::part::stores;
use super::sync::stale_part;
use super::table::SgTable;
use crate::direction::Direction;
use crate::door;
use crate::held::Lines;
use crate::span::Span;
use crate::sync::Link;
use crate::trace::Kind;
use crate::view::access;
use hal::{DmaBuffer, Platform};

impl<P: Platform, B: DmaBuffer, D: Direction> MappedSg<'_, P, B, D> {
    /// Ends the mapping: what the device wrote is in the buffers, for the CPU to read.
    ///
    /// Context: any. Never fails, never waits (save for the pool's lock) (INV-9).
    pub fn unmap(self) -> SgTable<B> {
        let (link, held) = self.dismantle();
        link.unmap_sg::<B, D>(held)
    }

    /// Hands the list to the device now, where that was deferred; else the transfer's start does it.
    /// Nothing to do for any other list.
    ///
    /// Context: any; does not wait.
    pub fn sync_for_device(&mut self) {
        let (link, held) = self.parts();
        link.hand_over_sg::<B, D>(held);
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction> Drop for MappedSg<'_, P, B, D> {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            drop(self.link.unmap_sg::<B, D>(held));
        }
    }
}

impl<P: Platform> Link<'_, P> {
    /// Ends a look: shows the device what was written through it. One that could only read has left its
    /// lines clean, so there is nothing to do.
    pub(super) fn end_look<B: DmaBuffer, D: Direction>(&self, held: &mut HeldSg<B>) {
        let Some(look) = held.viewed.take().filter(|_| stores::<D>()) else {
            return;
        };
        let span = held.span_of(look);
        self.sync_sg_for_device::<B, D>(held, span);
        self.note_part_sg::<B, D>(Kind::SyncForDevice, held, span);
    }

    /// Ends a look whose guard was forgotten, so that no store of the CPU is lost.
    pub(super) fn end_forgotten_look<B: DmaBuffer, D: Direction>(&self, held: &mut HeldSg<B>) {
        if let Some(Look::Element(index)) = held.viewed {
            let range = held.table.elements[index].range();
            self.dma.platform().end_view(range, access::<D>());
        }
        self.end_look::<B, D>(held);
    }

    /// Pays what is still owed before the device may look.
    pub(crate) fn hand_over_sg<B: DmaBuffer, D: Direction>(&self, held: &mut HeldSg<B>) {
        self.end_forgotten_look::<B, D>(held);
        let coherent = self.device.limits().coherent;
        let SgTable {
            elements,
            pieces,
            lines,
            ..
        } = &mut held.table;
        let owed = |lines: &Lines| match lines {
            Lines::InStep => false,
            Lines::Dirty => !coherent,
            // A device that snoops would be given what is in the caches.
            Lines::Stale(_) => coherent,
        };
        if !lines.iter().any(owed) {
            return;
        }
        for piece in pieces.iter().filter(|piece| piece.is_direct()) {
            let (element, lines) = (&mut elements[piece.element()], lines[piece.element()]);
            match lines {
                lines if !owed(&lines) => {}
                Lines::Stale(_) => {
                    let part = stale_part(piece, Span::whole(piece.block().len()), lines);
                    door::drop_stale(&self.dma.told(), element, part);
                }
                Lines::InStep | Lines::Dirty => self.clean_part(piece.device_side()),
            }
        }
        self.dma.told().complete();
        let owed = lines.iter_mut().filter(|lines| owed(lines));
        owed.for_each(|lines| *lines = Lines::InStep);
    }

    /// Looks at what is around the bytes of all that bounced of a list that ends (`guard`), and has come home.
    pub(super) fn inspect_sg<B: DmaBuffer, D: Direction>(&self, held: &HeldSg<B>) {
        for piece in held.pieces() {
            if let Some(slots) = &piece.slots {
                self.inspect(slots, piece.bus(), D::DIR.device_writes());
            }
        }
    }

    /// Brings all buffers home.
    pub(super) fn unmap_sg<B: DmaBuffer, D: Direction>(&self, mut held: HeldSg<B>) -> SgTable<B> {
        self.end_forgotten_look::<B, D>(&mut held);
        let whole = Span::whole(held.table.bytes());
        self.sync_sg_for_cpu::<B, D>(&mut held, whole);
        self.inspect_sg::<B, D>(&held);
        self.note_sg::<B, D>(Kind::Unmap, &held);
        self.release_all(&mut held.table);
        held.table
    }
}
