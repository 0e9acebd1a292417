//! What `cargo-mutants` writes, as structs.

use anyhow::{Context, bail};
use serde::Deserialize;
use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::path::Path;

/// One change of one place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

impl Mutant {
    /// As the tool calls it.
    pub(super) fn name(&self) -> String {
        let (line, column) = self.at;
        format!("{}:{line}:{column}: {}", self.file, self.change)
    }
}

/// The mutants of a list, in the files below `root`.
pub(super) fn listed(json: &str, root: &Path) -> anyhow::Result<Vec<Mutant>> {
    let entries: Vec<Entry> = serde_json::from_str(json).context("the list of mutants")?;
    let mut files = Files::new(root);
    entries.into_iter().map(|it| files.mutant(it)).collect()
}

/// The mutants of a run, and what came of each.
pub(super) fn tried(json: &str, root: &Path) -> anyhow::Result<Vec<(Mutant, Outcome)>> {
    let mut files = Files::new(root);
    (parse(json)?.into_iter())
        .map(|(entry, outcome)| Ok((files.mutant(entry)?, outcome)))
        .collect()
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
        assert_eq!(mutant.name(), "a.rs:2:7: replace < with <= in f");
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
