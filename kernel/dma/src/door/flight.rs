//! The door: from a mapping at rest to an address in a register, and back.

use super::Parked;
use crate::device::DmaDevice;
use crate::direction::{DeviceReads, Direction};
use crate::layer::Dma;
use crate::mapping::{Mapping, Place};
use crate::sync::Link;
use core::fmt;
use hal::{DmaAddr, DmaBuffer, Platform};

/// Did an engine stop?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "memory is the CPU's again only after a confirmed halt"]
pub enum Halt {
    /// Yes: it will not touch memory that it was given before.
    Confirmed,
    /// It may still read and write.
    Unconfirmed,
}

/// A bus master that can be told to stop. Implemented by each driver's channel.
///
/// # Safety
/// *Implementation*: after `halt` returned [`Halt::Confirmed`], the engine makes no access to any
/// address that it was given before the call, until it is started anew.
pub unsafe trait Engine {
    /// Stops the engine if it runs, within a bounded time. Callable anywhere, repeatedly.
    fn halt(&self) -> Halt;
}

/// The engine did not confirm its halt: the memory is in quarantine, or leaked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// The device that may still use the memory.
    pub device: &'static str,
    /// Bytes that were lent to it.
    pub len: u64,
    /// Whether a record was free. If not, the memory is lost until the next boot.
    pub recorded: bool,
}

impl fmt::Display for Quarantined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            device,
            len,
            recorded,
        } = self;
        let kept = if *recorded {
            "kept in quarantine until the device is reset"
        } else {
            "leaked"
        };
        write!(
            f,
            "{device} did not confirm its halt: {len} bytes are {kept}"
        )
    }
}

/// A mapping whose address has reached a register or a control block. No CPU access.
///
/// Dropping it halts the engine; then the buffer is unmapped and dropped, or quarantined.
/// Forgetting it leaks the memory.
pub struct InFlight<'d, P: Platform, B: DmaBuffer, D: Direction, E: Engine> {
    mapping: Option<Mapping<'d, P, B, D>>,
    engine: E,
}

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
        link.end_forgotten_view(held);
        let (bus, mapping) = (held.bus, Some(self));
        (bus, InFlight { mapping, engine })
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

impl<'d, P: Platform, B: DmaBuffer, D: Direction, E: Engine> InFlight<'d, P, B, D, E> {
    fn mapping(&self) -> &Mapping<'d, P, B, D> {
        self.mapping
            .as_ref()
            .expect("taken by calls that end the flight")
    }

    /// Bytes to transfer.
    #[expect(clippy::len_without_is_empty, reason = "a mapping is never empty")]
    pub fn len(&self) -> u64 {
        self.mapping().len()
    }

    /// Halts the engine and brings the mapping back to rest.
    ///
    /// Also the way to end a transfer that is complete: a halt of an idle engine is a look at its
    /// status. Context: as the engine's `halt`.
    pub fn end(mut self) -> Result<Mapping<'d, P, B, D>, Quarantined> {
        let mapping = self
            .mapping
            .take()
            .expect("taken by calls that end the flight");
        settle(mapping, &self.engine)
    }
}

/// Rest after a confirmed halt, quarantine otherwise.
fn settle<'d, P: Platform, B: DmaBuffer, D: Direction, E: Engine>(
    mapping: Mapping<'d, P, B, D>,
    engine: &E,
) -> Result<Mapping<'d, P, B, D>, Quarantined> {
    match engine.halt() {
        Halt::Confirmed => {
            // The status that said "halted" was loaded before the data will be.
            mapping.layer().platform().acquire();
            Ok(mapping)
        }
        Halt::Unconfirmed => Err(quarantine(mapping)),
    }
}

fn quarantine<P: Platform, B: DmaBuffer, D: Direction>(
    mapping: Mapping<'_, P, B, D>,
) -> Quarantined {
    let len = mapping.len();
    let (Link { dma, device }, held) = mapping.dismantle();
    let slots = match held.place {
        Place::Direct(_) => None,
        Place::Bounced(slots) => Some(slots),
    };
    let buffer = Parked::new(held.buffer);
    let recorded = dma.quarantine().lock().park(device.id(), buffer, slots);
    device.counters.quarantined(P::cpu_id());
    Quarantined {
        device: device.name(),
        len,
        recorded,
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction, E: Engine> Drop for InFlight<'_, P, B, D, E> {
    fn drop(&mut self) {
        if let Some(mapping) = self.mapping.take() {
            // Unmapped by its own drop, or quarantined and counted: nothing is left to report.
            let _ = settle(mapping, &self.engine);
        }
    }
}

impl<P: Platform> Dma<P> {
    /// Ends the quarantine of a device: its memory is given back to where it came from. Returns how
    /// many transfers that were.
    ///
    /// Context: thread; runs the destructors of buffers.
    ///
    /// # Safety
    /// The device was reset, or cut off from the bus, after its last quarantined transfer: it holds
    /// no address that it was given before.
    pub unsafe fn device_was_reset(&self, device: &DmaDevice) -> usize {
        let mut ended = 0;
        loop {
            // One at a time, so that no destructor runs under the lock.
            let record = self.quarantine().lock().take(device.id());
            let Some(record) = record else {
                return ended;
            };
            if let Some(slots) = record.slots {
                self.release(slots);
            }
            record.buffer.free();
            ended += 1;
        }
    }

    /// Transfers in quarantine for `device`, and transfers of any device that found no record.
    pub fn quarantined(&self, device: &DmaDevice) -> (usize, u64) {
        let quarantine = self.quarantine().lock();
        (quarantine.of(device.id()), quarantine.leaked())
    }
}
