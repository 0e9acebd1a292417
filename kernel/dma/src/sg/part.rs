//! The CPU's look at a part of a list at rest, from any byte of it to any other
//! (`dma_sync_sg_for_cpu` and `_for_device`, of a part).

use super::look::Look;
use super::mapped::MappedSg;
use crate::direction::{DeviceReads, Direction};
use crate::door;
use crate::span::{Overrun, PastEnd, Span};
use crate::trace::Kind;
use crate::view::access;
use hal::{Access, DmaBuffer, Platform};

/// Bytes of a list, for as long as the guard lives; its drop hands them back to the device.
///
/// They lie where their elements do: in one stretch for each that has some of them. Writable where the
/// device reads, as a [`CpuView`](crate::CpuView) is (PS-6). Forgetting the guard is harmless: the next
/// look, launch or unmap does its work.
pub struct SgPart<'m, 'd, P: Platform, B: DmaBuffer, D: Direction> {
    mapping: &'m mut MappedSg<'d, P, B, D>,
    /// None for a part without a byte.
    span: Option<Span>,
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction> MappedSg<'d, P, B, D> {
    /// Lets the CPU look at the whole list, and write to it where the device reads.
    ///
    /// Context: any; does not wait.
    pub fn for_cpu_all(&mut self) -> SgPart<'_, 'd, P, B, D> {
        let whole = Span::whole(self.len());
        self.look_at(Some(whole))
    }

    /// As [`for_cpu_all`](Self::for_cpu_all) for `len` bytes from `offset` on, counted over all elements:
    /// no other line is maintained, no other byte copied (PS-1, PS-2).
    ///
    /// A part that reaches past the end is an error in a debug build, and cut off there in others, to
    /// nothing if need be (PS-3).
    pub fn for_cpu_range(
        &mut self,
        offset: u64,
        len: u64,
    ) -> Result<SgPart<'_, 'd, P, B, D>, PastEnd> {
        let span = Span::of(offset, len, self.len(), Overrun::BUILD)?;
        Ok(self.look_at(span))
    }

    fn look_at(&mut self, span: Option<Span>) -> SgPart<'_, 'd, P, B, D> {
        const {
            assert!(
                B::CPU_ACCESS,
                "shared: never the CPU's while they are mapped"
            )
        }
        let (link, held) = self.parts();
        link.end_forgotten_look::<B, D>(held);
        if let Some(span) = span {
            link.sync_sg_for_cpu::<B, D>(held, span);
            held.viewed = Some(Look::Part(span));
            link.note_part_sg::<B, D>(Kind::SyncForCpu, held, span);
        }
        SgPart {
            mapping: self,
            span,
        }
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction> SgPart<'_, '_, P, B, D> {
    /// Bytes in it.
    pub fn len(&self) -> u64 {
        self.span.map_or(0, Span::len)
    }

    /// Is there nothing in it?
    pub fn is_empty(&self) -> bool {
        self.span.is_none()
    }

    /// Shows `each` the bytes in order: a stretch for each element that has some.
    pub fn for_each(&self, mut each: impl FnMut(&[u8])) {
        let (link, held) = self.mapping.shared_parts();
        let stretches = self.span.map(|span| held.table.stretches(span));
        for (element, span) in stretches.into_iter().flatten() {
            each(&door::look(
                link.dma.platform(),
                element,
                span,
                Access::Read,
            ));
        }
    }

    /// Copies the bytes to `into`, as many as there are and as it has room for. Returns how many.
    pub fn copy_to_slice(&self, into: &mut [u8]) -> usize {
        let mut at = 0;
        self.for_each(|bytes| {
            let len = bytes.len().min(into.len() - at);
            into[at..at + len].copy_from_slice(&bytes[..len]);
            at += len;
        });
        at
    }
}

impl<P: Platform, B: DmaBuffer, D: DeviceReads> SgPart<'_, '_, P, B, D> {
    /// Lends `each` the bytes in order, to be changed: a stretch for each element that has some.
    pub fn for_each_mut(&mut self, mut each: impl FnMut(&mut [u8])) {
        let (link, held) = self.mapping.parts();
        let stretches = self.span.map(|span| held.table.stretches(span));
        for (element, span) in stretches.into_iter().flatten() {
            let mut view = door::look(link.dma.platform(), element, span, Access::Write);
            each(view.as_mut().expect("looked at for stores"));
        }
    }

    /// Copies `bytes` there, from the first one on, as many as there is room for. Returns how many.
    pub fn copy_from_slice(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        self.for_each_mut(|stretch| {
            let len = stretch.len().min(bytes.len() - at);
            stretch[..len].copy_from_slice(&bytes[at..at + len]);
            at += len;
        });
        at
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction> Drop for SgPart<'_, '_, P, B, D> {
    fn drop(&mut self) {
        let (link, held) = self.mapping.parts();
        link.end_look::<B, D>(held);
    }
}

/// May the CPU have stored anything?
pub(super) const fn stores<D: Direction>() -> bool {
    matches!(access::<D>(), Access::Write)
}
