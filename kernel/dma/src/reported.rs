//! Transfers whose driver is told how much arrived: `FromDevice<Reported>` (WE).
//!
//! ```text
//!   map(.., FromDevice::REPORTED)          complete(n)               unmap
//! ------------------------------> Mapping -------------> Completed -------> Filled, into_inner -> B
//!                     launch, end: ^  |  <-------------                     |
//!                                  +--+       again                         |
//!                                  ^                                        |
//!                                  +-------------- map_filled --------------+
//! ```
//!
//! * **No more comes home than was reported.** The end drops the lines of the first `n` bytes, and
//!   copies those bytes out of a bounce buffer. The rest is unspecified, and never another owner's:
//!   what was in the buffer, what the device put there, or zeros.
//! * **Nothing is copied first.** A bounce buffer is scrubbed instead (CP-4): it costs half of a copy,
//!   and no byte of it comes back unless the device is said to have written it.
//! * **No report is a report of nothing.** What is dropped copies nothing; an error path says
//!   [`Mapping::abandon`].
//! * **A wrong report is an error** with both numbers, and the mapping comes back.
//!
//! The layer believes the driver, within the buffer: who reports more than arrived reads what was
//! there before, of the buffer's own or zeros.

use crate::direction::{FromDevice, Reported};
use crate::filled::Filled;
use crate::held::{Held, Lines, Place};
use crate::mapping::Mapping;
use crate::owned::lines_after;
use crate::span::{Overrun, Span};
use crate::sync::Link;
use crate::trace::Kind;
use crate::view::CpuView;
use core::fmt;
use hal::{DmaBuffer, Platform};

/// More was reported than the buffer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuch {
    /// Bytes reported.
    pub reported: u64,
    /// Bytes of the mapping.
    pub len: u64,
}

impl fmt::Display for TooMuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reported, len } = self;
        write!(
            f,
            "{reported} bytes reported of a mapping of {len}: report what the device wrote of the \
             buffer, without what the channel rounded up"
        )
    }
}

/// A report that was not taken, and what it was about.
pub struct Misreported<M> {
    /// Why.
    pub error: TooMuch,
    /// What was to be completed, as it was.
    pub mapping: M,
}

impl<M> fmt::Debug for Misreported<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

impl<M> fmt::Display for Misreported<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

/// A transfer that is over, and how much of it there is. Dropping it ends the mapping too.
pub struct Completed<'d, P: Platform, B: DmaBuffer> {
    mapping: Mapping<'d, P, B, FromDevice<Reported>>,
    /// None of nothing.
    arrived: Option<Span>,
    /// The CPU has looked at it already, so it is home.
    home: bool,
}

impl<'d, P: Platform, B: DmaBuffer> Mapping<'d, P, B, FromDevice<Reported>> {
    /// Reports that the device wrote `bytes` bytes, from the start of the buffer on.
    ///
    /// Context: any.
    pub fn complete(self, bytes: u64) -> Result<Completed<'d, P, B>, Misreported<Self>> {
        match Span::of(0, bytes, self.len(), Overrun::Refused) {
            Ok(arrived) => Ok(Completed {
                mapping: self,
                arrived,
                home: false,
            }),
            Err(past) => Err(Misreported {
                error: TooMuch {
                    reported: past.len,
                    len: past.mapped,
                },
                mapping: self,
            }),
        }
    }

    /// Ends the mapping without a report: nothing arrived, and nothing is copied.
    ///
    /// Context: any. Never fails, never waits (save for the pool's lock) (INV-9).
    pub fn abandon(self) -> Filled<'d, P, B> {
        let (link, held) = self.dismantle();
        link.unmap_reported(held, None, false)
    }
}

impl<'d, P: Platform, B: DmaBuffer> Completed<'d, P, B> {
    /// Bytes that arrived.
    pub fn len(&self) -> u64 {
        self.arrived.map_or(0, Span::len)
    }

    /// Did nothing arrive?
    pub fn is_empty(&self) -> bool {
        self.arrived.is_none()
    }

    /// Lets the CPU look at what arrived, and leaves the mapping as it is: for drivers that use it
    /// [`again`](Self::again).
    ///
    /// Context: any; does not wait.
    pub fn for_cpu(&mut self) -> CpuView<'_, 'd, P, B, FromDevice<Reported>> {
        self.home = true;
        self.mapping.look(self.arrived)
    }

    /// The mapping, at rest, for the next transfer. What arrived is forgotten.
    pub fn again(self) -> Mapping<'d, P, B, FromDevice<Reported>> {
        self.mapping
    }

    /// Ends the mapping: what arrived is in the buffer, for the CPU to read.
    ///
    /// Context: any. Never fails, never waits (save for the pool's lock) (INV-9).
    pub fn unmap(self) -> Filled<'d, P, B> {
        let (link, held) = self.mapping.dismantle();
        link.unmap_reported(held, self.arrived, self.home)
    }
}

impl<'d, P: Platform> Link<'d, P> {
    /// Brings home what arrived, unless it is there already, and nothing else.
    pub(crate) fn unmap_reported<B: DmaBuffer>(
        self,
        mut held: Held<B>,
        arrived: Option<Span>,
        home: bool,
    ) -> Filled<'d, P, B> {
        self.end_forgotten_view::<B, FromDevice<Reported>>(&mut held);
        if let Some(span) = arrived.filter(|_| !home) {
            self.sync_for_cpu::<B, FromDevice<Reported>>(&mut held, span);
        }
        let all = arrived.is_some_and(|span| span.is_whole(held.buffer.range().len()));
        self.inspect_held::<B, FromDevice<Reported>>(&held, all);
        let lines = lines_after::<B, FromDevice<Reported>>(&held, self.device);
        // Of lines that nobody dropped the devices have the rest.
        let kind = match lines {
            Lines::Stale(_) => Kind::UnmapSkipSync,
            Lines::InStep | Lines::Dirty => Kind::Unmap,
        };
        self.note::<B, FromDevice<Reported>>(kind, &held);
        if let Place::Bounced(slots) = held.place {
            self.dma.release(self.device.terms(), slots);
        }
        Filled::new(self.dma, held.buffer, lines, arrived)
    }
}

impl<P: Platform, B: DmaBuffer> fmt::Debug for Completed<'_, P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, of) = (self.len(), self.mapping.len());
        write!(f, "Completed({len} of {of} bytes)")
    }
}
