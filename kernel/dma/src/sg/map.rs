//! Lending a list: planned as a whole, then slots, then bytes.

extern crate alloc;

use super::error::{SgError, SgRefused};
use super::piece::Piece;
use super::plan::{Shape, Terms};
use super::segments::{Segment, Segments};
use super::table::SgTable;
use crate::attrs::Attrs;
use crate::decision::{Request, Route};
use crate::device::DmaDevice;
use crate::direction::Direction;
use crate::door;
use crate::layer::Dma;
use crate::map::count_direct;
use crate::sync::Link;
use core::fmt;
use core::marker::PhantomData;
use hal::{Access, DmaBuffer, Platform};

/// What a mapped list holds: taken out once, by `unmap`, drop or quarantine.
pub(crate) struct HeldSg<B: DmaBuffer> {
    pub(crate) table: SgTable<B>,
    /// Elements that are mapped as they lie may have stores that RAM has not: `Attrs::DEFER_SYNC`.
    pub(super) owed: bool,
    /// An element that the CPU looks at: its guard lives, or was forgotten.
    pub(super) viewed: Option<(usize, Access)>,
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
    ) -> Result<MappedSg<'d, P, B, D>, SgRefused<B>> {
        self.map_sg_attrs(device, table, direction, Attrs::NONE)
    }

    /// As [`map_sg`](Self::map_sg), with attributes, which all elements have.
    pub fn map_sg_attrs<'d, B: DmaBuffer, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        mut table: SgTable<B>,
        direction: D,
        attrs: Attrs,
    ) -> Result<MappedSg<'d, P, B, D>, SgRefused<B>> {
        const { assert!(B::CPU_ACCESS, "shared buffers go through `map_shared`") }
        let _ = direction;
        let link = Link { dma: self, device };
        let lent = link.plan::<B, D>(&mut table, attrs);
        let lent = lent.and_then(|()| link.take_slots::<B, D>(&mut table, attrs));
        if let Err(error) = lent {
            link.release_all(&mut table);
            return Err(SgRefused {
                error: link.refuse(error, attrs),
                table,
            });
        }
        let owed = attrs.contains(Attrs::DEFER_SYNC);
        link.fill::<B, D>(&table, attrs, owed);
        let viewed = None;
        Ok(MappedSg {
            link,
            held: Some(HeldSg {
                table,
                owed,
                viewed,
            }),
            direction: PhantomData,
        })
    }
}

impl<P: Platform> Link<'_, P> {
    /// Counts a refusal, and keeps it for whoever may print.
    fn refuse(&self, error: SgError, attrs: Attrs) -> SgError {
        match error {
            SgError::Element { error, .. } => {
                self.dma.refuse(self.device, error, attrs);
            }
            _ => self.device.counters.refused(P::cpu_id(), None),
        }
        error
    }

    fn permitted<B: DmaBuffer>(&self, table: &SgTable<B>) -> usize {
        let device = usize::try_from(self.device.limits().max_segments);
        table.segments.min(device.unwrap_or(usize::MAX))
    }

    /// Plans all elements: with edges bounced alone where that comes to few enough segments.
    fn plan<B: DmaBuffer, D: Direction>(
        &self,
        table: &mut SgTable<B>,
        attrs: Attrs,
    ) -> Result<(), SgError> {
        let split = self.permitted(table) > table.elements.len();
        let mut terms = Terms {
            device: self.device,
            policy: self.dma.policy(),
            capacity: self.dma.shape().map(|(capacity, _)| capacity),
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

    /// Slots for all that bounces.
    fn take_slots<B: DmaBuffer, D: Direction>(
        &self,
        table: &mut SgTable<B>,
        attrs: Attrs,
    ) -> Result<(), SgError> {
        let elements = &table.elements;
        for piece in &mut table.pieces {
            let Route::Bounce(reason) = piece.part.route else {
                continue;
            };
            let index = piece.element();
            let request = request_of::<B, D>(piece, elements, attrs);
            let taken = self.dma.slots_for(self.device, &request, reason);
            let (slots, bus) = taken.map_err(|error| SgError::Element { index, error })?;
            (piece.slots, piece.bus) = (Some(slots), bus);
        }
        Ok(())
    }

    /// Copies and cleans what the device is about to see, and waits once for all of it (SG-6).
    fn fill<B: DmaBuffer, D: Direction>(&self, table: &SgTable<B>, attrs: Attrs, owed: bool) {
        let (platform, cpu) = (self.dma.platform(), P::cpu_id());
        for piece in &table.pieces {
            let element = &table.elements[piece.element()];
            match (&piece.slots, piece.part.route) {
                (Some(slots), Route::Bounce(reason)) => {
                    door::fill_block(platform, self.device, element, piece.block(), slots);
                    let counters = &self.device.counters;
                    counters.mapped_bounced(cpu, reason, piece.block().len());
                }
                _ => {
                    if !owed {
                        self.clean_piece(piece);
                    }
                    let request = request_of::<B, D>(piece, &table.elements, attrs);
                    count_direct::<P>(self.device, &request);
                }
            }
        }
        self.wait();
    }

    /// Cleans a piece without waiting for it.
    pub(super) fn clean_piece(&self, piece: &Piece) {
        if !self.device.limits().coherent {
            self.dma.platform().clean(piece.device_side());
        }
    }

    /// Waits for all maintenance, if the device makes any necessary.
    pub(super) fn wait(&self) {
        if !self.device.limits().coherent {
            self.dma.platform().complete();
        }
    }

    /// Gives all slots back; copies nothing (SG-5, ATTR-4).
    pub(super) fn release_all<B: DmaBuffer>(&self, table: &mut SgTable<B>) {
        for piece in table.pieces.drain(..) {
            if let Some(slots) = piece.slots {
                self.dma.release(slots);
            }
        }
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

/// The request that a piece stands for.
fn request_of<B: DmaBuffer, D: Direction>(piece: &Piece, elements: &[B], attrs: Attrs) -> Request {
    let whole = Request::of(&elements[piece.element()], D::DIR, attrs);
    let block = piece.block();
    Request { block, ..whole }
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction> MappedSg<'d, P, B, D> {
    fn held(&self) -> &HeldSg<B> {
        self.held
            .as_ref()
            .expect("taken only by calls that end the mapping")
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
