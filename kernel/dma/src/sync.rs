//! Handing a mapped buffer from the CPU to the device and back: the rules of `maintenance` and the
//! copies of a bounce buffer, in the order that keeps both right.
//!
//! | | ToDevice | FromDevice | Bidirectional |
//! |---|---|---|---|
//! | to the device (bounced) | clean (copy in, clean) | nothing: a view of it cannot write | clean (copy in, clean) |
//! | to the CPU (bounced) | nothing | invalidate, wait (copy out) | invalidate, wait (copy out) |
//!
//! All of it for a part of the mapping at a time, where the caller says so (PS-1, PS-2). For a device
//! that snoops, a direct mapping costs nothing at all (SKIP-2).

use crate::device::DmaDevice;
use crate::direction::Direction;
use crate::door;
use crate::held::{Held, Lines, Place};
use crate::layer::Dma;
use crate::span::Span;
use hal::{Access, DmaBuffer, Platform};

/// The two ends of a mapping.
pub(crate) struct Link<'d, P: Platform> {
    pub(crate) dma: &'d Dma<P>,
    pub(crate) device: &'d DmaDevice,
}

impl<P: Platform> Clone for Link<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Platform> Copy for Link<'_, P> {}

impl<P: Platform> Link<'_, P> {
    /// Shows the CPU what the device wrote to a part: drops stale lines, waits, and only then copies
    /// out of a bounce buffer (CM-7).
    pub(crate) fn sync_for_cpu<B: DmaBuffer, D: Direction>(&self, held: &mut Held<B>, span: Span) {
        if !B::CPU_ACCESS {
            // Never the CPU's while it is shared: the last handle sees to its lines.
            return;
        }
        let platform = self.dma.platform();
        let (writes, coherent) = (D::DIR.device_writes(), self.device.limits().coherent);
        match &held.place {
            // No device that does not snoop has had it yet: what the CPU stored is all there is.
            Place::Direct(_, Lines::Dirty) => {}
            Place::Direct(_, Lines::InStep) if coherent || !writes => {}
            Place::Direct(_, Lines::InStep | Lines::Stale(_)) => {
                let part = held.device_side(span);
                door::drop_stale(platform, &mut held.buffer, part);
                platform.complete();
            }
            Place::Bounced(_) if !writes => {}
            Place::Bounced(slots) => {
                if !coherent {
                    door::drop_slots(platform, slots, held.device_side(span));
                    platform.complete();
                }
                door::copy_out(platform, &mut held.buffer, slots, span);
            }
        }
    }

    /// Shows the device what the CPU wrote to a part through a view for `access`. A view that could
    /// only read left its lines clean, so there is nothing to do.
    pub(crate) fn sync_for_device<B: DmaBuffer>(
        &self,
        held: &Held<B>,
        (access, span): (Access, Span),
    ) {
        if access == Access::Read {
            return;
        }
        match &held.place {
            // Owed as a whole.
            Place::Direct(_, Lines::Dirty) => {}
            Place::Direct(..) => self.dma.clean(self.device, held.device_side(span)),
            Place::Bounced(slots) => {
                let platform = self.dma.platform();
                door::copy_in(platform, self.device, &held.buffer, slots, span);
            }
        }
    }

    /// Ends a view whose guard was forgotten, so that no store of the CPU is lost.
    pub(crate) fn end_forgotten_view<B: DmaBuffer>(&self, held: &mut Held<B>) {
        if let Some((access, span)) = held.viewed.take() {
            let range = span.within(held.buffer.range());
            self.dma.platform().end_view(range, access);
            self.sync_for_device(held, (access, span));
        }
    }

    /// Pays what is still owed before the device may look.
    pub(crate) fn hand_over<B: DmaBuffer>(&self, held: &mut Held<B>) {
        self.end_forgotten_view(held);
        let coherent = self.device.limits().coherent;
        let whole = held.device_side(held.whole());
        let Place::Direct(extent, lines) = &mut held.place else {
            return;
        };
        match lines {
            Lines::Dirty if !coherent => self.dma.clean(self.device, *extent),
            // A device that snoops would be given what is in the caches.
            Lines::Stale(_) if coherent => {
                let platform = self.dma.platform();
                door::drop_stale(platform, &mut held.buffer, whole);
                platform.complete();
            }
            Lines::InStep | Lines::Dirty | Lines::Stale(_) => return,
        }
        *lines = Lines::InStep;
    }

    /// Brings the bytes home: the mapping's last look, after which it is taken apart.
    pub(crate) fn bring_home<B: DmaBuffer, D: Direction>(&self, held: &mut Held<B>) {
        self.end_forgotten_view(held);
        let whole = held.whole();
        self.sync_for_cpu::<B, D>(held, whole);
    }
}
