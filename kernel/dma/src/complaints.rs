//! Refused mappings, and calls that fit no mapping, that are worth a message (DEC-3).
//!
//! A refusal happens in any context, a message does not: it is kept here until somebody who may print
//! asks for it ([`Inspector::complaint`](crate::Inspector::complaint)). One per device at a time, so
//! that a driver which tries again and again is told of once, with how often that was.

use crate::address::Misuse;
use crate::attrs::Attrs;
use crate::device::{DeviceId, DmaDevice};
use crate::error::MapError;
use crate::guard::Overrun;
use crate::layer::Dma;
use crate::trace::{Kind, Tag};
use arrayvec::ArrayVec;
use core::fmt;
use hal::Platform;

/// Devices with a message that waits.
const DEVICES: usize = 16;

/// What is complained of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A mapping was refused.
    Refused(MapError),
    /// A driver that keeps bus addresses alone gave a wrong one, or a wrong call for it.
    Misused(Misuse),
    /// The device wrote where nothing of its own is.
    Overran(Overrun),
    /// The driver is gone, and left mappings behind (DBG-17).
    Left {
        /// How many.
        live: u64,
    },
}

impl Cause {
    /// In a word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Misused(_) => "misused",
            Self::Overran(_) => "overrun",
            Self::Left { .. } => "left",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Misused(misuse) => misuse.fmt(f),
            Self::Overran(overrun) => overrun.fmt(f),
            Self::Left { live } => write!(
                f,
                "removed with {live} mappings live, which keep their memory: unmap them first, and boot with \
                 dma_debug=on to see which"
            ),
        }
    }
}

/// A refused mapping, or a wrong call, in one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Whose it was.
    pub device: &'static str,
    /// What of.
    pub cause: Cause,
    /// Complaints of the same device since, whatever of.
    pub more: u64,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.device, self.cause)?;
        match self.more {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}

/// Messages that wait.
pub(crate) struct Complaints {
    waiting: ArrayVec<(DeviceId, Complaint), DEVICES>,
}

impl Complaints {
    pub(crate) const fn new() -> Self {
        Self {
            waiting: ArrayVec::new_const(),
        }
    }

    pub(crate) fn note(&mut self, device: &DmaDevice, cause: Cause) {
        let known = self.waiting.iter_mut().find(|(id, _)| *id == device.id());
        if let Some((_, complaint)) = known {
            complaint.more += 1;
            return;
        }
        let complaint = Complaint {
            device: device.name(),
            cause,
            more: 0,
        };
        // One device too many is counted by its own counters alone.
        let _ = self.waiting.try_push((device.id(), complaint));
    }

    pub(crate) fn take(&mut self) -> Option<Complaint> {
        self.waiting.pop_at(0).map(|(_, complaint)| complaint)
    }
}

impl<P: Platform> Dma<P> {
    /// Counts a refusal, and keeps it for a message unless none is wanted.
    pub(crate) fn refuse(&self, device: &DmaDevice, error: MapError, attrs: Attrs) -> MapError {
        let kind = error.refusal();
        device.counters.refused(P::cpu_id(), kind, error.reason());
        if let Some(pool) = self.pool_of(device) {
            pool.refused(kind);
        }
        let (addr, len) = error.block().map_or((0, 0), |b| (b.start().get(), b.len()));
        let tag = Tag::plain(Kind::Refuse, device.id().number());
        self.trace().note::<P>(tag.attrs(attrs), addr, len);
        if !attrs.contains(Attrs::NO_WARN) {
            let cause = Cause::Refused(error);
            self.complaints().lock().note(device, cause);
        }
        error
    }

    /// Keeps a wrong call for a message.
    pub(crate) fn misused(&self, device: &DmaDevice, cause: Cause) {
        self.complaints().lock().note(device, cause);
    }
}
