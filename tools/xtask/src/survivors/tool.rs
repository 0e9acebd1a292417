//! The runs of `cargo-mutants`, and what it writes, as structs.

use crate::args::MutantsArgs;
use crate::mutants::Bench;
use crate::process::{self, Echo, Ending};
use crate::report::tail;
use crate::workspace::Workspace;
use anyhow::{Context, bail};
use serde::Deserialize;
use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// For the whole, on a machine that has more to do.
const LIMIT: Duration = Duration::from_secs(12 * 60 * 60);
/// For the list alone, which takes a second.
const LIST_LIMIT: Duration = Duration::from_secs(5 * 60);

/// One change of one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mutant {
    /// Relative to the root of the tree.
    pub(super) file: String,
    /// Such as `replace < with <= in f`.
    pub(super) change: String,
    /// Line and column, both from 1.
    pub(super) at: (usize, usize),
    /// The line of the file that the change starts in, without white space at both ends.
    pub(super) line: String,
}

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A test failed.
    Caught,
    /// The tests did not end.
    Timeout,
    /// It does not build.
    Unviable,
    /// All tests passed.
    Missed,
}

/// How `cargo-mutants` is called on a copy of the tree.
pub(super) struct Tool<'a> {
    bench: &'a Bench,
    /// Its settings: they lie outside the copy.
    config: PathBuf,
    out: PathBuf,
}

impl<'a> Tool<'a> {
    pub(super) fn new(workspace: &Workspace, bench: &'a Bench) -> anyhow::Result<Self> {
        Ok(Self {
            bench,
            config: workspace.sources.root.join(".cargo/mutants.toml"),
            out: workspace.out()?,
        })
    }

    fn cargo(&self) -> Command {
        let mut cargo = self.bench.sources().cargo(&["mutants"]);
        cargo.arg("--config").arg(&self.config);
        // Properties are tried with the same numbers each time: a score that can be repeated.
        cargo.env("PROPTEST_RNG_SEED", "1");
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
        let entries: Vec<Entry> = serde_json::from_str(&ended.output)
            .with_context(|| format!("what cargo mutants listed:\n{}", tail(&ended.output)))?;
        let mut files = Files::new(&self.bench.sources().root);
        entries.into_iter().map(|it| files.mutant(it)).collect()
    }

    /// Makes the changes that `options` leave, and tells what came of each.
    pub(super) fn run(&self, options: &MutantsArgs) -> anyhow::Result<Vec<(Mutant, Outcome)>> {
        let mut cargo = self.cargo();
        cargo.args(["--in-place", "--output"]).arg(&self.out);
        if let Some(shard) = &options.shard {
            cargo.args(["--shard", shard]);
        }
        if options.again {
            cargo.arg("--iterate");
        }
        if let Some(filter) = &options.filter {
            cargo.args(["--re", filter]);
        }
        let ended = process::run(cargo, LIMIT, Echo::On)?;
        // 2: some survived. 3: some did not end.
        if !matches!(ended.ending, Ending::Exited(Some(0 | 2 | 3))) {
            bail!("cargo mutants: {}\n{}", ended.ending, tail(&ended.output));
        }
        let path = self.out.join("mutants.out/outcomes.json");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let mut files = Files::new(&self.bench.sources().root);
        parse(&text)?
            .into_iter()
            .map(|(entry, outcome)| Ok((files.mutant(entry)?, outcome)))
            .collect()
    }
}

/// The files that mutants are in, read once.
struct Files<'a> {
    root: &'a Path,
    texts: HashMap<String, String>,
}

impl<'a> Files<'a> {
    fn new(root: &'a Path) -> Self {
        let texts = HashMap::new();
        Self { root, texts }
    }

    fn mutant(&mut self, entry: Entry) -> anyhow::Result<Mutant> {
        let path = self.root.join(&entry.file);
        let text = match self.texts.entry(entry.file.clone()) {
            Occupied(read) => read.into_mut(),
            Vacant(place) => place.insert(
                std::fs::read_to_string(&path).with_context(|| path.display().to_string())?,
            ),
        };
        entry.mutant(text)
    }
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    file: String,
    span: Span,
}

#[derive(Deserialize)]
struct Span {
    start: Place,
}

#[derive(Deserialize)]
struct Place {
    line: usize,
    column: usize,
}

impl Entry {
    fn mutant(self, text: &str) -> anyhow::Result<Mutant> {
        let Place { line, column } = self.span.start;
        let place = format!("{}:{line}:{column}: ", self.file);
        let change = self.name.strip_prefix(&place);
        let change = change.with_context(|| format!("{} is not at {place}", self.name))?;
        let said = text.lines().nth(line.saturating_sub(1));
        Ok(Mutant {
            change: change.to_owned(),
            at: (line, column),
            line: said.with_context(|| place.clone())?.trim().to_owned(),
            file: self.file,
        })
    }
}

#[derive(Deserialize)]
struct Outcomes {
    outcomes: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    scenario: Scenario,
    summary: String,
}

#[derive(Deserialize)]
enum Scenario {
    Baseline,
    Mutant(Entry),
}

fn parse(text: &str) -> anyhow::Result<Vec<(Entry, Outcome)>> {
    let read: Outcomes = serde_json::from_str(text).context("outcomes.json")?;
    let mut rows = Vec::new();
    for row in read.outcomes {
        let Scenario::Mutant(entry) = row.scenario else {
            continue;
        };
        let outcome = match row.summary.as_str() {
            "CaughtMutant" => Outcome::Caught,
            "Timeout" => Outcome::Timeout,
            "Unviable" => Outcome::Unviable,
            "MissedMutant" => Outcome::Missed,
            other => bail!("{}: what is {other}?", entry.name),
        };
        rows.push((entry, outcome));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"scenario":{"Mutant":{"name":"a.rs:2:7: replace < with <= in f","package":"a","file":"a.rs",
        "span":{"start":{"line":2,"column":7},"end":{"line":2,"column":8}}}},"summary":"MissedMutant"}"#;
    const BASELINE: &str = r#"{"scenario":"Baseline","summary":"Success"}"#;

    #[test]
    fn the_tools_file_is_read_and_its_first_run_is_no_mutant() {
        let text = format!(r#"{{"outcomes":[{BASELINE},{ROW}],"total_mutants":1}}"#);
        let mut rows = parse(&text).unwrap();
        assert_eq!(rows.len(), 1);
        let (entry, outcome) = rows.remove(0);
        assert_eq!(outcome, Outcome::Missed);
        let mutant = entry.mutant("fn f()\n    x < y\n").unwrap();
        assert_eq!(mutant.change, "replace < with <= in f");
        assert_eq!(
            (mutant.at, mutant.line.as_str(), mutant.file.as_str()),
            ((2, 7), "x < y", "a.rs")
        );
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        let odd = format!(r#"{{"outcomes":[{}]}}"#, ROW.replace("Missed", "Odd"));
        assert!(parse(&odd).is_err());
        let short = format!(r#"{{"outcomes":[{ROW}]}}"#);
        let (entry, _) = parse(&short).unwrap().remove(0);
        assert!(entry.mutant("one line\n").is_err());
    }
}
