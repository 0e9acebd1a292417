//! Mappings in flight for longer than one transfer: rings, and drivers written in C's manner.
//!
//! Nothing here knows when the device is at which byte, so whoever calls does: access is raw, sync and
//! unmap are promises. What is dropped is quarantined, since nobody said that the device is done.

use super::engine::EngineId;
use super::raw;
use super::settle::quarantine;
use crate::direction::{Dir, Direction};
use crate::held::Place;
use crate::mapping::Mapping;
use crate::span::{Overrun, PastEnd, Span};
use crate::trace::Kind;
use core::fmt;
use hal::{DmaAddr, DmaBuffer, LINE, PhysRange, Platform};

/// Why a part was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncError {
    /// It reaches past the end.
    PastEnd(PastEnd),
    /// It shares a cache line with bytes that are the device's still (PS-4). Told in debug builds.
    PartialLine {
        /// Where it starts in the mapping.
        offset: u64,
        /// Its bytes.
        len: u64,
    },
}

impl From<PastEnd> for SyncError {
    fn from(error: PastEnd) -> Self {
        Self::PastEnd(error)
    }
}

impl fmt::Display for SyncError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PastEnd(error) => error.fmt(f),
            Self::PartialLine { offset, len } => write!(
                f,
                "{len} bytes at {offset} share a cache line with bytes that the device still has: sync \
                 multiples of {LINE} bytes of a buffer that starts on one"
            ),
        }
    }
}

/// A mapping whose device may use it at any time.
///
/// Dropping it puts the buffer into quarantine until the device was reset.
pub struct Exposed<'d, P: Platform, B: DmaBuffer, D: Direction> {
    mapping: Option<Mapping<'d, P, B, D>>,
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction> Mapping<'d, P, B, D> {
    /// Gives the mapping's address out for good: its device may use it until the mapping is settled.
    ///
    /// Cache maintenance is complete on return; barriers around doorbells and status reads are the
    /// caller's.
    ///
    /// # Safety
    /// The address, and [`device_len`](Self::device_len) bytes from it, are given to
    /// [`device`](Self::device) alone, for accesses in the direction of the mapping.
    pub unsafe fn expose(mut self) -> (DmaAddr, Exposed<'d, P, B, D>) {
        const {
            assert!(
                B::CPU_ACCESS,
                "shared buffers have no owner to give a part to"
            )
        }
        let (link, held) = self.parts();
        link.hand_over::<B, D>(held);
        link.note::<B, D>(Kind::Expose, held);
        let bus = held.bus;
        let mapping = Some(self);
        (bus, Exposed { mapping })
    }
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction> Exposed<'d, P, B, D> {
    fn mapping(&self) -> &Mapping<'d, P, B, D> {
        self.mapping
            .as_ref()
            .expect("taken only by calls that end the exposure")
    }

    fn mapping_mut(&mut self) -> &mut Mapping<'d, P, B, D> {
        self.mapping
            .as_mut()
            .expect("taken only by calls that end the exposure")
    }

    /// Bytes in it.
    #[expect(clippy::len_without_is_empty, reason = "a mapping is never empty")]
    pub fn len(&self) -> u64 {
        self.mapping().len()
    }

    /// Takes `len` bytes from `offset` on over from the device (`dma_sync_single_range_for_cpu`).
    ///
    /// Context: any; does not wait.
    ///
    /// # Safety
    /// The device does not write to these bytes until they are given back, and its report of that was
    /// read, and acquired, before.
    pub unsafe fn sync_for_cpu(&mut self, offset: u64, len: u64) -> Result<(), SyncError> {
        if let Some(span) = self.span(offset, len)? {
            let (link, held) = self.mapping_mut().parts();
            link.sync_for_cpu::<B, D>(held, span);
            link.note_part::<B, D>(Kind::SyncForCpu, held, span);
        }
        Ok(())
    }

    /// Gives `len` bytes from `offset` on (back) to the device (`dma_sync_single_range_for_device`).
    ///
    /// Context: any; does not wait.
    ///
    /// # Safety
    /// The device does not use these bytes yet: it is told after this returns.
    pub unsafe fn sync_for_device(&mut self, offset: u64, len: u64) -> Result<(), SyncError> {
        let Some(span) = self.span(offset, len)? else {
            return Ok(());
        };
        let (link, held) = self.mapping_mut().parts();
        match (&held.place, D::DIR) {
            // What the CPU wrote there is no business of the device's (CP-5).
            (Place::Bounced(_), Dir::FromDevice) => {}
            _ => link.sync_for_device(held, span),
        }
        link.note_part::<B, D>(Kind::SyncForDevice, held, span);
        Ok(())
    }

    fn span(&self, offset: u64, len: u64) -> Result<Option<Span>, SyncError> {
        let span = Span::of(offset, len, self.len(), Overrun::BUILD)?;
        let (range, coherent) = (
            self.mapping().range(),
            self.mapping().device().limits().coherent,
        );
        match span {
            Some(span) if cfg!(debug_assertions) && !coherent && splits_lines(range, span) => {
                Err(SyncError::PartialLine { offset, len })
            }
            span => Ok(span),
        }
    }

    /// Loads bytes from `offset` on, one by one.
    ///
    /// # Safety
    /// The device does not write to them meanwhile: they were taken over, or it never does.
    pub unsafe fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), PastEnd> {
        if let Some(range) = self.part(offset, into.len())? {
            raw::load(self.mapping().layer().platform(), range, into);
        }
        Ok(())
    }

    /// Stores bytes from `offset` on, one by one. They reach the device by
    /// [`sync_for_device`](Self::sync_for_device).
    ///
    /// # Safety
    /// The device uses neither them nor a byte in the same lines meanwhile: they were taken over.
    pub unsafe fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), PastEnd> {
        if let Some(range) = self.part(offset, bytes.len())? {
            raw::store(self.mapping().layer().platform(), range, bytes);
        }
        Ok(())
    }

    /// Access that is out of bounds is refused in every build.
    fn part(&self, offset: u64, len: usize) -> Result<Option<PhysRange>, PastEnd> {
        let span = Span::of(offset, len as u64, self.len(), Overrun::Refused)?;
        Ok(span.map(|span| span.within(self.mapping().range())))
    }

    /// The exposure is over: the mapping is at rest again.
    ///
    /// # Safety
    /// The device holds the address no more, or was halted, and its report of that was read before.
    pub unsafe fn settle(mut self) -> Mapping<'d, P, B, D> {
        let mapping = self.mapping.take();
        let mut mapping = mapping.expect("taken only by calls that end the exposure");
        // The status that said so was loaded before the data will be.
        mapping.layer().platform().acquire();
        let (link, held) = mapping.parts();
        link.note::<B, D>(Kind::Settle, held);
        mapping
    }

    /// The exposure and the mapping are over.
    ///
    /// # Safety
    /// As for [`settle`](Self::settle).
    pub unsafe fn unmap(self) -> B {
        // SAFETY: the caller's promise.
        unsafe { self.settle() }.unmap()
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction> Drop for Exposed<'_, P, B, D> {
    fn drop(&mut self) {
        if let Some(mapping) = self.mapping.take() {
            // No engine vouches for it: only a reset of the device ends this.
            quarantine(mapping, EngineId::new());
        }
    }
}

/// Would a sync of `span` touch a line that has bytes of the mapping outside it? The same for a bounce
/// buffer, whose lines begin where the slot does: so a buffer that begins within a line is synced as a
/// whole.
pub(super) fn splits_lines(range: PhysRange, span: Span) -> bool {
    let part = span.within(range);
    let ends_inside = part.end() != range.end();
    !span.is_whole(range.len())
        && (!range.start().is_aligned(LINE)
            || !part.start().is_aligned(LINE)
            || (ends_inside && !part.end().is_aligned(LINE)))
}
