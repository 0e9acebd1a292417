//! Devices whose drivers are gone, and what those left mapped.
//!
//! A mapping that owns its buffer has its own end: at rest it unmaps when it is dropped, in flight it halts its
//! engine or goes into quarantine, and one that was forgotten keeps its memory for good. A driver that keeps
//! bus addresses alone can leave without a word. What it bounced is known by the notes on its slots: it
//! stays where it is, nobody's, until the device was reset.

use crate::complaints::Cause;
use crate::device::DmaDevice;
use crate::inspect::Inspector;
use crate::layer::Dma;
use crate::stand_in::StandIn;
use hal::Platform;

/// What the driver of a device left behind (DBG-17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Mappings that are live.
    pub live: u64,
    /// Of these, bounced mappings by address: in quarantine until
    /// [`device_was_reset`](Dma::device_was_reset).
    pub kept: usize,
}

impl Inspector {
    /// The driver of `device` is gone: what it left mapped, which is told. None of that memory is freed, for
    /// the device may go on using it.
    ///
    /// Context: thread; looks at every slot.
    pub fn device_removed<P: Platform>(&self, dma: &Dma<P>, device: &DmaDevice) -> Left {
        let live = device.counters.totals().live;
        device.remove();
        match self.checker(dma) {
            Some(checker) => _ = checker.removed(device),
            None if live > 0 => dma.misused(device, Cause::Left { live }),
            None => {}
        }
        Left {
            live,
            kept: dma.left_by(device),
        }
    }
}

impl<P: Platform> Dma<P> {
    /// Bounced mappings by address that the driver of a device left behind.
    pub(crate) fn left_by(&self, device: &DmaDevice) -> usize {
        if !device.is_removed() {
            return 0;
        }
        let notes = self.notes_for(device).ok().flatten();
        notes.map_or(0, |notes| notes.of(device.id()).count())
    }

    /// Gives back what the driver of a device left behind. The device was reset.
    pub(crate) fn free_left(&self, device: &DmaDevice) -> usize {
        let notes = self.notes_for(device).ok().flatten();
        let Some(notes) = notes.filter(|_| device.forget_removal()) else {
            return 0;
        };
        let taken = notes
            .of(device.id())
            .filter_map(|at| notes.take(at, device));
        let freed = taken.map(|taken| {
            device.counters.ended::<P>();
            let slots = self.recall(device, StandIn::Slots(taken.slots));
            self.release(device.terms(), slots);
        });
        freed.count()
    }
}
