//! The look at what surrounds a mapping's bytes, when it ends.

use super::{Cover, Overrun};
use crate::complaints;
use crate::device::DmaDevice;
use crate::door;
use crate::layer::Dma;
use crate::stand_in::StandIn;
use crate::sync::Link;
use hal::{DmaAddr, LINE, PhysAddr, Platform};

impl<P: Platform> Dma<P> {
    /// How much around a device's bytes is looked after.
    #[inline]
    pub(crate) fn cover(&self, device: &DmaDevice) -> Cover {
        if device.limits().untrusted | self.is_checked() {
            Cover::Slots
        } else {
            Cover::Lines
        }
    }

    /// A device wrote where nothing of its own is: counted, and kept for whoever may print. `bus` leads the
    /// checker to who mapped it.
    pub(super) fn overran(&self, device: &DmaDevice, bus: Option<DmaAddr>, overrun: Overrun) {
        device.counters.overran(P::cpu_id());
        if let Some(checker) = &self.checker {
            return checker.overran(device.name(), bus.map(|bus| (device.id(), bus)), overrun);
        }
        let cause = complaints::Cause::Overran(overrun);
        self.alarms().lock().note(device, cause);
        self.kick_alarm();
    }
}

impl<P: Platform> Link<'_, P> {
    /// Looks whether the device kept to its bytes of `stand_in`, which it finds at `bus`: before they are
    /// given back. `fresh`: the lines of the data were dropped behind its last store.
    ///
    /// Context: any; does not wait.
    #[inline]
    pub(crate) fn inspect(self, stand_in: &StandIn, bus: DmaAddr, fresh: bool) {
        let cover = self.dma.cover(self.device);
        let tail = fresh && !stand_in.data().end().is_aligned(LINE);
        if tail | (cover == Cover::Slots) {
            self.inspect_with_care(stand_in, bus, cover);
        }
    }

    #[cold]
    #[inline(never)]
    fn inspect_with_care(self, stand_in: &StandIn, bus: DmaAddr, cover: Cover) {
        let platform = &self.dma.told();
        let found = match stand_in {
            StandIn::Cells(run) => door::other_in_cells(platform, run),
            StandIn::Slots(slots) => {
                if cover == Cover::Slots && !self.device.limits().coherent {
                    door::drop_run(platform, slots);
                    platform.complete();
                }
                door::other_around(platform, slots, cover)
            }
        };
        if let Some((at, found)) = found {
            let (data, addr) = (stand_in.data(), bus.get());
            let overrun = Overrun::Beside {
                addr,
                len: data.len(),
                at: distance(data.start(), at),
                found,
            };
            self.dma.overran(self.device, Some(bus), overrun);
        }
    }
}

/// From one byte to another of the same run.
fn distance(from: PhysAddr, to: PhysAddr) -> i64 {
    to.get().wrapping_sub(from.get()) as i64
}
