//! A list between the CPU and its device: handed over, brought home. One barrier each (SG-6).

use super::mapped::{HeldSg, MappedSg};
use super::piece::Piece;
use super::table::SgTable;
use crate::direction::Direction;
use crate::door;
use crate::sync::Link;
use crate::trace::Kind;
use hal::{Access, DmaBuffer, Platform};

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
        link.hand_over_sg(held);
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
    /// Shows the CPU what the device wrote to the pieces that `wanted` picks: drops stale lines of all,
    /// waits once, and only then copies out (CM-7).
    pub(super) fn sync_sg_for_cpu<B: DmaBuffer, D: Direction>(
        &self,
        held: &mut HeldSg<B>,
        wanted: impl Fn(&Piece) -> bool,
    ) {
        if !D::DIR.device_writes() {
            return;
        }
        let (platform, owed) = (self.dma.platform(), held.owed);
        let SgTable {
            elements, pieces, ..
        } = &mut held.table;
        let pieces = || pieces.iter().filter(|piece| wanted(piece));
        if !self.device.limits().coherent {
            for piece in pieces() {
                match &piece.slots {
                    Some(slots) => door::drop_slots(platform, slots, slots.data()),
                    // No device has seen it yet: what the CPU stored is all there is.
                    None if owed => {}
                    None => {
                        let element = &mut elements[piece.element()];
                        door::drop_stale(platform, element, piece.device_side());
                    }
                }
            }
            platform.complete();
        }
        for piece in pieces() {
            if let Some(slots) = &piece.slots {
                let element = &mut elements[piece.element()];
                door::copy_block_out(platform, element, piece.block(), slots);
            }
        }
    }

    /// Shows the device what the CPU wrote to an element.
    pub(super) fn sync_element_for_device<B: DmaBuffer>(
        &self,
        held: &HeldSg<B>,
        (index, access): (usize, Access),
    ) {
        if access == Access::Read {
            return;
        }
        let element = &held.table.elements[index];
        for piece in held
            .pieces()
            .iter()
            .filter(|piece| piece.element() == index)
        {
            match &piece.slots {
                Some(slots) => {
                    let platform = self.dma.platform();
                    door::copy_block_in(platform, self.device, element, piece.block(), slots);
                }
                // Owed as a whole.
                None if held.owed => {}
                None => self.clean_piece(piece),
            }
        }
        self.wait();
    }

    /// Ends a look whose guard was forgotten, so that no store of the CPU is lost.
    pub(super) fn end_forgotten_look<B: DmaBuffer>(&self, held: &mut HeldSg<B>) {
        if let Some((index, access)) = held.viewed.take() {
            let range = held.table.elements[index].range();
            self.dma.platform().end_view(range, access);
            self.sync_element_for_device(held, (index, access));
        }
    }

    /// Pays what is still owed before the device may look.
    pub(crate) fn hand_over_sg<B: DmaBuffer>(&self, held: &mut HeldSg<B>) {
        self.end_forgotten_look(held);
        if !held.owed {
            return;
        }
        let direct = held.pieces().iter().filter(|piece| piece.is_direct());
        direct.for_each(|piece| self.clean_piece(piece));
        self.wait();
        held.owed = false;
    }

    /// Brings all buffers home.
    pub(super) fn unmap_sg<B: DmaBuffer, D: Direction>(&self, mut held: HeldSg<B>) -> SgTable<B> {
        self.end_forgotten_look(&mut held);
        self.sync_sg_for_cpu::<B, D>(&mut held, |_| true);
        self.note_sg::<B, D>(Kind::Unmap, &held);
        self.release_all(&mut held.table);
        held.table
    }
}
