//! The checker as one value: the list, the findings, and what the image told it.

use super::finding::{Cause, Finding, NotForDevices};
use super::live::{CALLERS, List, Live};
use super::options::{Level, Name, Options};
use super::report::Reports;
use crate::guard::Freed;
use arrayvec::ArrayVec;
use core::fmt;
use hal::{IrqLock, PhysRange, Platform, Rank};

/// Parts of the image that are no devices' business.
const FORBIDDEN: usize = 24;

/// Memory that no driver may map, as the image knows it: text, read-only data, stacks.
pub type Forbidden = ArrayVec<(PhysRange, NotForDevices), FORBIDDEN>;

/// Where the checker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Does it check?
    pub on: bool,
    /// Live mappings that it remembers.
    pub live: u32,
    /// The most that ever were.
    pub most: u32,
    /// Those that it could remember.
    pub entries: u32,
    /// Wrong uses so far.
    pub errors: u64,
    /// Findings that will still be told.
    pub num_errors: u32,
    /// Will all be?
    pub all_errors: bool,
}

/// There is no memory for the list: the checker stays off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory {
    /// Entries asked for.
    pub entries: u32,
}

impl fmt::Display for NoMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries;
        write!(
            f,
            "no memory for {entries} live mappings: dma_debug is off, try a lower dma_debug_entries="
        )
    }
}

/// The checker. Made by the image, and handed to the layer ([`Dma::check_with`](crate::Dma::check_with)).
pub struct Checker<P: Platform> {
    pub(super) inner: IrqLock<Inner, P>,
    pub(super) forbidden: Forbidden,
    /// Who had which slot last (CP-8).
    pub(crate) freed: IrqLock<Freed, P>,
    /// Maintenance joins the trace.
    pub(super) traces: bool,
    /// Told that findings wait.
    pub(super) kick: fn(),
}

pub(super) struct Inner {
    pub(super) list: List,
    pub(super) reports: Reports,
    pub(super) on: bool,
    /// The line about a full list is still to be told.
    pub(super) overflowed: bool,
}

impl<P: Platform> Checker<P> {
    /// A checker as `options` want it, or none for [`Level::Off`]. `kick` is called when something waits
    /// to be told, in any context and with no lock of the layer held.
    ///
    /// Context: thread; allocates.
    pub fn new(
        options: &Options,
        forbidden: Forbidden,
        kick: fn(),
    ) -> Result<Option<Self>, NoMemory> {
        if options.level == Level::Off {
            return Ok(None);
        }
        let entries = options.entries;
        let none = |_| NoMemory { entries };
        let list = List::with_capacity(entries).map_err(none)?;
        let freed = Freed::new().map_err(none)?;
        let inner = Inner {
            list,
            reports: Reports::new(options.driver),
            on: true,
            overflowed: false,
        };
        Ok(Some(Self {
            inner: IrqLock::new(Rank::Layer, "live mappings", inner),
            forbidden,
            traces: options.level == Level::Trace,
            freed: IrqLock::new(Rank::Layer, "slots that nobody has", freed),
            kick,
        }))
    }

    /// Where it stands.
    pub fn status(&self) -> Status {
        let inner = self.inner.lock();
        Status {
            on: inner.on,
            live: inner.list.used(),
            most: inner.list.most,
            entries: inner.list.capacity(),
            errors: inner.reports.errors,
            num_errors: inner.reports.num_errors,
            all_errors: inner.reports.all_errors,
        }
    }

    /// Off, for good (DM-4).
    pub fn turn_off(&self) {
        self.inner.lock().on = false;
    }

    /// Tells so many more findings; all, for `None`.
    pub fn tell(&self, findings: Option<u32>) {
        let mut inner = self.inner.lock();
        inner.reports.all_errors = findings.is_none();
        inner.reports.num_errors = findings.unwrap_or(0);
    }

    /// Tells findings of this device alone, or of all.
    pub fn only(&self, driver: &str) {
        let name = Name::from(driver).ok();
        self.inner.lock().reports.driver = name.filter(|name| !name.is_empty());
    }

    /// The oldest finding that waits.
    pub fn finding(&self) -> Option<Finding> {
        self.inner.lock().reports.take()
    }

    /// Did the list overflow since this was asked last? Then the checker is off.
    pub fn overflow(&self) -> bool {
        core::mem::take(&mut self.inner.lock().overflowed)
    }

    /// Entry `at` of the list, for reports: some are empty.
    pub fn live(&self, at: u32) -> Option<Live> {
        self.inner.lock().list.get(at)
    }

    /// Notes findings, one by one, and tells that they wait.
    pub(super) fn note(&self, device: &'static str, causes: &[Cause], callers: [u64; CALLERS]) {
        let mut told = false;
        for cause in causes {
            let finding = Finding {
                device,
                cause: *cause,
                callers,
            };
            told |= self.inner.lock().reports.note(finding);
        }
        if told {
            (self.kick)();
        }
    }
}
