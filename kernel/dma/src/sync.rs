//! Handing a mapped buffer from the CPU to the device and back: the rules of `maintenance` and the
//! copies of a bounce buffer, in the order that keeps both right.
//!
//! | | ToDevice | FromDevice | Bidirectional |
//! |---|---|---|---|
//! | to the device (bounced) | clean (copy in, clean) | nothing: a view of it cannot write | clean (copy in, clean) |
//! | to the CPU (bounced) | nothing | invalidate, wait (copy out) | invalidate, wait (copy out) |
//!
//! All of it for a part of the mapping at a time, where the caller says so (PS-1, PS-2). For a device
//! that snoops, a direct mapping costs nothing at all (SKIP-2). Bounced by uncached cells, it is copied
//! and put in order, and nothing else (`cells`).

use crate::device::DmaDevice;
use crate::direction::Direction;
use crate::door;
use crate::held::{Held, Lines, Place};
use crate::layer::Dma;
use crate::map::clean;
use crate::span::Span;
use crate::stand_in::StandIn;
use crate::trace::Kind;
use crate::view::access;
use hal::{Access, DmaBuffer, PhysRange, Platform};

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
    #[inline]
    pub(crate) fn sync_for_cpu<B: DmaBuffer, D: Direction>(self, held: &mut Held<B>, span: Span) {
        match &held.place {
            Place::Bounced(_) if !D::DIR.device_writes() => {}
            // No device that does not snoop has had it yet: what the CPU stored is all there is.
            Place::Direct(_, Lines::Dirty) => {}
            Place::Direct(_, Lines::InStep) if !self.writes_unseen::<B, D>() => {}
            Place::Direct(_, Lines::InStep | Lines::Stale(_)) => {
                let part = held.device_side(span);
                self.drop_stale(&mut held.buffer, part);
            }
            Place::Bounced(slots) => {
                let (part, dma) = (held.device_side(span), self.dma);
                let slots = (slots, part);
                if dma.is_checked() {
                    self.take_home(&dma.told(), &mut held.buffer, slots, span);
                } else {
                    self.take_home(dma.platform(), &mut held.buffer, slots, span);
                }
            }
        }
    }

    /// Copies what the device wrote out of a bounce buffer, whose lines of it may be stale.
    fn take_home<Q: Platform, B: DmaBuffer>(
        self,
        machine: &Q,
        buffer: &mut B,
        (slots, part): (&StandIn, PhysRange),
        span: Span,
    ) {
        if slots.is_cached() && !self.device.limits().coherent {
            door::drop_slots(machine, slots, part);
            machine.complete();
        }
        door::copy_out(machine, buffer, slots, span);
        self.device.counters.copied_out::<P>(span.len());
    }

    /// Shows the device what the CPU wrote to a part.
    #[inline]
    pub(crate) fn sync_for_device<B: DmaBuffer>(self, held: &Held<B>, span: Span) {
        match held.place {
            // Nearly every view.
            Place::Direct(extent, Lines::InStep)
                if span.is_whole(extent.len()) && !self.dma.is_checked() =>
            {
                clean(self.dma.platform(), self.device, extent);
            }
            _ => self.sync_for_device_with_care(held, span),
        }
    }

    #[inline(never)]
    fn sync_for_device_with_care<B: DmaBuffer>(self, held: &Held<B>, span: Span) {
        match &held.place {
            // Owed as a whole.
            Place::Direct(_, Lines::Dirty) => {}
            // To be dropped before a device that snoops looks: not what the CPU stored just now.
            Place::Direct(_, Lines::Stale(_)) => {
                let platform = self.dma.told();
                platform.clean(held.device_side(span));
                platform.complete();
            }
            Place::Direct(_, Lines::InStep) => {
                self.dma.clean(self.device, held.device_side(span));
            }
            Place::Bounced(slots) => {
                let platform = &self.dma.told();
                door::copy_in(platform, self.device, &held.buffer, slots, span);
                self.device.counters.copied_in::<P>(span.len());
            }
        }
    }

    /// Ends a view: shows the device what was written through it, and says where that was. One that
    /// could only read has left its lines clean, so there is nothing to do.
    #[inline]
    pub(crate) fn end_view<B: DmaBuffer, D: Direction>(self, held: &mut Held<B>) -> Option<Span> {
        let span = held.viewed.take()?;
        if access::<D>() == Access::Read {
            return None;
        }
        self.sync_for_device(held, span);
        Some(span)
    }

    /// Ends a view whose guard was forgotten, so that no store of the CPU is lost.
    #[inline]
    pub(crate) fn end_forgotten_view<B: DmaBuffer, D: Direction>(self, held: &mut Held<B>) {
        if let Some(span) = held.viewed {
            let range = span.within(held.buffer.range());
            self.dma.platform().end_view(range, access::<D>());
            self.end_view::<B, D>(held);
        }
    }

    /// Pays what is still owed before the device may look.
    pub(crate) fn hand_over<B: DmaBuffer, D: Direction>(self, held: &mut Held<B>) {
        self.end_forgotten_view::<B, D>(held);
        let coherent = self.device.limits().coherent;
        let whole = held.device_side(held.whole());
        let Place::Direct(extent, lines) = &mut held.place else {
            return;
        };
        match lines {
            Lines::Dirty if !coherent => self.dma.clean(self.device, *extent),
            // A device that snoops would be given what is in the caches.
            Lines::Stale(_) if coherent => {
                self.drop_stale(&mut held.buffer, whole);
            }
            Lines::InStep | Lines::Dirty | Lines::Stale(_) => return,
        }
        *lines = Lines::InStep;
    }

    /// Does what [`sync_for_cpu`](Self::sync_for_cpu) does, for all of nearly every mapping: one that is
    /// direct, in step, and without a view. For others it says no, and does nothing. Tells the trace nothing:
    /// for layers without a checker.
    #[inline]
    pub(crate) fn sync_at_once<B: DmaBuffer, D: Direction>(self, held: &mut Held<B>) -> bool {
        match held.place {
            Place::Direct(_, Lines::InStep) if held.viewed.is_some() => false,
            Place::Direct(_, Lines::InStep) if !self.writes_unseen::<B, D>() => true,
            Place::Direct(extent, Lines::InStep) => {
                drop_stale(self.dma.platform(), &mut held.buffer, extent);
                true
            }
            _ => false,
        }
    }

    /// Does what [`bring_home`](Self::bring_home) does for a buffer that bounced by cells and has no view.
    /// For others it says no, and does nothing.
    #[inline]
    pub(crate) fn bring_home_by_cell<B: DmaBuffer, D: Direction>(self, held: &mut Held<B>) -> bool {
        let Place::Bounced(StandIn::Cells(run)) = &held.place else {
            return false;
        };
        if held.viewed.is_some() || self.dma.is_checked() {
            return false;
        }
        if D::DIR.device_writes() {
            door::cells_home(self.dma.platform(), run, &mut held.buffer);
            let counters = &self.device.counters;
            counters.copied_out::<P>(held.buffer.range().len());
        }
        self.inspect_held::<B, D>(held, true);
        self.note::<B, D>(Kind::Unmap, held);
        let home = Place::Direct(held.buffer.range(), Lines::InStep);
        if let Place::Bounced(StandIn::Cells(run)) = core::mem::replace(&mut held.place, home) {
            self.dma.release_cells(run);
        }
        true
    }

    /// Brings the bytes home: the end of a mapping, after which there is only the buffer.
    #[inline]
    pub(crate) fn bring_home<B: DmaBuffer, D: Direction>(self, held: &mut Held<B>) {
        self.end_forgotten_view::<B, D>(held);
        let whole = held.whole();
        self.sync_for_cpu::<B, D>(held, whole);
        self.inspect_held::<B, D>(held, true);
        self.note::<B, D>(Kind::Unmap, held);
        let home = Place::Direct(held.buffer.range(), Lines::InStep);
        if let Place::Bounced(slots) = core::mem::replace(&mut held.place, home) {
            self.dma.release(self.device.terms(), slots);
        }
    }

    /// Looks at what is around the bytes of a mapping that ends (`guard`), if they bounced. `seen`: its last
    /// line was shown to the CPU, if the device may have written it.
    #[inline]
    pub(crate) fn inspect_held<B: DmaBuffer, D: Direction>(self, held: &Held<B>, seen: bool) {
        if let Place::Bounced(slots) = &held.place {
            self.inspect(slots, held.bus, seen && D::DIR.device_writes());
        }
    }

    /// May the device have written what the CPU would not see? Nobody looks at what is shared: the
    /// last handle sees to its lines.
    #[inline]
    fn writes_unseen<B: DmaBuffer, D: Direction>(self) -> bool {
        B::CPU_ACCESS && D::DIR.device_writes() && !self.device.limits().coherent
    }

    /// Drops the lines of `part` that may be stale, and waits.
    fn drop_stale<B: DmaBuffer>(self, buffer: &mut B, part: PhysRange) {
        drop_stale(&self.dma.told(), buffer, part);
    }
}

#[inline]
fn drop_stale<Q: Platform, B: DmaBuffer>(machine: &Q, buffer: &mut B, part: PhysRange) {
    door::drop_stale(machine, buffer, part);
    machine.complete();
}
