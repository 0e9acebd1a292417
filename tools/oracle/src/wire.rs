//! The lines that the plugin writes and `cargo xtask oracle` reads.

use crate::finding::{Finding, Site};
use serde::{Deserialize, Serialize};

/// A line: one JSON object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// A broken rule, and how the CPU came there.
    Finding(Report),
    /// The run has ended; the last line.
    Summary(Stats),
}

/// A finding with what was around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What was found.
    pub finding: Finding,
    /// Return addresses of the callers, innermost first.
    pub callers: Vec<u64>,
    /// The link register: the caller, where a routine in assembly has no frame.
    pub link: u64,
    /// What happened before and after, if a trace was asked for.
    pub trace: Vec<Traced>,
}

/// An event around a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traced {
    /// Where the CPU was.
    pub site: Site,
    /// What happened.
    pub text: String,
}

/// What the oracle has looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Transfers started.
    pub transfers: u64,
    /// Lines looked at when a device was given them.
    pub lines: u64,
    /// Loads from RAM.
    pub loads: u64,
    /// Stores to RAM.
    pub stores: u64,
    /// `dc cvac`.
    pub cleans: u64,
    /// `dc civac`.
    pub clean_invalidates: u64,
    /// `dc ivac`.
    pub invalidates: u64,
    /// `dc zva`.
    pub zeroes: u64,
    /// Operations by set and way.
    pub set_ways: u64,
    /// `dmb` and `dsb`.
    pub barriers: u64,
    /// Looks at a master's status.
    pub statuses: u64,
    /// Maintenance of addresses that no window shows: not followed.
    pub unplaced: u64,
}

impl Stats {
    /// For the summary line.
    pub fn text(&self) -> String {
        format!(
            "{} transfers, {} lines checked; {} loads, {} stores, {} cleans, {} invalidates, {} of \
             both, {} zeroes, {} set/way, {} barriers, {} looks at a status",
            self.transfers,
            self.lines,
            self.loads,
            self.stores,
            self.cleans,
            self.invalidates,
            self.clean_invalidates,
            self.zeroes,
            self.set_ways,
            self.barriers,
            self.statuses
        )
    }
}

impl Line {
    /// As it stands in the file.
    pub fn write(&self) -> String {
        serde_json::to_string(self).expect("plain structs have a JSON form")
    }

    /// From a line of the file.
    pub fn read(line: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(line)
    }
}
