//! What becomes of memory when its engine was told to halt: rest, or quarantine until a reset.

extern crate alloc;

use super::Parked;
use super::engine::{Engine, EngineId, Halt, Quarantined};
use crate::device::DmaDevice;
use crate::direction::Direction;
use crate::held::Place;
use crate::layer::Dma;
use crate::mapping::Mapping;
use crate::quarantine::{Kept, Record, Whose};
use crate::swiotlb::Terms;
use crate::sync::Link;
use crate::trace::{Kind, Noted};
use alloc::sync::Arc;
use hal::{DmaBuffer, Platform};

/// Rest after a confirmed halt, quarantine otherwise.
pub(super) fn settle<'d, P: Platform, B: DmaBuffer, D: Direction, E: Engine>(
    mapping: Mapping<'d, P, B, D>,
    engine: &E,
) -> Result<Mapping<'d, P, B, D>, Quarantined> {
    let mut rests = halt(mapping.layer(), mapping, engine, quarantine)?;
    let (link, held) = rests.parts();
    link.note::<B, D>(Kind::End, held);
    Ok(rests)
}

/// The same for whatever an engine was given: a mapping, or a list.
pub(super) fn halt<P: Platform, M, E: Engine>(
    dma: &Dma<P>,
    mapping: M,
    engine: &E,
    quarantine: impl FnOnce(M, EngineId) -> Quarantined,
) -> Result<M, Quarantined> {
    match engine.halt() {
        Halt::Confirmed => {
            // The status that said "halted" was loaded before the data will be.
            dma.platform().acquire();
            Ok(mapping)
        }
        Halt::Unconfirmed => Err(quarantine(mapping, engine.id())),
    }
}

pub(super) fn quarantine<P: Platform, B: DmaBuffer, D: Direction>(
    mapping: Mapping<'_, P, B, D>,
    engine: EngineId,
) -> Quarantined {
    let len = mapping.len();
    let (link, held) = mapping.dismantle();
    link.note::<B, D>(Kind::Quarantine, &held);
    let freed = link.event::<B, D>(Kind::Free, &held);
    let kept = match held.place {
        Place::Direct(extent, _) => Kept::Direct(extent),
        Place::Bounced(slots) => Kept::Bounced(slots),
    };
    park(link, engine, (Parked::new(held.buffer), kept, freed), len)
}

/// Keeps the memory of a transfer of `len` bytes in one record: buffers and slots stay together.
pub(super) fn park<P: Platform>(
    Link { dma, device }: Link<'_, P>,
    engine: EngineId,
    (buffer, kept, freed): (Parked, Kept, Noted),
    len: u64,
) -> Quarantined {
    let record = Record {
        terms: Arc::clone(device.terms()),
        engine,
        buffer,
        kept,
        freed,
    };
    let recorded = dma.quarantine().lock().park(record);
    device.counters.quarantined(P::cpu_id());
    Quarantined {
        device: device.name(),
        len,
        recorded,
    }
}

impl<P: Platform> Dma<P> {
    /// Ends the quarantine of a device: its memory is given back to where it came from, and so are the slots
    /// of what its driver left mapped ([`Inspector::device_removed`](crate::Inspector::device_removed)).
    /// Returns how many transfers that were.
    ///
    /// Context: thread; runs the destructors of buffers.
    ///
    /// # Safety
    /// The device was reset, or cut off from the bus, after its last quarantined transfer: it holds
    /// no address that it was given before.
    pub unsafe fn device_was_reset(&self, device: &DmaDevice) -> usize {
        self.free_records(Whose::Device(device.id())) + self.free_left(device)
    }

    /// Tells an engine once more to halt that would not. Once it confirms, the memory of its own
    /// transfers is given back to where it came from, by the same promise that would have brought it
    /// back at first; other engines of the same device keep theirs in quarantine. Returns how many
    /// transfers that were, or `None` if the engine still does not confirm.
    ///
    /// Context: thread; runs the destructors of buffers, and the engine's bounded halt.
    pub fn halt_again<E: Engine>(&self, engine: E) -> Option<usize> {
        match engine.halt() {
            Halt::Confirmed => Some(self.free_records(Whose::Engine(engine.id()))),
            Halt::Unconfirmed => None,
        }
    }

    /// Frees what is parked under a name that nobody uses any more.
    fn free_records(&self, whose: Whose) -> usize {
        let mut freed = 0;
        loop {
            // One at a time, so that no destructor runs under the lock.
            let record = self.quarantine().lock().take(whose);
            let Some(record) = record else {
                return freed;
            };
            // Before anybody else can have the memory.
            self.note(record.freed);
            self.free_kept(&record.terms, record.kept);
            record.buffer.free();
            freed += 1;
        }
    }

    /// Gives slots back, and drops the lines of what the device had in place: it may have written there, and
    /// whoever has the memory next would find now the old bytes and now the new.
    fn free_kept(&self, terms: &Terms, kept: Kept) {
        match kept {
            Kept::Direct(extent) => self.told().clean_invalidate(extent),
            Kept::Bounced(slots) => self.release(terms, slots),
            Kept::List(pieces) => {
                for piece in pieces {
                    if piece.slots.is_none() {
                        self.told().clean_invalidate(piece.device_side());
                    }
                    piece
                        .slots
                        .into_iter()
                        .for_each(|slots| self.release(terms, slots));
                }
            }
        }
        self.told().complete();
    }

    /// Transfers in quarantine for `device`, and transfers of any device that found no record.
    ///
    /// Context: any; of a device whose driver is gone, thread.
    pub fn quarantined(&self, device: &DmaDevice) -> (usize, u64) {
        let left = self.left_by(device);
        let quarantine = self.quarantine().lock();
        (quarantine.of(device.id()) + left, quarantine.leaked())
    }
}
