//! Loads and stores. Most find nothing to do; those take a few instructions, for there are many
//! millions of them.

use super::lines::{
    CACHED, CLEANING, DIRTY, DROPPING, PRESENT, READ, STALE, UNACQUIRED, UNCACHED, UNPUBLISHED,
    WRITTEN, lines_of, with_storer,
};
use super::transfer::Range;
use super::{Model, Through};
use crate::LINE;
use crate::finding::{Finding, Kind, Site};

/// What a load looks at, and what it must find to have nothing to do.
const LOAD_LOOKS: u16 = STALE | DROPPING | UNACQUIRED | WRITTEN | UNCACHED | PRESENT | CACHED;
const LOAD_QUIET: u16 = PRESENT | CACHED;
/// The same for a store, whose core must also have stored last.
const STORE_LOOKS: u16 = !(CLEANING | 3 << 12);
const STORE_QUIET: u16 = DIRTY | PRESENT | UNPUBLISHED | CACHED;

/// Bytes that an instruction accesses.
#[derive(Clone, Copy)]
pub(super) struct Access {
    pub(super) at: Site,
    pub(super) bytes: Range,
    pub(super) store: bool,
}

impl Model {
    /// The CPU loads.
    #[inline]
    pub fn load(&mut self, at: Site, phys: u64, len: u64, through: Through) {
        self.stats.loads += 1;
        let quiet = through == Through::Cache && self.caches_on(at.core);
        for line in lines_of(phys, len) {
            if !quiet || self.lines.get(line) & LOAD_LOOKS != LOAD_QUIET {
                self.access(at, phys, len, line, through, false);
            }
        }
    }

    /// The CPU stores.
    #[inline]
    pub fn store(&mut self, at: Site, phys: u64, len: u64, through: Through) {
        self.stats.stores += 1;
        let quiet = through == Through::Cache && self.caches_on(at.core);
        let expected = with_storer(STORE_QUIET, at.core);
        for line in lines_of(phys, len) {
            if !quiet || self.lines.get(line) & STORE_LOOKS != expected {
                self.access(at, phys, len, line, through, true);
            }
        }
    }

    #[cold]
    fn access(&mut self, at: Site, phys: u64, len: u64, line: u64, way: Through, store: bool) {
        let access = Access {
            at,
            bytes: Range::new(phys, len),
            store,
        };
        if !self.caches_on(at.core) {
            return self.access_without_cache(access, line);
        }
        self.reached(access, line, way);
        if self.touches(access, line) {
            return;
        }
        self.early(access, line, way);
        if self.lines.get(line) & UNACQUIRED != 0 {
            self.acquired(at, line);
        }
        let cached = if way == Through::Cache { PRESENT } else { 0 };
        self.lines.change(line, 0, cached);
        if store {
            self.stored(at.core, line, way);
        }
    }

    fn stored(&mut self, core: u8, line: u64, way: Through) {
        let state = self.lines.get(line);
        let dirty = if way == Through::Cache { DIRTY } else { 0 };
        self.lines
            .set(line, with_storer(state | dirty | UNPUBLISHED, core));
        // A line that another core stored to is in that core's list: this one needs it as well.
        self.cores[usize::from(core)].stored.push(line);
    }

    /// Notes by which way a line is reached, and whether it was reached by the other as well.
    fn reached(&mut self, access: Access, line: u64, way: Through) {
        let (mine, other) = match way {
            Through::Cache => (CACHED, UNCACHED),
            Through::Uncached => (UNCACHED, CACHED),
        };
        let state = self.lines.get(line);
        self.lines.set(line, state | mine);
        let page = line / (4096 / LINE);
        if state & mine == 0 && state & other != 0 && self.mixed.insert(page) {
            self.cpu_finding(Kind::TwoCacheabilities, access, line);
        }
    }

    /// Data of a device that are still in the caches as they were before, or may be.
    fn early(&mut self, access: Access, line: u64, way: Through) {
        let state = self.lines.get(line);
        let kind = if way == Through::Uncached {
            return;
        } else if state & DROPPING != 0 && !access.store {
            Kind::EarlyCopy
        } else if state & STALE != 0 && state & DROPPING == 0 {
            if access.store {
                return self.renew(access, line);
            }
            if self.finds_renewed(access, line) {
                return;
            }
            self.renewed.remove(&line);
            Kind::StaleLoad
        } else {
            return;
        };
        self.cpu_finding(kind, access, line);
        self.forget_in_transfer(line, STALE | DROPPING);
    }

    /// Whether a device has the line, and the CPU must not touch it like this.
    fn touches(&mut self, access: Access, line: u64) -> bool {
        if self.lines.get(line) & (READ | WRITTEN) == 0 {
            return false;
        }
        let Some((kind, master, part)) = self.transfers.touched(access, line) else {
            return false;
        };
        let finding = self.line_finding(kind, access, line);
        self.report_once(
            master,
            Finding {
                master: Some(master),
                part: Some(part),
                ..finding
            },
        );
        true
    }

    pub(super) fn cpu_finding(&mut self, kind: Kind, access: Access, line: u64) {
        let finding = self.line_finding(kind, access, line);
        self.report(finding);
    }

    /// A finding about the CPU's own access to a line, with whoever wrote there last.
    pub(super) fn line_finding(&self, kind: Kind, access: Access, line: u64) -> Finding {
        let writer = self.transfers.writer(line);
        Finding {
            kind,
            master: writer.map(|(master, _)| master),
            part: writer.map(|(_, part)| part),
            address: access.bytes.start,
            length: access.bytes.len,
            line: line * LINE,
            lines: 1,
            site: access.at,
        }
    }
}
