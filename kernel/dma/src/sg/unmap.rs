//! A list between the CPU and its device: handed over, brought home. One barrier each (SG-6).

use super::look::{Look, pieces_in};
use super::mapped::{HeldSg, MappedSg};
use super::part::stores;
use super::table::SgTable;
use crate::direction::Direction;
use crate::door;
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
    /// Shows the CPU what the device wrote to a part of the list: drops stale lines of all its pieces,
    /// waits once, and only then copies out (CM-7).
    pub(super) fn sync_sg_for_cpu<B: DmaBuffer, D: Direction>(
        &self,
        held: &mut HeldSg<B>,
        span: Span,
    ) {
        if !D::DIR.device_writes() {
            return;
        }
        if !self.device.limits().coherent {
            self.drop_stale_of(held, span);
            self.dma.platform().complete();
        }
        let SgTable {
            elements, pieces, ..
        } = &mut held.table;
        for (piece, span) in pieces_in(pieces, span) {
            if let Some(slots) = &piece.slots {
                let (element, from) = (&mut elements[piece.element()], (piece.block(), span));
                door::copy_block_out(self.dma.platform(), element, from, slots);
            }
        }
    }

    /// Drops what may be stale of a part of the list, without waiting.
    fn drop_stale_of<B: DmaBuffer>(&self, held: &mut HeldSg<B>, span: Span) {
        let (platform, owed) = (self.dma.platform(), held.owed);
        let SgTable {
            elements, pieces, ..
        } = &mut held.table;
        for (piece, span) in pieces_in(pieces, span) {
            let part = piece.device_part(span);
            match &piece.slots {
                Some(slots) => door::drop_slots(platform, slots, part),
                // No device has seen it yet: what the CPU stored is all there is.
                None if owed => {}
                None => door::drop_stale(platform, &mut elements[piece.element()], part),
            }
        }
    }

    /// Shows the device what the CPU wrote to a part of the list.
    fn sync_sg_for_device<B: DmaBuffer>(&self, held: &HeldSg<B>, span: Span) {
        for (piece, span) in pieces_in(held.pieces(), span) {
            let element = &held.table.elements[piece.element()];
            match &piece.slots {
                Some(slots) => {
                    let (platform, to) = (self.dma.platform(), (piece.block(), span));
                    door::copy_block_in(platform, self.device, element, to, slots);
                }
                // Owed as a whole.
                None if held.owed => {}
                None => self.clean_part(piece.device_part(span)),
            }
        }
        self.wait();
    }

    /// Ends a look: shows the device what was written through it. One that could only read has left its
    /// lines clean, so there is nothing to do.
    pub(super) fn end_look<B: DmaBuffer, D: Direction>(&self, held: &mut HeldSg<B>) {
        let Some(look) = held.viewed.take().filter(|_| stores::<D>()) else {
            return;
        };
        let span = held.span_of(look);
        self.sync_sg_for_device(held, span);
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
        if !held.owed {
            return;
        }
        let direct = held.pieces().iter().filter(|piece| piece.is_direct());
        direct.for_each(|piece| self.clean_part(piece.device_side()));
        self.wait();
        held.owed = false;
    }

    /// Brings all buffers home.
    pub(super) fn unmap_sg<B: DmaBuffer, D: Direction>(&self, mut held: HeldSg<B>) -> SgTable<B> {
        self.end_forgotten_look::<B, D>(&mut held);
        let whole = Span::whole(held.table.bytes());
        self.sync_sg_for_cpu::<B, D>(&mut held, whole);
        for piece in held.pieces() {
            if let Some(slots) = &piece.slots {
                self.inspect(slots, piece.bus(), D::DIR.device_writes());
            }
        }
        self.note_sg::<B, D>(Kind::Unmap, &held);
        self.release_all(&mut held.table);
        held.table
    }
}
