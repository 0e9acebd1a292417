//! Lending a list: planned as a whole, then slots, then bytes.

use super::error::{SgError, SgRefused};
use super::mapped::{HeldSg, MappedSg};
use super::piece::Piece;
use super::table::SgTable;
use crate::attrs::Attrs;
use crate::decision::{Request, Route};
use crate::device::DmaDevice;
use crate::direction::{Direction, Fill};
use crate::door;
use crate::error::Refusal;
use crate::held::Lines;
use crate::layer::Dma;
use crate::map::count_direct;
use crate::sync::Link;
use crate::trace::Kind;
use core::marker::PhantomData;
use hal::{DmaBuffer, PhysRange, Platform};

/// A mapped list, or the reason and the list back.
pub(super) type MappedOr<'d, P, B, D> = Result<MappedSg<'d, P, B, D>, SgRefused<SgTable<B>>>;

impl<P: Platform> Dma<P> {
    /// Lends all buffers of `table` to `device`, as one transfer. The table comes back from
    /// [`MappedSg::unmap`], or with the reason if one of its buffers cannot be lent: then none is.
    ///
    /// Context: any; waits for the pool's lock alone, and allocates nothing.
    pub fn map_sg<'d, B: DmaBuffer, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        table: SgTable<B>,
        direction: D,
    ) -> MappedOr<'d, P, B, D> {
        self.map_sg_attrs(device, table, direction, Attrs::NONE)
    }

    /// As [`map_sg`](Self::map_sg), with attributes, which all elements have.
    pub fn map_sg_attrs<'d, B: DmaBuffer, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        mut table: SgTable<B>,
        direction: D,
        attrs: Attrs,
    ) -> MappedOr<'d, P, B, D> {
        const { assert!(B::CPU_ACCESS, "shared buffers go through `map_sg_shared`") }
        let _ = direction;
        // The CPU has had them until now.
        table.set_lines(|_| Lines::Dirty);
        self.lend_sg(device, table, attrs)
    }

    /// Lends a list whose caches are in the states that it says.
    pub(super) fn lend_sg<'d, B: DmaBuffer, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        mut table: SgTable<B>,
        attrs: Attrs,
    ) -> MappedOr<'d, P, B, D> {
        const {
            assert!(
                matches!(D::FILL, Fill::Copy),
                "lists come home as a whole: no report"
            )
        }
        let link = Link { dma: self, device };
        let lent = link.plan::<B, D>(&mut table, attrs);
        let lent = lent.and_then(|()| link.take_slots::<B, D>(&mut table, attrs));
        if let Err(error) = lent {
            link.release_all(&mut table);
            return Err(link.refused(error, table, attrs));
        }
        link.fill::<B, D>(&mut table, attrs);
        let viewed = None;
        let held = HeldSg { table, viewed };
        link.note_sg::<B, D>(Kind::Map, &held);
        Ok(MappedSg {
            link,
            held: Some(held),
            direction: PhantomData,
        })
    }
}

impl<P: Platform> Link<'_, P> {
    /// Counts a refusal, and keeps it for whoever may print.
    pub(super) fn refused<T>(&self, error: SgError, table: T, attrs: Attrs) -> SgRefused<T> {
        match error {
            SgError::Element { error, .. } | SgError::Fragmented { error, .. } => {
                self.dma.refuse(self.device, error, attrs);
            }
            _ => {
                let counters = &self.device.counters;
                counters.refused(P::cpu_id(), Refusal::Call, None);
            }
        }
        SgRefused { error, table }
    }

    /// Copies and cleans what the device is about to see, and waits once for all of it (SG-6).
    fn fill<B: DmaBuffer, D: Direction>(&self, table: &mut SgTable<B>, attrs: Attrs) {
        let may_wait = attrs.overlaps(Attrs::DEFER_SYNC | Attrs::ALREADY_DEVICE_OWNED);
        let mut waits = false;
        for piece in &table.pieces {
            let index = piece.element();
            let element = &table.elements[index];
            match (&piece.slots, piece.part.route) {
                (Some(slots), Route::Bounce(reason)) => {
                    let (block, cover) = (piece.block(), self.dma.cover(self.device));
                    let (platform, part) = (&self.dma.told(), (element, block));
                    door::fill_block(platform, self.device, part, slots, cover);
                    let counters = &self.device.counters;
                    counters.mapped_bounced::<P>(reason, slots, block.len());
                    waits = true;
                }
                _ => {
                    if table.lines[index] == Lines::Dirty && !may_wait {
                        self.clean_part(piece.device_side());
                        waits = true;
                    }
                    let request = request_of::<B, D>(piece, &table.elements, attrs);
                    count_direct::<P>(self.device, &request);
                }
            }
        }
        if !may_wait {
            let dirty = table
                .lines
                .iter_mut()
                .filter(|lines| **lines == Lines::Dirty);
            dirty.for_each(|lines| *lines = Lines::InStep);
        }
        if waits {
            self.wait();
        }
    }

    /// Cleans what is mapped as it lies, without waiting for it.
    pub(super) fn clean_part(&self, part: PhysRange) {
        if !self.device.limits().coherent {
            self.dma.told().clean(part);
        }
    }

    /// Waits for all maintenance, if the device makes any necessary.
    pub(super) fn wait(&self) {
        if !self.device.limits().coherent {
            self.dma.told().complete();
        }
    }

    /// Gives all slots back; copies nothing (SG-5, ATTR-4).
    pub(super) fn release_all<B: DmaBuffer>(&self, table: &mut SgTable<B>) {
        for piece in table.pieces.drain(..) {
            if let Some(slots) = piece.slots {
                self.dma.release(self.device.terms(), slots);
            }
        }
    }
}

/// The request that a piece stands for.
pub(super) fn request_of<B: DmaBuffer, D: Direction>(
    piece: &Piece,
    elements: &[B],
    attrs: Attrs,
) -> Request {
    let whole = Request::of(&elements[piece.element()], D::DIR, attrs);
    let block = piece.block();
    Request { block, ..whole }
}
