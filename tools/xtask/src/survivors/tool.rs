//! The runs of `cargo-mutants` on a copy of the tree.
//!
//! There are two. In the first the unit tests alone have to notice, which takes one small build for each
//! change; in the second the folder `tests`, a dozen binaries, what is left.

use super::mutant::{self, Mutant, Outcome};
use crate::args::MutantsArgs;
use crate::mutants::Bench;
use crate::process::{self, Echo, Ending};
use crate::report::tail;
use crate::workspace::Workspace;
use anyhow::{Context, bail};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// For each run, on a machine that has more to do.
const LIMIT: Duration = Duration::from_secs(12 * 60 * 60);
/// For the list alone, which takes a second.
const LIST_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Lies in the folder that `cargo-mutants` writes: names that it skips when it is told to iterate.
const SKIPPED: &str = "mutants.out/caught.txt";

/// How `cargo-mutants` is called.
pub(super) struct Tool<'a> {
    bench: &'a Bench,
    /// Its settings: they lie outside the copy.
    config: PathBuf,
    /// What the two runs write.
    units: PathBuf,
    rest: PathBuf,
}

impl<'a> Tool<'a> {
    pub(super) fn new(workspace: &Workspace, bench: &'a Bench) -> anyhow::Result<Self> {
        let out = workspace.out()?.join("mutants");
        Ok(Self {
            bench,
            config: workspace.sources.root.join(".cargo/mutants.toml"),
            units: out.join("units"),
            rest: out.join("rest"),
        })
    }

    fn cargo(&self) -> Command {
        let mut cargo = self.bench.sources().cargo(&["mutants"]);
        cargo.arg("--config").arg(&self.config);
        // Properties are tried with the same numbers each time, for a score that can be repeated; and with
        // a quarter of them: one that only the other three quarters break deserves a test of its own.
        cargo.env("PROPTEST_RNG_SEED", "1");
        cargo.env("PROPTEST_CASES", "64");
        // The same of schedules of several cores.
        cargo.env("CAROM_SCHEDULES", "30");
        cargo
    }

    /// All that could be changed, in the order of the sources.
    pub(super) fn list(&self) -> anyhow::Result<Vec<Mutant>> {
        let mut cargo = self.cargo();
        cargo.args(["--list", "--json"]);
        let ended = process::run(cargo, LIST_LIMIT, Echo::Off)?;
        if !ended.ok() {
            bail!("cargo mutants --list\n{}", tail(&ended.output));
        }
        mutant::listed(&ended.output, &self.bench.sources().root)
    }

    /// Makes those changes of `all` that `options` leave, and tells what came of each.
    pub(super) fn run(
        &self,
        all: &[Mutant],
        options: &MutantsArgs,
    ) -> anyhow::Result<Vec<(Mutant, Outcome)>> {
        println!("unit tests first; what they miss is tried again");
        let mut tried = self.try_all(self.by_units(options), &self.units)?;
        let missed = take_missed(&mut tried);
        if missed.is_empty() {
            return Ok(tried);
        }
        println!("the folder `tests`, for {} that are left", missed.len());
        let wanted: HashSet<&Mutant> = missed.iter().collect();
        let others = all.iter().filter(|mutant| !wanted.contains(mutant));
        self.skip(&self.rest, others)?;
        let again = self.try_all(self.by_rest(), &self.rest)?;
        // For `--again`.
        let noticed = |(_, outcome): &&(Mutant, Outcome)| *outcome != Outcome::Missed;
        let noticed = again.iter().filter(noticed).map(|(mutant, _)| mutant);
        self.skip_also(&self.units, noticed)?;
        tried.extend(again);
        Ok(tried)
    }

    fn by_units(&self, options: &MutantsArgs) -> Command {
        let mut cargo = self.cargo();
        if let Some(shard) = &options.shard {
            cargo.args(["--shard", shard]);
        }
        if options.again {
            cargo.arg("--iterate");
        }
        if let Some(filter) = &options.filter {
            cargo.args(["--re", filter]);
        }
        // Not an argument for tests alone: the build would make all test binaries each time.
        cargo.arg("--cargo-arg=--lib");
        cargo
    }

    fn by_rest(&self) -> Command {
        let mut cargo = self.cargo();
        cargo.args(["--iterate", "--cargo-arg=--test=*"]);
        // What walks through all states takes as long as all others together, and is no way to tell what
        // is wrong: a change that it alone would notice deserves a test of its own.
        let skip = ["--", "--skip", "every_state"];
        cargo.args(skip.map(|argument| format!("--cargo-test-arg={argument}")));
        cargo
    }

    fn try_all(&self, mut cargo: Command, out: &Path) -> anyhow::Result<Vec<(Mutant, Outcome)>> {
        cargo.args(["--in-place", "--output"]).arg(out);
        // A loop in a constant is never built to its end.
        cargo.args(["--build-timeout", "300"]);
        std::fs::create_dir_all(out).with_context(|| out.display().to_string())?;
        let ended = process::run(cargo, LIMIT, Echo::On)?;
        // 2: some survived. 3: some did not end.
        if !matches!(ended.ending, Ending::Exited(Some(0 | 2 | 3))) {
            bail!("cargo mutants: {}\n{}", ended.ending, tail(&ended.output));
        }
        let path = out.join("mutants.out/outcomes.json");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        mutant::tried(&text, &self.bench.sources().root)
    }

    /// Has the next run that iterates leave these out, and no others.
    fn skip<'m>(
        &self,
        out: &Path,
        mutants: impl Iterator<Item = &'m Mutant>,
    ) -> anyhow::Result<()> {
        // What the last run left would be skipped too.
        match std::fs::remove_dir_all(out) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| out.display().to_string());
            }
            _ => {}
        }
        self.skip_also(out, mutants)
    }

    fn skip_also<'m>(
        &self,
        out: &Path,
        mutants: impl Iterator<Item = &'m Mutant>,
    ) -> anyhow::Result<()> {
        let path = out.join(SKIPPED);
        let named = || path.display().to_string();
        std::fs::create_dir_all(out.join("mutants.out")).with_context(named)?;
        let mut names = std::fs::read_to_string(&path).unwrap_or_default();
        mutants.for_each(|mutant| names += &(mutant.name() + "\n"));
        std::fs::write(&path, names).with_context(named)
    }
}

/// Takes those out that nobody noticed.
fn take_missed(tried: &mut Vec<(Mutant, Outcome)>) -> Vec<Mutant> {
    tried
        .extract_if(.., |(_, outcome)| *outcome == Outcome::Missed)
        .map(|(mutant, _)| mutant)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_run_has_what_the_first_missed() {
        let mutant = |change: &str| Mutant {
            file: "a.rs".to_owned(),
            change: change.to_owned(),
            at: (1, 1),
            line: "x".to_owned(),
        };
        let mut tried = vec![
            (mutant("a"), Outcome::Caught),
            (mutant("b"), Outcome::Missed),
            (mutant("c"), Outcome::Timeout),
        ];
        assert_eq!(take_missed(&mut tried), [mutant("b")]);
        assert_eq!(tried.len(), 2);
    }
}
