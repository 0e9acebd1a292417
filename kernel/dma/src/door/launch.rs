//! The door: where the address of a mapping at rest reaches a register or a control block.

use super::engine::Engine;
use super::flight::InFlight;
use crate::direction::{DeviceReads, Direction};
use crate::mapping::Mapping;
use crate::trace::Kind;
use hal::{DmaAddr, DmaBuffer, Platform};

impl<'d, P: Platform, B: DmaBuffer, D: Direction> Mapping<'d, P, B, D> {
    /// Takes the mapping through the door: its address, to be written to a register or control
    /// block of `engine`, and the promise to halt that engine before the memory is anyone's again.
    ///
    /// Cache maintenance is complete on return; the caller still puts `publish` between its own
    /// stores to RAM (control blocks) and the doorbell.
    ///
    /// # Safety
    /// The address, and [`device_len`](Self::device_len) bytes from it, are given to `engine` alone,
    /// which is the master that [`device`](Self::device) describes, for accesses in the direction of
    /// the mapping.
    pub unsafe fn launch<E: Engine>(mut self, engine: E) -> (DmaAddr, InFlight<'d, P, B, D, E>) {
        let (link, held) = self.parts();
        link.hand_over::<B, D>(held);
        link.note::<B, D>(Kind::Launch, held);
        let bus = held.bus;
        (bus, InFlight::new(self, engine))
    }
}

impl<'d, P: Platform, B: DmaBuffer, D: DeviceReads> Mapping<'d, P, B, D> {
    /// As [`launch`](Self::launch), for a buffer whose bytes name its own address, such as a chain
    /// of control blocks: `fill` is handed that address and the bytes, before the device is.
    ///
    /// # Safety
    /// As for `launch`. `fill` stores the address in those bytes alone.
    pub unsafe fn launch_with<E: Engine>(
        mut self,
        engine: E,
        fill: impl FnOnce(DmaAddr, &mut [u8]),
    ) -> (DmaAddr, InFlight<'d, P, B, D, E>) {
        let (_, held) = self.parts();
        let bus = held.bus;
        fill(bus, &mut self.for_cpu());
        // SAFETY: the caller's promise.
        unsafe { self.launch(engine) }
    }
}
