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
use list::{Kind, Mutant};
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::time::Instant;

/// Runs all mutants; each is one test of the report.
pub(crate) fn run(workspace: &Workspace, options: &TestArgs, totals: &mut Totals) {
    if let Err(error) = try_run(workspace, options, totals) {
        totals.add(&broken("mutants", &error));
    }
}

fn try_run(workspace: &Workspace, options: &TestArgs, totals: &mut Totals) -> anyhow::Result<()> {
    let mut mutants = list::read(&workspace.sources.root.join("tools/mutants"))?;
    if mutants.is_empty() {
        bail!("tools/mutants lists no mutant: no rule is tested");
    }
    mutants.retain(|mutant| options.names(&mutant.rule));
    if mutants.is_empty() {
        return Ok(());
    }
    let root = &workspace.sources.root;
    let (host, board): (Vec<_>, Vec<_>) = mutants
        .into_iter()
        .partition(|mutant| matches!(mutant.kind, Kind::Host { .. }));
    std::thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        for (name, mutants) in [("host", host), ("board", board)] {
            let tell = tell.clone();
            scope.spawn(move || lane(root, name, &mutants, &tell));
        }
        drop(tell);
        told.iter().for_each(|group| totals.add(&group));
    });
    Ok(())
}

/// Runs mutants one after the other in a copy of their own, beside the other lane's.
fn lane(root: &Path, name: &str, mutants: &[Mutant], tell: &Sender<Group>) {
    if mutants.is_empty() {
        return;
    }
    // Nobody hears only if we are on the way out.
    let tell = |group| _ = tell.send(group);
    let tried = Bench::copy_of(root, name).and_then(|bench| {
        let whole = Whole::try_all(&bench, mutants)?;
        Ok((bench, whole))
    });
    let (bench, whole) = match tried {
        Ok(tried) => tried,
        Err(error) => return tell(broken("mutants", &error)),
    };
    for mutant in mutants {
        if !interrupt::seen() {
            let start = Instant::now();
            let result = try_one(&bench, &whole, mutant);
            tell(Group::single(&mutant.name(), start.elapsed(), result));
        }
    }
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
        Kind::Board { scenario } => board::catches(bench, scenario, &mutant.test),
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
