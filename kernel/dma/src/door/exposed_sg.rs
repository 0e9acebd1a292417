//! Lists in flight for longer than one transfer: rings of descriptors over many buffers, and drivers
//! written in C's manner. As `exposed`, with parts counted over all elements.

use super::engine::EngineId;
use super::exposed::{SyncError, splits_lines};
use super::raw;
use super::scatter::{quarantine, show_segments};
use crate::direction::Direction;
use crate::limits::Limits;
use crate::sg::{MappedSg, Segments, SgTable};
use crate::span::{Overrun, PastEnd, Span};
use crate::trace::Kind;
use hal::{DmaBuffer, LINE, Platform};

/// A list whose device may use it at any time.
///
/// Dropping it puts the buffers into quarantine until the device was reset.
pub struct ExposedSg<'d, P: Platform, B: DmaBuffer, D: Direction> {
    mapping: Option<MappedSg<'d, P, B, D>>,
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction> MappedSg<'d, P, B, D> {
    /// Gives the list's segments out for good: its device may use them until the list is settled.
    ///
    /// Cache maintenance is complete on return; barriers around doorbells and status reads are the
    /// caller's.
    ///
    /// # Safety
    /// The [`segments`](ExposedSg::segments) are given to [`device`](Self::device) alone, for accesses in
    /// the direction of the mapping.
    pub unsafe fn expose(mut self) -> ExposedSg<'d, P, B, D> {
        const {
            assert!(
                B::CPU_ACCESS,
                "shared buffers have no owner to give a part to"
            )
        }
        let (link, held) = self.parts();
        link.hand_over_sg::<B, D>(held);
        link.note_sg::<B, D>(Kind::Expose, held);
        show_segments(link, held);
        let mapping = Some(self);
        ExposedSg { mapping }
    }
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction> ExposedSg<'d, P, B, D> {
    fn mapping(&self) -> &MappedSg<'d, P, B, D> {
        let mapping = self.mapping.as_ref();
        mapping.expect("taken only by calls that end the exposure")
    }

    fn mapping_mut(&mut self) -> &mut MappedSg<'d, P, B, D> {
        let mapping = self.mapping.as_mut();
        mapping.expect("taken only by calls that end the exposure")
    }

    /// What the device is given, in the order of the list's bytes.
    pub fn segments(&self) -> Segments<'_> {
        self.mapping().segments()
    }

    /// Bytes in it.
    #[expect(clippy::len_without_is_empty, reason = "a mapped list is never empty")]
    pub fn len(&self) -> u64 {
        self.mapping().len()
    }

    /// Takes `len` bytes from `offset` on over from the device (`dma_sync_sg_for_cpu`, of a part).
    ///
    /// Context: any; does not wait.
    ///
    /// # Safety
    /// The device does not write to these bytes until they are given back, and its report of that was
    /// read, and acquired, before.
    pub unsafe fn sync_for_cpu(&mut self, offset: u64, len: u64) -> Result<(), SyncError> {
        if let Some(span) = self.span(offset, len)? {
            let (link, held) = self.mapping_mut().parts();
            link.sync_sg_for_cpu::<B, D>(held, span);
            link.note_part_sg::<B, D>(Kind::SyncForCpu, held, span);
        }
        Ok(())
    }

    /// Gives `len` bytes from `offset` on (back) to the device (`dma_sync_sg_for_device`, of a part).
    ///
    /// Context: any; does not wait.
    ///
    /// # Safety
    /// The device does not use these bytes yet: it is told after this returns.
    pub unsafe fn sync_for_device(&mut self, offset: u64, len: u64) -> Result<(), SyncError> {
        if let Some(span) = self.span(offset, len)? {
            let (link, held) = self.mapping_mut().parts();
            link.sync_sg_for_device::<B, D>(held, span);
            link.note_part_sg::<B, D>(Kind::SyncForDevice, held, span);
        }
        Ok(())
    }

    fn span(&self, offset: u64, len: u64) -> Result<Option<Span>, SyncError> {
        let span = Span::of(offset, len, self.len(), Overrun::BUILD)?;
        match span {
            Some(span) if cfg!(debug_assertions) && self.shares_lines(span) => {
                Err(SyncError::PartialLine { offset, len })
            }
            span => Ok(span),
        }
    }

    /// Would a sync of `span` touch a line that has bytes of an element outside it, bounced or not (PS-4)?
    fn shares_lines(&self, span: Span) -> bool {
        let (link, held) = self.mapping().shared_parts();
        let limits = link.device.limits();
        let splits = |(element, span): (&B, Span)| {
            let range = element.range();
            splits_lines(range, span) || (cuts_lines(limits) && !span.is_whole(range.len()))
        };
        !limits.coherent && held.table.stretches(span).any(splits)
    }

    /// Loads bytes from `offset` on, one by one.
    ///
    /// # Safety
    /// The device does not write to them meanwhile: they were taken over, or it never does.
    pub unsafe fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), PastEnd> {
        let span = Span::of(offset, into.len() as u64, self.len(), Overrun::Refused)?;
        let (link, held) = self.mapping().shared_parts();
        let stretches = span.map(|span| held.table.stretches(span));
        let mut rest = into;
        for (element, span) in stretches.into_iter().flatten() {
            let here = rest.split_off_mut(..span.len() as usize);
            let here = here.expect("stretches are as long as their span");
            raw::load(link.dma.platform(), span.within(element.range()), here);
        }
        Ok(())
    }

    /// Stores bytes from `offset` on, one by one. They reach the device by
    /// [`sync_for_device`](Self::sync_for_device).
    ///
    /// # Safety
    /// The device uses neither them nor a byte in the same lines meanwhile: they were taken over.
    pub unsafe fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), PastEnd> {
        let span = Span::of(offset, bytes.len() as u64, self.len(), Overrun::Refused)?;
        let (link, held) = self.mapping_mut().parts();
        let stretches = span.map(|span| held.table.stretches(span));
        let mut rest = bytes;
        for (element, span) in stretches.into_iter().flatten() {
            let here = rest.split_off(..span.len() as usize);
            let here = here.expect("stretches are as long as their span");
            raw::store(link.dma.platform(), span.within(element.range()), here);
        }
        Ok(())
    }

    /// The exposure is over: the list is at rest again.
    ///
    /// # Safety
    /// The device holds no segment any more, or was halted, and its report of that was read before.
    pub unsafe fn settle(mut self) -> MappedSg<'d, P, B, D> {
        let mapping = self.mapping.take();
        let mut mapping = mapping.expect("taken only by calls that end the exposure");
        // The status that said so was loaded before the data will be.
        mapping.layer().platform().acquire();
        let (link, held) = mapping.parts();
        link.note_sg::<B, D>(Kind::Settle, held);
        mapping
    }

    /// The exposure and the mapping are over.
    ///
    /// # Safety
    /// As for [`settle`](Self::settle).
    pub unsafe fn unmap(self) -> SgTable<B> {
        // SAFETY: the caller's promise.
        unsafe { self.settle() }.unmap()
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction> Drop for ExposedSg<'_, P, B, D> {
    fn drop(&mut self) {
        if let Some(mapping) = self.mapping.take() {
            // No engine vouches for it: only a reset of the device ends this.
            quarantine(mapping, EngineId::new());
        }
    }
}

/// Does the device take segments that are shorter than a line? An element may then be cut within one, and
/// a line of a bounce buffer has other bytes than the element's line.
fn cuts_lines(limits: &Limits) -> bool {
    limits
        .max_seg_size
        .min(limits.seg_boundary_mask.saturating_add(1))
        < LINE
}
