//! Who noticed, as a table for people.

use super::judge::Outcome;
use super::scan::Line;
use anyhow::Context;
use std::fmt;
use std::path::PathBuf;

/// The rows so far, and where they are written.
pub(super) struct Table {
    path: PathBuf,
    rows: Vec<(Line, Outcome)>,
}

impl Table {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            rows: Vec::new(),
        }
    }

    /// Adds a row and writes them all.
    pub(super) fn add(&mut self, line: &Line, outcome: Outcome) -> anyhow::Result<()> {
        self.rows.push((line.clone(), outcome));
        std::fs::write(&self.path, self.text())
            .with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn text(&self) -> String {
        let mut text = "| line | removed | noticed by |\n|---|---|---|\n".to_owned();
        for (line, outcome) in &self.rows {
            text += &format!("| {} | `{}` | {outcome} |\n", line.place(), line.text);
        }
        text
    }

    /// Whether every removal was noticed.
    pub(super) fn ok(&self) -> bool {
        self.count(|outcome| *outcome == Outcome::Missed) == 0
    }

    fn count(&self, which: impl Fn(&Outcome) -> bool) -> usize {
        self.rows
            .iter()
            .filter(|(_, outcome)| which(outcome))
            .count()
    }

    /// One line, and where the table is.
    pub(super) fn summary(&self) -> String {
        format!(
            "{} lines removed and noticed, {} not, {} stay; {}",
            self.count(|outcome| matches!(outcome, Outcome::Caught(_))),
            self.count(|outcome| *outcome == Outcome::Missed),
            self.count(|outcome| matches!(outcome, Outcome::Stays(_))),
            self.path.display()
        )
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caught(by) => f.write_str(by),
            Self::Missed => f.write_str("**nobody**"),
            Self::Stays(why) => write!(f, "stays: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_nobody_noticed_fails_all() {
        let line = Line {
            file: "a.rs".into(),
            number: 3,
            text: "p.clean(r);".to_owned(),
            fate: Ok(String::new()),
        };
        let mut table = Table::new(PathBuf::new());
        table
            .rows
            .push((line.clone(), Outcome::Caught("dma: `t`".to_owned())));
        assert!(table.ok());
        table.rows.push((line, Outcome::Missed));
        assert!(!table.ok());
        assert!(
            table
                .text()
                .contains("| a.rs:3 | `p.clean(r);` | **nobody** |")
        );
    }
}
