//! Which lines were cleaned and dropped, and since when that counts (CM-1, CM-2).
//!
//! Followed are lines that lie wholly in a mapping: the others have neighbours who may do as they like. What
//! is uncached has none.

extern crate alloc;

use super::super::event::{Event, Kind};
use super::Disorder;
use crate::attrs::Attrs;
use crate::direction::Dir;
use alloc::collections::BTreeMap;
use hal::LINE;

/// What is known of all lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Events so far.
    now: u64,
    known: BTreeMap<u64, Known>,
}

/// When something last happened to a line; 0: never, as far as is known.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    cleaned: u64,
    dropped: u64,
    /// The CPU got it, and may have stored to it since.
    cpus: u64,
    /// A device had it, and may have written to it until then.
    devices: u64,
    uncached: bool,
}

/// Whose lines they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mapping {
    /// Where the CPU finds them.
    pub(super) start: u64,
    /// Their device looks into the caches.
    pub(super) snoops: bool,
}

impl Lines {
    /// Maintenance, by physical address.
    pub(super) fn maintained(&mut self, event: &Event) {
        self.now += 1;
        let now = self.now;
        let first = event.addr / LINE;
        for line in first..(event.addr.saturating_add(event.len)).div_ceil(LINE) {
            let known = self.known.entry(line).or_default();
            match event.kind {
                Kind::Clean | Kind::CopyIn => known.cleaned = now,
                Kind::Invalidate => known.dropped = now,
                Kind::CleanInvalidate => (known.cleaned, known.dropped) = (now, now),
                Kind::Put => known.uncached = true,
                _ => {}
            }
        }
    }

    /// A call may be made as far as its lines go. `whole`: all of the past is known.
    pub(super) fn agree(&self, event: &Event, of: Mapping, whole: bool) -> Result<(), Disorder> {
        let kind = event.kind;
        if of.snoops || !is_followed(event) {
            return Ok(());
        }
        for line in whole_lines(of.start, event.len) {
            let known = self.known.get(&line).copied().unwrap_or_default();
            let (addr, uncached) = (line * LINE, known.uncached);
            let never = known.cleaned == 0 && whole;
            if !uncached && shows_device(kind) && (never || known.cleaned < known.cpus) {
                return Err(Disorder::NotCleaned { kind, addr });
            }
            let shows = shows_cpu(kind) && event.dir.is_some_and(Dir::device_writes);
            if !uncached && shows && known.dropped < known.devices {
                return Err(Disorder::NotDropped { kind, addr });
            }
        }
        Ok(())
    }

    /// A call was made.
    pub(super) fn called(&mut self, event: &Event, of: Mapping) {
        self.now += 1;
        let now = self.now;
        if !is_followed(event) {
            return;
        }
        let writes = event.dir.is_some_and(Dir::device_writes);
        let ends = matches!(event.kind, Kind::End | Kind::Settle);
        let has = ends || matches!(event.kind, Kind::Expose | Kind::SyncForDevice);
        let stores = match event.kind {
            Kind::Unmap => true,
            Kind::SyncForCpu => event.dir != Some(Dir::FromDevice),
            // What a device that snoops wrote is in the caches.
            _ => ends && writes && of.snoops,
        };
        let device = has && writes && !of.snoops;
        if !(stores || device) {
            return;
        }
        for line in whole_lines(of.start, event.len) {
            let known = self.known.entry(line).or_default();
            if stores {
                known.cpus = now;
            }
            if device {
                known.devices = now;
            }
        }
    }
}

/// Of a list the first address and the sum of lengths are known; what is shared, or not synced, is the
/// devices' meanwhile.
fn is_followed(event: &Event) -> bool {
    let apart = Attrs::SHARED | Attrs::ALREADY_DEVICE_OWNED;
    !event.list && !event.attrs.overlaps(apart)
}

/// Does a device look at the lines from here on?
fn shows_device(kind: Kind) -> bool {
    matches!(kind, Kind::Launch | Kind::Expose | Kind::SyncForDevice)
}

/// Does the CPU?
fn shows_cpu(kind: Kind) -> bool {
    matches!(kind, Kind::Unmap | Kind::SyncForCpu)
}

fn whole_lines(start: u64, len: u64) -> core::ops::Range<u64> {
    start.div_ceil(LINE)..start.saturating_add(len) / LINE
}
