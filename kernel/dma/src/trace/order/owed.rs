//! Maintenance that no barrier has followed yet (CM-7).

extern crate alloc;

use super::super::event::{Event, Kind};
use super::Disorder;
use alloc::vec::Vec;
use hal::LINE;

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Owed(Vec<Debt>);

#[derive(Clone, Copy, Debug)]
struct Debt {
    core: usize,
    what: Kind,
    /// First and last line.
    lines: (u64, u64),
}

impl Owed {
    pub(super) fn add(&mut self, core: usize, event: &Event) {
        self.0.push(Debt {
            core,
            what: event.kind,
            lines: lines(event.addr, event.len),
        });
    }

    /// A core has waited for all of its own.
    pub(super) fn pay(&mut self, core: usize) {
        self.0.retain(|debt| debt.core != core);
    }

    /// A core's stores to uncached memory are in order.
    pub(super) fn publish(&mut self, core: usize) {
        self.0
            .retain(|debt| debt.core != core || debt.what != Kind::Put);
    }

    /// Nothing of what `event` depends on is owed to these bytes.
    pub(super) fn waited(&self, event: &Event, start: u64, len: u64) -> Result<(), Disorder> {
        let (first, last) = lines(start, len);
        let mut debts = self.0.iter().filter(|debt| matters(event.kind, debt.what));
        let found = debts.find(|debt| debt.lines.0 <= last && first <= debt.lines.1);
        found.map_or(Ok(()), |debt| {
            Err(Disorder::NotComplete {
                kind: event.kind,
                what: debt.what,
                core: debt.core,
            })
        })
    }
}

fn lines(start: u64, len: u64) -> (u64, u64) {
    let last = start.saturating_add(len.saturating_sub(1));
    (start / LINE, last / LINE)
}

/// Must `what` be complete when `kind` happens?
fn matters(kind: Kind, what: Kind) -> bool {
    let for_device = matches!(what, Kind::Clean | Kind::CopyIn | Kind::Put);
    match kind {
        Kind::Map | Kind::Bounce | Kind::SyncForDevice | Kind::Launch | Kind::Expose => for_device,
        Kind::SyncForCpu | Kind::Unmap | Kind::UnmapSkipSync | Kind::CopyOut => !for_device,
        _ => false,
    }
}
