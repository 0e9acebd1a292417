//! What a reported transfer unmaps to: a buffer of which the first bytes are known.

use crate::attrs::Attrs;
use crate::device::DmaDevice;
use crate::direction::{FromDevice, Reported};
use crate::door::{self, Rest};
use crate::error::Refused;
use crate::held::{Lines, Place};
use crate::layer::Dma;
use crate::mapping::Mapping;
use crate::span::Span;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use hal::buffer::View;
use hal::{Access, DmaBuffer, LINE, PhysRange, Platform};

/// A buffer that a device filled in part: `..len()` is what arrived, to be read; the rest is
/// `MaybeUninit`.
///
/// The cache lines of the rest were not dropped, for that is what a report saves. So the CPU may find
/// there what the device wrote or what was there before, now the one and now the other. Nothing safe
/// reads it as bytes; nothing writes here at all. Where to go from here:
///
/// * [`Dma::map_filled`] lends the buffer anew, for the next transfer, without a cache operation for a
///   device that does not snoop;
/// * [`into_inner`](Self::into_inner) drops the lines of the rest, so that all bytes stand still. Each
///   is the device's or the buffer's own. Dropping the value does the same, for whoever has the memory
///   next.
pub struct Filled<'d, P: Platform, B: DmaBuffer> {
    dma: &'d Dma<P>,
    kept: Option<(B, Lines)>,
    arrived: Option<Span>,
}

/// A mapping, or the buffer back.
type MappedOr<'d, P, B> =
    Result<Mapping<'d, P, B, FromDevice<Reported>>, Refused<Filled<'d, P, B>>>;

impl<'d, P: Platform, B: DmaBuffer> Filled<'d, P, B> {
    pub(crate) fn new(dma: &'d Dma<P>, buffer: B, lines: Lines, arrived: Option<Span>) -> Self {
        let kept = Some((buffer, lines));
        Self { dma, kept, arrived }
    }

    fn buffer(&self) -> &B {
        let kept = self.kept.as_ref();
        &kept.expect("taken only by calls that end the value").0
    }

    fn take(&mut self) -> (B, Lines) {
        let kept = self.kept.take();
        kept.expect("taken only by calls that end the value")
    }

    /// Bytes that arrived.
    pub fn len(&self) -> u64 {
        self.arrived.map_or(0, Span::len)
    }

    /// Did nothing arrive?
    pub fn is_empty(&self) -> bool {
        self.arrived.is_none()
    }

    /// Bytes of the buffer.
    pub fn capacity(&self) -> u64 {
        self.buffer().range().len()
    }

    /// What arrived.
    pub fn bytes(&self) -> Arrived<'_, P> {
        let platform = self.dma.platform();
        let look = |span| door::look(platform, self.buffer(), span, Access::Read);
        Arrived {
            view: self.arrived.map(look),
            filled: PhantomData,
        }
    }

    /// What is behind it: room, of which nothing is known.
    pub fn rest(&self) -> Rest<'_, P> {
        let range = self.buffer().range();
        let behind = range.slice(self.len(), range.len() - self.len());
        Rest::new(self.dma.platform(), self.buffer(), behind)
    }

    /// The buffer, for the CPU to read and write. What is behind [`len`](Self::len) is unspecified, but
    /// stands still, and was never another owner's.
    ///
    /// Context: any; does not wait.
    pub fn into_inner(mut self) -> B {
        let kept = self.take();
        self.settled(kept)
    }

    /// Drops what may be stale.
    fn settled(&self, (mut buffer, lines): (B, Lines)) -> B {
        if let Lines::Stale(extent) = lines
            && let Some(rest) = behind(extent, self.len())
        {
            let platform = &self.dma.told();
            door::drop_stale(platform, &mut buffer, rest);
            platform.complete();
        }
        buffer
    }
}

/// What of `extent` is in other lines than its first `arrived` bytes: those are fresh.
fn behind(extent: PhysRange, arrived: u64) -> Option<PhysRange> {
    let Some(fresh) = extent.slice(0, arrived.min(extent.len())) else {
        return Some(extent);
    };
    let lines = fresh.round_out(LINE)?;
    PhysRange::between(lines.end(), extent.end()).ok()
}

impl<P: Platform> Dma<P> {
    /// Lends to `device` what a reported transfer left, for another one. What arrived is lost.
    ///
    /// Context: any; waits for the pool's lock alone.
    pub fn map_filled<'d, B: DmaBuffer>(
        &'d self,
        device: &'d DmaDevice,
        mut filled: Filled<'d, P, B>,
    ) -> MappedOr<'d, P, B> {
        let (buffer, lines) = filled.take();
        let lent = self.lend_as(device, buffer, Attrs::NONE, lines);
        let mut mapping = lent.map_err(|Refused { error, buffer }| Refused {
            error,
            buffer: Filled::new(filled.dma, buffer, lines, filled.arrived),
        })?;
        let (_, held) = mapping.parts();
        if let (Place::Bounced(_), Lines::Stale(extent)) = (&held.place, lines) {
            // The CPU will store what arrives: not into lines that are stale beside it.
            door::drop_stale(&self.told(), &mut held.buffer, extent);
            self.told().complete();
        }
        Ok(mapping)
    }
}

impl<P: Platform, B: DmaBuffer> Drop for Filled<'_, P, B> {
    fn drop(&mut self) {
        if let Some(kept) = self.kept.take() {
            drop(self.settled(kept));
        }
    }
}

impl<P: Platform, B: DmaBuffer> fmt::Debug for Filled<'_, P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filled({} of {} bytes)", self.len(), self.capacity())
    }
}

/// The bytes that arrived in a [`Filled`].
pub struct Arrived<'f, P: Platform> {
    view: Option<View<'f, P>>,
    filled: PhantomData<&'f ()>,
}

impl<P: Platform> Deref for Arrived<'_, P> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.view.as_deref().unwrap_or(&[])
    }
}
