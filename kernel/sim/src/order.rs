//! Barriers between RAM and device registers.
//!
//! Two rules are checked, each as simply as it catches a forgotten barrier:
//!
//! * *publish*: when a core rings a doorbell, all its stores to RAM lie before its latest `publish`
//!   or `complete`. Per core, since a barrier orders its own core's stores.
//! * *acquire*: lines that a device wrote are "fresh"; a status read makes them "reported"; an
//!   `acquire` or `complete` after it makes them ordinary. Loading a reported line is a violation.
//!   Machine-wide, since cores pass buffers on under locks, which order too. A test that never
//!   reads a status is not checked.

use hal::{CpuId, MAX_CPUS, PhysAddr};
use std::collections::HashSet;
use std::hash::{Hash, Hasher};

#[derive(Default)]
pub(crate) struct Order {
    unpublished: [Option<PhysAddr>; MAX_CPUS],
    fresh: HashSet<PhysAddr>,
    reported: HashSet<PhysAddr>,
}

impl Order {
    pub(crate) fn stored(&mut self, cpu: CpuId, at: PhysAddr) {
        self.unpublished[cpu.index()] = Some(at);
    }

    pub(crate) fn published(&mut self, cpu: CpuId) {
        self.unpublished[cpu.index()] = None;
    }

    /// The store that a doorbell of `cpu` would overtake.
    pub(crate) fn unpublished(&self, cpu: CpuId) -> Option<PhysAddr> {
        self.unpublished[cpu.index()]
    }

    pub(crate) fn device_wrote(&mut self, line: PhysAddr) {
        self.fresh.insert(line);
    }

    pub(crate) fn status_read(&mut self) {
        self.reported.extend(self.fresh.drain());
    }

    pub(crate) fn acquired(&mut self) {
        self.reported.clear();
    }

    /// May a load of `line` have been done before the status was read?
    pub(crate) fn is_unacquired(&self, line: PhysAddr) -> bool {
        self.reported.contains(&line)
    }

    /// What is owed, for a search.
    pub(crate) fn fingerprint(&self, hasher: &mut impl Hasher) {
        let unpublished = self.unpublished.map(|at| at.is_some());
        let mut lines: Vec<_> = self.fresh.iter().map(|line| (false, line.get())).collect();
        lines.extend(self.reported.iter().map(|line| (true, line.get())));
        lines.sort_unstable();
        (unpublished, lines).hash(hasher);
    }

    /// The line has a new owner: what was written there before is of no interest.
    pub(crate) fn forget(&mut self, line: PhysAddr) {
        self.fresh.remove(&line);
        self.reported.remove(&line);
    }
}
