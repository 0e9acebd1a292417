//! Where the layer tells the checker what it did: behind the event of the trace, where one is on.

extern crate alloc;

use super::live::{CALLERS, Call, Live};
use super::state::{Checker, Status};
use crate::device::DmaDevice;
use crate::direction::Dir;
use crate::inspect::Inspector;
use crate::layer::Dma;
use crate::trace::Kind;
use alloc::boxed::Box;
use hal::{PhysRange, Platform};

/// What was done, as far as the checker asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) call: Call,
    pub(crate) dir: Dir,
    /// Bus address.
    pub(crate) addr: u64,
    /// Bytes as the caller counts them.
    pub(crate) len: u64,
    /// The buffer, and where the device has it.
    pub(crate) memory: Option<(PhysRange, PhysRange)>,
    /// May it share its lines with others that may (OV-4)?
    pub(crate) shares: bool,
    /// Has a device had it before (OV-4)?
    pub(crate) skips: bool,
}

impl<P: Platform> Dma<P> {
    /// Has every call checked from now on: before anything is mapped.
    ///
    /// Context: thread; allocates.
    pub fn check_with(&mut self, checker: Checker<P>) {
        self.checker = Some(Box::new(checker));
    }

    /// Is there a checker? Then nothing takes a short way past it.
    #[inline(always)]
    pub(crate) fn is_checked(&self) -> bool {
        self.checker.is_some()
    }

    /// Do copies, maintenance and barriers join the trace?
    #[inline(always)]
    pub(crate) fn traces_maintenance(&self) -> bool {
        self.checker.as_ref().is_some_and(|checker| checker.traces)
    }

    /// Shows the checker an event, if there is a checker.
    #[inline(always)]
    pub(crate) fn show_checker(&self, kind: Kind, device: &DmaDevice, seen: impl FnOnce() -> Seen) {
        if let Some(checker) = &self.checker {
            let mut callers = [0; CALLERS];
            P::callers(&mut callers);
            checker.saw(kind, device, seen(), callers);
        }
    }
}

impl<P: Platform> Checker<P> {
    #[cold]
    #[inline(never)]
    fn saw(&self, kind: Kind, device: &DmaDevice, seen: Seen, callers: [u64; CALLERS]) {
        let part = (seen.addr, seen.len);
        match kind {
            Kind::Map | Kind::Bounce => {
                let Some((block, side)) = seen.memory else {
                    return;
                };
                let live = Live {
                    device: device.name(),
                    id: device.id(),
                    call: seen.call,
                    dir: seen.dir,
                    bus: seen.addr,
                    len: seen.len,
                    block,
                    side,
                    callers,
                    shares: seen.shares,
                };
                self.mapped(device, live, seen.skips);
            }
            Kind::Unmap | Kind::UnmapSkipSync | Kind::Quarantine => {
                self.unmapped(device, part, seen.dir, seen.call);
            }
            Kind::SyncForCpu | Kind::SyncForDevice => self.synced(device, part, seen.dir),
            _ => {}
        }
    }

    /// A list goes to a device in these segments.
    #[cold]
    pub(crate) fn saw_segments(
        &self,
        device: &DmaDevice,
        segments: impl Iterator<Item = (u64, u64)>,
    ) {
        segments.for_each(|(addr, len)| self.segment(device, addr, len));
    }
}

impl Inspector {
    /// The checker, where there is one (`dma_debug=`).
    pub fn checker<'d, P: Platform>(&self, dma: &'d Dma<P>) -> Option<&'d Checker<P>> {
        dma.checker.as_deref()
    }

    /// Where the checker stands, if there is one.
    pub fn checker_status<P: Platform>(&self, dma: &Dma<P>) -> Option<Status> {
        self.checker(dma).map(Checker::status)
    }
}
