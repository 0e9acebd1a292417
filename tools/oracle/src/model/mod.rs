//! Lines, cores, transfers, and the rules between them.
//!
//! | file | what |
//! |---|---|
//! | `event` | what can happen |
//! | `lines` | the state of every line |
//! | `cpu` | loads and stores |
//! | `renewed` | stale lines that the CPU stores to |
//! | `maintenance` | cache operations, `dc zva`, set and way |
//! | `barriers` | what is complete, published, acquired |
//! | `transfer` | what a device has, from its doorbell to its status |
//! | `device` | what a device reads and writes when it starts and ends |
//! | `off` | cores with their caches off |
//! | `trace` | what happened around a finding |
//!
//! What can only follow from a mistake
//! that was found is not found again (a line that was found dirty under a write is taken as evicted, a
//! transfer whose data were used too early as acquired).

mod barriers;
mod cpu;
mod device;
mod event;
mod lines;
mod maintenance;
mod off;
mod renewed;
mod trace;
mod transfer;

pub use event::{Event, Through};
pub use transfer::{Piece, Range, Transfer};

use crate::CORES;
use crate::finding::{Finding, Kind, Part, Site};
use crate::wire::{Stats, Traced};
use lines::Lines;
use off::Off;
use renewed::Renewal;
use std::collections::{HashMap, HashSet};
use trace::Trace;
use transfer::Transfers;

/// How often the same place is told: for other callers each time, so that what one of them does on
/// purpose hides no mistake of another.
const MOST_OF_ONE: u32 = 32;

/// The machine.
pub struct Model {
    lines: Lines,
    cores: [Core; CORES],
    transfers: Transfers,
    stats: Stats,
    findings: Vec<Finding>,
    told: HashMap<(Kind, u64, Option<Part>), u32>,
    /// Pages in which a line is reached with two cacheabilities.
    mixed: HashSet<u64>,
    /// Stale lines that were stored to in part.
    renewed: HashMap<u64, Renewal>,
    trace: Option<Trace>,
}

/// What the model knows of a core.
#[derive(Default)]
struct Core {
    /// Lines whose maintenance this core began and may not have completed.
    begun: Vec<u64>,
    /// Lines that this core stored to since it last published.
    stored: Vec<u64>,
    /// `None` while MMU and caches are on.
    off: Option<Off>,
}

impl Model {
    /// A machine with `ram` bytes of RAM from 0, caches on.
    pub fn new(ram: u64) -> Self {
        Self {
            lines: Lines::new(ram),
            cores: Default::default(),
            transfers: Transfers::default(),
            stats: Stats::default(),
            findings: Vec::new(),
            told: HashMap::new(),
            mixed: HashSet::new(),
            renewed: HashMap::new(),
            trace: None,
        }
    }

    /// The same as it comes out of reset: caches off.
    pub fn at_reset(ram: u64) -> Self {
        let mut model = Self::new(ram);
        model
            .cores
            .iter_mut()
            .for_each(|core| core.off = Some(Off::default()));
        model
    }

    /// Keeps what happens, to tell it with each finding.
    pub fn with_trace(mut self) -> Self {
        self.trace = Some(Trace::default());
        self
    }

    /// Something happens.
    pub fn apply(&mut self, at: Site, event: Event) {
        if let Some(trace) = &mut self.trace {
            trace.note(at, &event);
        }
        match event {
            Event::Load { phys, len, through } => self.load(at, phys, len, through),
            Event::Store { phys, len, through } => self.store(at, phys, len, through),
            Event::Line { op, phys } => self.maintain(at, op, phys),
            Event::SetWay { drops } => self.set_way(at, drops),
            Event::Barrier(barrier) => self.barrier(at, barrier),
            Event::Caches { on } => self.switch(at, on),
            Event::Start(transfer) => self.start(at, transfer),
            Event::Status(master) => self.status(at, master),
            Event::End(master) => self.end(master),
            Event::Outside {
                master,
                part,
                bus,
                len,
            } => self.outside(at, master, part, bus, len),
            Event::Unplaced => self.stats.unplaced += 1,
        }
    }

    /// Whether [`take`](Self::take) would give something.
    #[inline]
    pub fn found(&self) -> bool {
        !self.findings.is_empty()
    }

    /// What was found since the last time.
    pub fn take(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }

    /// The last events that concern `finding`, oldest first; empty without a trace.
    pub fn history(&self, finding: &Finding) -> Vec<Traced> {
        let trace = self.trace.as_ref();
        trace.map(|trace| trace.before(finding)).unwrap_or_default()
    }

    /// What was looked at so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Whether a core runs with MMU and caches on.
    pub fn caches_on(&self, core: u8) -> bool {
        self.cores[usize::from(core)].off.is_none()
    }

    fn report(&mut self, finding: Finding) {
        let key = (finding.kind, finding.site.pc, finding.part);
        let times = self.told.entry(key).or_insert(0);
        *times += 1;
        if *times <= MOST_OF_ONE {
            self.findings.push(finding);
        }
    }
}
