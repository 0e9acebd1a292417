//! Cores that run with MMU and caches off: to the others' caches they are devices.
//!
//! Such a core may look at a line again and again until somebody has written it back, as one that
//! waits for its release word does. So its look at a dirty line only counts if it was the last one
//! before the core switched its caches on and went its way.

use super::Model;
use super::cpu::Access;
use super::lines::{CLEANING, DIRTY, STALE};
use crate::LINE;
use crate::finding::{Finding, Kind, Master, Part, Site};
use std::collections::BTreeMap;

/// What a core without caches has seen.
#[derive(Default)]
pub(super) struct Off {
    /// Lines that were not in memory when it last looked, and where it did.
    missed: BTreeMap<u64, Access>,
}

impl Model {
    pub(super) fn access_without_cache(&mut self, access: Access, line: u64) {
        let state = self.lines.get(line);
        let others = self.cores.iter().any(|core| core.off.is_none());
        let absent = state & (DIRTY | CLEANING) != 0;
        if access.store && others {
            if absent {
                self.off_finding(Kind::DirtyWrite, access, line);
            }
            self.lines.change(line, DIRTY, STALE);
        }
        let Some(off) = &mut self.cores[usize::from(access.at.core)].off else {
            return;
        };
        if absent && !access.store {
            off.missed.insert(line, access);
        } else {
            off.missed.remove(&line);
        }
    }

    pub(super) fn switch(&mut self, at: Site, on: bool) {
        let core = &mut self.cores[usize::from(at.core)];
        if !on {
            core.off.get_or_insert_default();
            return;
        }
        let missed = core.off.take().map(|off| off.missed).unwrap_or_default();
        for (line, access) in missed {
            self.off_finding(Kind::DirtyRead, access, line);
        }
    }

    fn off_finding(&mut self, kind: Kind, access: Access, line: u64) {
        let part = if access.store {
            Part::Destination
        } else {
            Part::Source
        };
        self.report(Finding {
            kind,
            master: Some(Master::Core(access.at.core)),
            part: Some(part),
            address: access.bytes.start,
            length: access.bytes.len,
            line: line * LINE,
            lines: 1,
            site: access.at,
        });
    }
}
