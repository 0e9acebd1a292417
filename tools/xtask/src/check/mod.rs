//! `check`: what reviews need not look at. Each check is one test of the report.

mod arrows;
mod shape;
mod sources;
mod tools;

pub(crate) use sources::rust_files;

use crate::args::TestArgs;
use crate::interrupt;
use crate::report::{Group, Totals};
use crate::workspace::Workspace;
use crate::{mutants, rules};
use std::time::Instant;

/// Finds what is wrong, in words for the report.
type Check = fn(&Workspace) -> Result<(), String>;

const CHECKS: &[(&str, Check)] = &[
    ("format", tools::format),
    ("arrows between crates", arrows::check),
    ("portable crates know no target", sources::portable),
    (
        "unsafe only in modules that say why",
        sources::unsafe_modules,
    ),
    (
        "lints of the workspace in every crate",
        sources::workspace_lints,
    ),
    ("every rule has a test", rules::check),
    ("every mutant applies", mutants::check),
    ("lints, host", tools::lints_host),
    ("lints, board", tools::lints_board),
    ("documentation, host", tools::doc_host),
    ("documentation, board", tools::doc_board),
    ("licences, bans, sources", tools::deny),
];

/// Runs all of them, and hints at files that outgrow the house.
pub(crate) fn run(workspace: &Workspace, options: &TestArgs, totals: &Totals) {
    for (name, check) in CHECKS {
        if options.names(name) && !interrupt::seen() {
            let start = Instant::now();
            let result = check(workspace);
            totals.add(&Group::single(name, start.elapsed(), result));
        }
    }
    for hint in shape::hints(workspace) {
        println!("    hint: {hint}");
    }
}
