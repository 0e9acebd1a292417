//! Memory of transfers whose engine would not confirm that it halted.
//!
//! Such memory belongs to nobody: the device may still write it. It stays here under the device's
//! name until [`Dma::device_was_reset`](crate::Dma::device_was_reset), or under its engine's until
//! that confirms after all ([`Dma::halt_again`](crate::Dma::halt_again)). Records are fixed; what
//! finds no room is leaked, which is as safe, and counted.

extern crate alloc;

use crate::device::DeviceId;
use crate::door::{EngineId, Parked};
use crate::sg::Piece;
use crate::stand_in::StandIn;
use crate::swiotlb::Terms;
use crate::trace::Noted;
use alloc::sync::Arc;
use alloc::vec::Vec;
use arrayvec::ArrayVec;
use hal::PhysRange;

/// Records in all.
const RECORDS: usize = 32;
/// Records that one device may fill, so that a broken one does not push out the others.
const PER_DEVICE: usize = 8;

/// One transfer's memory.
pub(crate) struct Record {
    /// Of the device.
    pub(crate) terms: Arc<Terms>,
    pub(crate) engine: EngineId,
    pub(crate) buffer: Parked,
    pub(crate) kept: Kept,
    /// What is told when it leaves.
    pub(crate) freed: Noted,
}

/// Where the device had the bytes of one transfer.
pub(crate) enum Kept {
    /// In a buffer of the caller's.
    Direct(PhysRange),
    /// In what stands in for it.
    Bounced(StandIn),
    /// Of a list, in either: its own storage, so that none is allocated.
    List(Vec<Piece>),
}

/// Under whose name a record is.
#[derive(Clone, Copy)]
pub(crate) enum Whose {
    /// A bus master's, all its engines together.
    Device(DeviceId),
    /// A single engine's.
    Engine(EngineId),
}

impl Whose {
    fn is(self, record: &Record) -> bool {
        match self {
            Self::Device(device) => record.terms.device() == device,
            Self::Engine(engine) => record.engine == engine,
        }
    }
}

/// All of it.
pub(crate) struct Quarantine {
    records: ArrayVec<Record, RECORDS>,
    leaked: u64,
}

impl Quarantine {
    pub(crate) const fn new() -> Self {
        Self {
            records: ArrayVec::new_const(),
            leaked: 0,
        }
    }

    /// Keeps a transfer's memory. Returns whether there was a record for it; if not, it is leaked.
    pub(crate) fn park(&mut self, record: Record) -> bool {
        if self.of(record.terms.device()) >= PER_DEVICE || self.records.is_full() {
            // The leak. Not even a list's own storage is freed: this may be a handler.
            core::mem::forget(record);
            self.leaked += 1;
            return false;
        }
        self.records.push(record);
        true
    }

    /// Takes out one record of `whose`.
    pub(crate) fn take(&mut self, whose: Whose) -> Option<Record> {
        let at = self.records.iter().position(|record| whose.is(record))?;
        Some(self.records.swap_remove(at))
    }

    /// Records of `device`.
    pub(crate) fn of(&self, device: DeviceId) -> usize {
        self.records
            .iter()
            .filter(|record| record.terms.device() == device)
            .count()
    }

    /// Transfers that found no record.
    pub(crate) fn leaked(&self) -> u64 {
        self.leaked
    }
}
