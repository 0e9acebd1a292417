//! Handing a mapped buffer from the CPU to the device and back: the rules of `maintenance` and the
//! copies of a bounce buffer, in the order that keeps both right.
//!
//! | | ToDevice | FromDevice | Bidirectional |
//! |---|---|---|---|
//! | to the device (bounced) | clean (copy in, clean) | nothing: a view of it cannot write | clean (copy in, clean) |
//! | to the CPU (bounced) | nothing | invalidate, wait (copy out) | invalidate, wait (copy out) |

use crate::device::DmaDevice;
use crate::direction::Direction;
use crate::door;
use crate::layer::Dma;
use crate::mapping::{Held, Place};
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
    /// Shows the CPU what the device wrote: drops stale lines, waits, and only then copies out of
    /// a bounce buffer (CM-7).
    pub(crate) fn sync_for_cpu<B: DmaBuffer, D: Direction>(&self, held: &mut Held<B>) {
        if !D::DIR.device_writes() {
            return;
        }
        let platform = self.dma.platform();
        if !self.device.limits().coherent {
            door::drop_lines(platform, held);
            platform.complete();
        }
        door::copy_out(platform, held);
    }

    /// Shows the device what the CPU wrote through a view for `access`. A view that could only read
    /// left its lines clean, so there is nothing to do.
    pub(crate) fn sync_for_device<B: DmaBuffer>(&self, held: &Held<B>, access: Access) {
        if access == Access::Read {
            return;
        }
        match &held.place {
            Place::Direct(extent) => self.dma.clean(self.device, *extent),
            Place::Bounced(slots) => {
                door::copy_in(self.dma.platform(), self.device, &held.buffer, slots);
            }
        }
    }

    /// Ends a view whose guard was forgotten, so that no store of the CPU is lost.
    pub(crate) fn end_forgotten_view<B: DmaBuffer>(&self, held: &mut Held<B>) {
        if let Some(access) = held.viewed.take() {
            self.dma.platform().end_view(held.buffer.range(), access);
            self.sync_for_device(held, access);
        }
    }

    /// Brings the buffer home.
    pub(crate) fn unmap<B: DmaBuffer, D: Direction>(&self, mut held: Held<B>) -> B {
        self.end_forgotten_view(&mut held);
        self.sync_for_cpu::<B, D>(&mut held);
        if let Place::Bounced(slots) = held.place {
            self.dma.release(slots);
        }
        held.buffer
    }
}
