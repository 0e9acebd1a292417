//! A mapping at rest: lent to a device that has not been told yet, or has finished.

use crate::device::DmaDevice;
use crate::direction::{Direction, Fill};
use crate::held::Held;
use crate::layer::Dma;
use crate::sync::Link;
use crate::trace::Kind;
use core::fmt;
use core::marker::PhantomData;
use hal::{DmaBuffer, PhysRange, Platform};

/// A buffer that is lent to a device and not in flight.
///
/// It owns the buffer; its address is nobody's until [`launch`](Self::launch). Dropping it unmaps
/// and drops the buffer. Forgetting it leaks the buffer and its slots.
pub struct Mapping<'d, P: Platform, B: DmaBuffer, D: Direction> {
    link: Link<'d, P>,
    held: Option<Held<B>>,
    direction: PhantomData<D>,
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction> Mapping<'d, P, B, D> {
    pub(crate) fn new(dma: &'d Dma<P>, device: &'d DmaDevice, held: Held<B>) -> Self {
        Self {
            link: Link { dma, device },
            held: Some(held),
            direction: PhantomData,
        }
    }

    fn held(&self) -> &Held<B> {
        self.held
            .as_ref()
            .expect("taken only by calls that end the mapping")
    }

    /// The two ends of the mapping and its contents, borrowed apart.
    pub(crate) fn parts(&mut self) -> (Link<'d, P>, &mut Held<B>) {
        let held = self
            .held
            .as_mut()
            .expect("taken only by calls that end the mapping");
        (self.link, held)
    }

    /// The contents, for good: what is left of the mapping does nothing when dropped.
    pub(crate) fn dismantle(self) -> (Link<'d, P>, Held<B>) {
        (self.link, self.take())
    }

    #[inline]
    fn take(mut self) -> Held<B> {
        let held = self.held.take();
        // It would find out by itself that nothing is left to do, at a price.
        core::mem::forget(self);
        held.expect("taken only by calls that end the mapping")
    }

    /// The layer that made the mapping.
    pub fn layer(&self) -> &'d Dma<P> {
        self.link.dma
    }

    /// The device that the buffer is lent to.
    pub fn device(&self) -> &'d DmaDevice {
        self.link.device
    }

    /// The buffer's bytes, as the CPU finds them.
    pub(crate) fn range(&self) -> PhysRange {
        self.held().buffer.range()
    }

    /// Bytes to transfer.
    #[expect(clippy::len_without_is_empty, reason = "a mapping is never empty")]
    pub fn len(&self) -> u64 {
        self.range().len()
    }

    /// Bytes that the device has to be told: [`len`](Self::len) rounded up to its granule. The bytes
    /// between the two belong to the buffer, or to its slot.
    pub fn device_len(&self) -> u64 {
        self.held().place.extent().len()
    }

    /// Ends the mapping: what the device wrote is in the buffer, for the CPU to read.
    ///
    /// Context: any. Never fails, never waits (save for the pool's lock) (INV-9).
    // Not inlined: a mapping that moves into its caller is copied first, for the sake of the buffer.
    #[inline(never)]
    pub fn unmap(mut self) -> B {
        const {
            assert!(
                matches!(D::FILL, Fill::Copy),
                "a reported transfer ends with `complete` or `abandon`"
            )
        }
        let link = self.link;
        if let Some(held) = &mut self.held
            && !link.dma.is_checked()
            && link.sync_at_once::<B, D>(held)
        {
            link.trace::<B, D>(Kind::Unmap, held);
            return self.take().buffer;
        }
        let buffer = self.unmap_with_care();
        core::mem::forget(self);
        buffer
    }

    /// As [`unmap`](Self::unmap), whatever there is to do. Nothing is left in the mapping.
    #[inline(never)]
    fn unmap_with_care(&mut self) -> B {
        let (link, held) = self.parts();
        if !link.bring_home_by_cell::<B, D>(held) {
            link.bring_home::<B, D>(held);
        }
        let held = self.held.take();
        held.expect("it was there a moment ago").buffer
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction> Drop for Mapping<'_, P, B, D> {
    fn drop(&mut self) {
        match (D::FILL, &mut self.held) {
            (Fill::Copy, Some(held)) => self.link.bring_home::<B, D>(held),
            (Fill::Copy, None) => {}
            // No report: nothing arrived.
            (Fill::Scrub, held) => {
                let held = held.take();
                drop(held.map(|held| self.link.unmap_reported(held, None, false)));
            }
        }
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction> fmt::Debug for Mapping<'_, P, B, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Mapping({} bytes {:?} for {})",
            self.len(),
            D::DIR,
            self.device().name()
        )
    }
}
