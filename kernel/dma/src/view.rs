//! The CPU's look at a mapping at rest (`dma_sync_single_for_cpu` and `_for_device`), whole or in part
//! (`dma_sync_single_range_for_cpu`).

use crate::direction::{DeviceReads, Dir, Direction, Fill};
use crate::door;
use crate::mapping::Mapping;
use crate::span::{Overrun, PastEnd, Span};
use crate::trace::Kind;
use core::ops::{Deref, DerefMut};
use hal::buffer::View;
use hal::{Access, DmaBuffer, Platform};

/// Bytes of a mapping, for as long as the guard lives; its drop hands them back to the device.
///
/// Readable in every direction. Writable where the device reads; a `FromDevice` mapping gives a
/// read-only look, since what the CPU wrote would be lost (PS-6).
///
/// Forgetting the guard is harmless: the next `launch`, `for_cpu` or `unmap` does its work.
pub struct CpuView<'m, 'd, P: Platform, B: DmaBuffer, D: Direction> {
    mapping: &'m mut Mapping<'d, P, B, D>,
    /// None for a part without a byte.
    view: Option<View<'d, P>>,
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction> Mapping<'d, P, B, D> {
    /// Lets the CPU look at the buffer, and write to it where the device reads.
    ///
    /// Context: any; does not wait.
    pub fn for_cpu(&mut self) -> CpuView<'_, 'd, P, B, D> {
        const { assert!(matches!(D::FILL, Fill::Copy), "reported first: `complete`") }
        let (link, held) = self.parts();
        let whole = held.whole();
        if !link.dma.is_checked() && link.sync_at_once::<B, D>(held) {
            return self.viewed(whole);
        }
        self.look(Some(whole))
    }

    /// As [`for_cpu`](Self::for_cpu) for `len` bytes from `offset` on: no other line is maintained,
    /// no other byte copied (PS-1, PS-2).
    ///
    /// A part that reaches past the end is an error in a debug build, and cut off there in others, to
    /// nothing if need be (PS-3).
    pub fn for_cpu_range(
        &mut self,
        offset: u64,
        len: u64,
    ) -> Result<CpuView<'_, 'd, P, B, D>, PastEnd> {
        const { assert!(matches!(D::FILL, Fill::Copy), "reported first: `complete`") }
        let span = Span::of(offset, len, self.len(), Overrun::BUILD)?;
        Ok(self.look(span))
    }

    #[inline(never)]
    pub(crate) fn look(&mut self, span: Option<Span>) -> CpuView<'_, 'd, P, B, D> {
        let (link, held) = self.parts();
        link.end_forgotten_view::<B, D>(held);
        let Some(span) = span else {
            let (mapping, view) = (self, None);
            return CpuView { mapping, view };
        };
        link.sync_for_cpu::<B, D>(held, span);
        self.viewed(span)
    }

    /// A view of what is the CPU's for now.
    #[inline]
    fn viewed(&mut self, span: Span) -> CpuView<'_, 'd, P, B, D> {
        const { assert!(B::CPU_ACCESS, "shared: never the CPU's while it is mapped") }
        let (link, held) = self.parts();
        link.note_part::<B, D>(Kind::SyncForCpu, held, span);
        held.viewed = Some(span);
        let view = door::look(link.dma.platform(), &held.buffer, span, access::<D>());
        CpuView {
            mapping: self,
            view: Some(view),
        }
    }

    /// Hands the buffer to the device now, where that was deferred ([`Attrs::DEFER_SYNC`]); else the
    /// transfer's start does it. Nothing to do for any other mapping.
    ///
    /// Context: any; does not wait.
    ///
    /// [`Attrs::DEFER_SYNC`]: crate::Attrs::DEFER_SYNC
    pub fn sync_for_device(&mut self) {
        let (link, held) = self.parts();
        link.hand_over::<B, D>(held);
    }
}

/// What a view of this direction may do.
pub(crate) const fn access<D: Direction>() -> Access {
    match D::DIR {
        Dir::FromDevice => Access::Read,
        Dir::ToDevice | Dir::Bidirectional => Access::Write,
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction> Deref for CpuView<'_, '_, P, B, D> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.view.as_deref().unwrap_or(&[])
    }
}

impl<P: Platform, B: DmaBuffer, D: DeviceReads> DerefMut for CpuView<'_, '_, P, B, D> {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.view {
            Some(view) => view
                .as_mut()
                .expect("a device that reads has a view for writing"),
            None => &mut [],
        }
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction> Drop for CpuView<'_, '_, P, B, D> {
    fn drop(&mut self) {
        // The CPU's accesses end before the lines are cleaned.
        self.view = None;
        let (link, held) = self.mapping.parts();
        if let Some(span) = link.end_view::<B, D>(held) {
            link.note_part::<B, D>(Kind::SyncForDevice, held, span);
        }
    }
}
