//! Buffers that were unmapped without sync: still the devices', for the next one to take over.

use crate::attrs::Attrs;
use crate::device::DmaDevice;
use crate::direction::{Direction, Fill};
use crate::door;
use crate::error::Refused;
use crate::held::{Held, Lines, Place};
use crate::layer::Dma;
use crate::mapping::Mapping;
use crate::trace::Kind;
use core::fmt;
use hal::{DmaBuffer, PhysRange, Platform};

/// A buffer between two devices, given by [`Mapping::unmap_skip_sync`] and taken by
/// [`Dma::map_device_owned`]. No CPU access.
///
/// Bytes are passed on without a cache operation, and the map that takes them never bounces: it would
/// fail for a bounce buffer has what the CPU last saw, not what the device left (ATTR-1, ATTR-2).
/// Dropping it, as [`reclaim`](Self::reclaim), makes the bytes the CPU's again first.
pub struct DeviceOwned<'d, P: Platform, B: DmaBuffer> {
    dma: &'d Dma<P>,
    kept: Option<Kept<B>>,
}

/// The buffer, and what its caches owe.
struct Kept<B> {
    buffer: B,
    lines: Lines,
}

impl<'d, P: Platform, B: DmaBuffer> DeviceOwned<'d, P, B> {
    /// What devices had, over caches in this state.
    pub(crate) fn new(dma: &'d Dma<P>, buffer: B, lines: Lines) -> Self {
        let kept = Some(Kept { buffer, lines });
        Self { dma, kept }
    }

    fn take(&mut self) -> Kept<B> {
        self.kept
            .take()
            .expect("taken only by calls that end the value")
    }

    /// The buffer, and what its caches owe.
    pub(crate) fn apart(mut self) -> (B, Lines) {
        let Kept { buffer, lines } = self.take();
        (buffer, lines)
    }

    /// Bytes in it.
    #[expect(clippy::len_without_is_empty, reason = "a buffer is never empty")]
    pub fn len(&self) -> u64 {
        let kept = self.kept.as_ref();
        let kept = kept.expect("taken only by calls that end the value");
        kept.buffer.range().len()
    }

    /// Makes the buffer the CPU's again: it finds what the last device wrote.
    ///
    /// Context: any; does not wait.
    pub fn reclaim(mut self) -> B {
        let kept = self.take();
        self.bring_home(kept)
    }

    fn bring_home(&self, mut kept: Kept<B>) -> B {
        if let Lines::Stale(extent) = kept.lines {
            let platform = &self.dma.told();
            door::drop_stale(platform, &mut kept.buffer, extent);
            platform.complete();
        }
        kept.buffer
    }
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction> Mapping<'d, P, B, D> {
    /// Ends the mapping and leaves the buffer to the devices (`DMA_ATTR_SKIP_CPU_SYNC` on unmap): no
    /// cache operation for one that is mapped where it lies.
    ///
    /// Context: any. Never fails, never waits (save for the pool's lock).
    pub fn unmap_skip_sync(self) -> DeviceOwned<'d, P, B> {
        const {
            assert!(
                B::CPU_ACCESS,
                "shared buffers are the devices' anyway: `unmap`"
            );
            assert!(
                matches!(D::FILL, Fill::Copy),
                "reported first: `complete`, then `map_filled`"
            )
        }
        let (link, mut held) = self.dismantle();
        link.end_forgotten_view::<B, D>(&mut held);
        if let Place::Bounced(_) = held.place {
            // Slots go away, so what is in them has to come home now.
            let whole = held.whole();
            link.sync_for_cpu::<B, D>(&mut held, whole);
        }
        link.inspect_held::<B, D>(&held, true);
        let lines = lines_after::<B, D>(&held, link.device);
        link.note::<B, D>(Kind::UnmapSkipSync, &held);
        if let Place::Bounced(slots) = held.place {
            link.dma.release(link.device.terms(), slots);
        }
        DeviceOwned::new(link.dma, held.buffer, lines)
    }
}

/// What the caches owe after a mapping ended without sync.
pub(crate) fn lines_after<B: DmaBuffer, D: Direction>(held: &Held<B>, device: &DmaDevice) -> Lines {
    match held.place {
        Place::Direct(_, lines) => {
            direct_lines_after::<D>(lines, held.device_side(held.whole()), device)
        }
        // What came out of the slots is in the caches.
        Place::Bounced(_) => Lines::Dirty,
    }
}

/// The same where the device had the buffer as it lies: `side` is what it, or one before it, was given.
pub(crate) fn direct_lines_after<D: Direction>(
    lines: Lines,
    side: PhysRange,
    device: &DmaDevice,
) -> Lines {
    match lines {
        Lines::InStep if device.limits().coherent => Lines::Dirty,
        Lines::InStep if D::DIR.device_writes() => Lines::Stale(side),
        Lines::InStep | Lines::Dirty => lines,
        Lines::Stale(_) => Lines::Stale(side),
    }
}

impl<P: Platform> Dma<P> {
    /// Lends to `device` what another device had: without a cache operation, and never through a
    /// bounce buffer (ATTR-2).
    ///
    /// Context: any; does not wait.
    pub fn map_device_owned<'d, B: DmaBuffer, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        mut owned: DeviceOwned<'d, P, B>,
        direction: D,
    ) -> Result<Mapping<'d, P, B, D>, Refused<DeviceOwned<'d, P, B>>> {
        let _ = direction;
        let Kept { buffer, lines } = owned.take();
        self.lend_as(device, buffer, Attrs::ALREADY_DEVICE_OWNED, lines)
            .map_err(|Refused { error, buffer }| Refused {
                error,
                buffer: DeviceOwned::new(owned.dma, buffer, lines),
            })
    }
}

impl<P: Platform, B: DmaBuffer> Drop for DeviceOwned<'_, P, B> {
    fn drop(&mut self) {
        if let Some(kept) = self.kept.take() {
            drop(self.bring_home(kept));
        }
    }
}

impl<P: Platform, B: DmaBuffer> fmt::Debug for DeviceOwned<'_, P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceOwned").finish_non_exhaustive()
    }
}
