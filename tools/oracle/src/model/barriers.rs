//! Barriers: `dsb` completes the core's maintenance, a barrier for stores publishes what the core
//! stored, a barrier for loads acquires what devices wrote before their status said so.
//!
//! A `dsb` does not count as publishing. The layer has one only where it had to maintain lines; a
//! driver whose memory needs no maintenance would be left without any, so that its own barrier is
//! always asked for (CM-8).

use super::Model;
use super::cpu::Access;
use super::lines::{CLEANING, DROPPING, STALE, UNACQUIRED, UNPUBLISHED, maintainer, storer};
use super::transfer::Range;
use crate::LINE;
use crate::a64::Barrier;
use crate::finding::{Finding, Kind, Master, Site};

impl Model {
    pub(super) fn barrier(&mut self, at: Site, barrier: Barrier) {
        self.stats.barriers += 1;
        if barrier.completes {
            self.complete(at.core);
        } else if barrier.stores {
            self.publish(at.core);
        }
        if barrier.loads {
            for started in self.transfers.over() {
                started.acquired |= 1 << at.core;
            }
        }
    }

    fn complete(&mut self, core: u8) {
        for line in std::mem::take(&mut self.cores[usize::from(core)].begun) {
            let state = self.lines.get(line);
            if maintainer(state) == core {
                let fresh = if state & DROPPING != 0 { STALE } else { 0 };
                self.lines.set(line, state & !(CLEANING | DROPPING | fresh));
            }
        }
    }

    fn publish(&mut self, core: u8) {
        for line in std::mem::take(&mut self.cores[usize::from(core)].stored) {
            let state = self.lines.get(line);
            if storer(state) == core {
                self.lines.set(line, state & !UNPUBLISHED);
            }
        }
    }

    /// The CPU has looked at a master's status: what it loads from here on is ordered behind that by
    /// its next barrier only.
    pub(super) fn status(&mut self, at: Site, master: Master) {
        self.stats.statuses += 1;
        if let Some(started) = self.transfers.last(master) {
            started.acquired &= !(1 << at.core);
        }
    }

    /// The core uses what a device wrote to `line`.
    pub(super) fn acquired(&mut self, at: Site, line: u64) {
        self.lines.change(line, UNACQUIRED, 0);
        let Some(started) = self.transfers.wrote(line) else {
            return;
        };
        if started.acquired >> at.core & 1 == 1 {
            return;
        }
        let pieces = started.transfer.pieces.iter();
        let range = pieces
            .filter(|piece| piece.is_written())
            .map(|piece| piece.range);
        let range = range
            .into_iter()
            .find(|range| range.lines().contains(&line));
        let access = Access {
            at,
            bytes: range.unwrap_or(Range::new(line * LINE, LINE)),
            store: false,
        };
        let finding: Finding = self.line_finding(Kind::NoAcquire, access, line);
        self.report(finding);
        self.forget_in_transfer(line, UNACQUIRED);
    }
}
