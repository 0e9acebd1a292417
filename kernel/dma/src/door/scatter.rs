//! The door for lists: segments of a mapped list reach a device's descriptors, and the list comes
//! back, or goes into quarantine with all its slots.

use super::Parked;
use super::engine::{Engine, EngineId, Quarantined};
use super::settle::{halt, park};
use crate::direction::Direction;
use crate::quarantine::Kept;
use crate::sg::{HeldSg, MappedSg, Segments};
use crate::sync::Link;
use crate::trace::Kind;
use hal::{DmaBuffer, Platform};

impl<'d, P: Platform, B: DmaBuffer, D: Direction> MappedSg<'d, P, B, D> {
    /// Takes the list through the door: what comes back tells its [`segments`](SgInFlight::segments),
    /// to be written to descriptors of `engine`, and promises to halt that engine before the memory is
    /// anyone's again.
    ///
    /// Cache maintenance is complete on return; the caller still puts `publish` between its own
    /// stores to RAM (descriptors) and the doorbell.
    ///
    /// # Safety
    /// The segments are given to `engine` alone, which is the master that [`device`](Self::device)
    /// describes, for accesses in the direction of the mapping.
    pub unsafe fn launch<E: Engine>(mut self, engine: E) -> SgInFlight<'d, P, B, D, E> {
        let (link, held) = self.parts();
        link.hand_over_sg::<B, D>(held);
        link.note_sg::<B, D>(Kind::Launch, held);
        show_segments(link, held);
        SgInFlight {
            mapping: Some(self),
            engine,
        }
    }
}

/// A list whose addresses have reached descriptors. No CPU access.
///
/// Dropping it halts the engine; then the buffers are unmapped and dropped, or quarantined.
/// Forgetting it leaks the memory.
pub struct SgInFlight<'d, P: Platform, B: DmaBuffer, D: Direction, E: Engine> {
    mapping: Option<MappedSg<'d, P, B, D>>,
    engine: E,
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction, E: Engine> SgInFlight<'d, P, B, D, E> {
    fn mapping(&self) -> &MappedSg<'d, P, B, D> {
        self.mapping
            .as_ref()
            .expect("taken by calls that end the flight")
    }

    /// What the device is given, in the order of the list's bytes.
    pub fn segments(&self) -> Segments<'_> {
        self.mapping().segments()
    }

    /// Bytes to transfer.
    #[expect(clippy::len_without_is_empty, reason = "a mapped list is never empty")]
    pub fn len(&self) -> u64 {
        self.mapping().len()
    }

    /// Halts the engine and brings the list back to rest.
    ///
    /// Also the way to end a transfer that is complete. Context: as the engine's `halt`.
    pub fn end(mut self) -> Result<MappedSg<'d, P, B, D>, Quarantined> {
        let mapping = self.mapping.take();
        let mapping = mapping.expect("taken by calls that end the flight");
        settle(mapping, &self.engine)
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction, E: Engine> Drop for SgInFlight<'_, P, B, D, E> {
    fn drop(&mut self) {
        if let Some(mapping) = self.mapping.take() {
            // Unmapped by its own drop, or quarantined and counted: nothing is left to report.
            let _ = settle(mapping, &self.engine);
        }
    }
}

/// Rest after a confirmed halt, quarantine otherwise.
fn settle<'d, P: Platform, B: DmaBuffer, D: Direction, E: Engine>(
    mapping: MappedSg<'d, P, B, D>,
    engine: &E,
) -> Result<MappedSg<'d, P, B, D>, Quarantined> {
    let mut rests = halt(mapping.layer(), mapping, engine, quarantine)?;
    let (link, held) = rests.parts();
    link.note_sg::<B, D>(Kind::End, held);
    Ok(rests)
}

/// Shows the checker what the device is about to be given.
pub(super) fn show_segments<P: Platform, B: DmaBuffer>(link: Link<'_, P>, held: &HeldSg<B>) {
    if let Some(checker) = &link.dma.checker {
        let segments = Segments::of(held.pieces(), link.device.limits());
        let numbers = segments.map(|segment| (segment.bus.get(), segment.len));
        checker.saw_segments(link.device, numbers);
    }
}

pub(super) fn quarantine<P: Platform, B: DmaBuffer, D: Direction>(
    mapping: MappedSg<'_, P, B, D>,
    engine: EngineId,
) -> Quarantined {
    let len = mapping.len();
    let (link, held) = mapping.dismantle();
    link.note_sg::<B, D>(Kind::Quarantine, &held);
    let freed = link.event_sg::<B, D>(Kind::Free, &held);
    let (elements, pieces) = held.table.apart();
    let kept = Kept::List(pieces);
    park(link, engine, (Parked::new(elements), kept, freed), len)
}
