//! Rules tested by breaking them: one line of the tree is changed, and the test that is named must
//! fail.
//!
//! A mutant counts only if it applies in exactly one place, builds, and its test passes while the
//! tree is whole. It all happens in a copy of the tree, whose target directory stays, so that a
//! mutant costs one crate's build; those that need the emulator have a copy to themselves and run
//! beside the others, since one build keeps one core busy. The lists are `tools/mutants/*.toml`.

mod apply;
mod bench;
mod binary;
mod board;
mod check;
mod crash;
mod host;
mod list;

use crate::args::TestArgs;
use crate::interrupt;
use crate::report::{Group, Totals};
use crate::test::broken;
use crate::workspace::Workspace;
use anyhow::bail;
pub(crate) use bench::Bench;
pub(crate) use check::check;
use list::{Kind, Mutant};
use std::path::Path;
use std::time::Instant;

/// Runs those whose tests run by `cargo test`; each is one test of the report.
pub(crate) fn on_the_host(workspace: &Workspace, options: &TestArgs, totals: &Totals) {
    let root = &workspace.sources.root;
    lane(root, "host", options, totals, |kind| {
        matches!(kind, Kind::Host { .. })
    });
}

/// Runs those that need the emulator. May run beside the others: the copies are not the same.
pub(crate) fn on_the_board(workspace: &Workspace, options: &TestArgs, totals: &Totals) {
    let root = &workspace.sources.root;
    lane(root, "board", options, totals, |kind| {
        !matches!(kind, Kind::Host { .. })
    });
}

fn lane(
    root: &Path,
    name: &str,
    options: &TestArgs,
    totals: &Totals,
    takes: impl Fn(&Kind) -> bool,
) {
    let told = try_lane(root, name, options, totals, takes);
    if let Err(error) = told {
        totals.add(&broken("mutants", &error));
    }
}

/// Runs mutants one after the other in a copy of their own.
fn try_lane(
    root: &Path,
    name: &str,
    options: &TestArgs,
    totals: &Totals,
    takes: impl Fn(&Kind) -> bool,
) -> anyhow::Result<()> {
    let mut mutants = list::read(&root.join("tools/mutants"))?;
    mutants.retain(|mutant| takes(&mutant.kind));
    if mutants.is_empty() {
        bail!("tools/mutants lists no mutant for the {name}: no rule is tested there");
    }
    mutants.retain(|mutant| options.names(&mutant.rule));
    if mutants.is_empty() {
        return Ok(());
    }
    // A build that follows one of the same file has one file less to compile.
    mutants.sort_by(|a, b| a.file.cmp(&b.file));
    let bench = Bench::copy_of(root, name)?;
    let whole = Whole::try_all(&bench, &mutants)?;
    for mutant in mutants.iter().take_while(|_| !interrupt::seen()) {
        let start = Instant::now();
        let result = try_one(&bench, &whole, mutant);
        totals.add(&Group::single(&mutant.name(), start.elapsed(), result));
    }
    Ok(())
}

/// Which of the named tests pass while the tree is whole.
struct Whole {
    host: host::Passing,
    board: board::Passing,
    crash: crash::Passing,
}

impl Whole {
    fn try_all(bench: &Bench, mutants: &[Mutant]) -> anyhow::Result<Self> {
        Ok(Self {
            host: host::whole(bench, mutants)?,
            board: board::whole(bench, mutants)?,
            crash: crash::whole(bench, mutants)?,
        })
    }

    fn passes(&self, mutant: &Mutant) -> bool {
        match &mutant.kind {
            Kind::Host { package } => self.host.contains(package, &mutant.test),
            Kind::Board { scenario } => self.board.contains(scenario, &mutant.test),
            Kind::Crash => self.crash.contains(&mutant.test),
        }
    }
}

/// Ok if the mutant was caught.
fn try_one(bench: &Bench, whole: &Whole, mutant: &Mutant) -> Result<(), String> {
    if !whole.passes(mutant) {
        return Err(format!(
            "{}: does not pass, or does not exist, while the tree is whole",
            mutant.test
        ));
    }
    let _mutated = bench.mutate(mutant).map_err(|error| format!("{error:#}"))?;
    let caught = match &mutant.kind {
        Kind::Host { package } => host::catches(bench, &whole.host, package, &mutant.test),
        Kind::Board { scenario } => board::catches(bench, &whole.board, scenario, &mutant.test),
        Kind::Crash => crash::catches(bench, &mutant.test),
    };
    match caught {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("survived: {} still passes", mutant.test)),
        Err(error) => Err(format!("{error:#}")),
    }
}

#[cfg(test)]
mod tests;
