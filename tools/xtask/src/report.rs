//! The readable report: a line per group with its time, the failures in full, and the last line.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How much of a console or a log a failure shows.
const TAIL_LINES: usize = 30;

/// Something that failed, and what there is to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) name: String,
    pub(crate) detail: String,
}

impl Failure {
    pub(crate) fn new(name: impl Into<String>, detail: String) -> Self {
        Self {
            name: name.into(),
            detail,
        }
    }
}

/// Tests that ran together: a crate, a check, a boot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) took: Duration,
    pub(crate) passed: usize,
    pub(crate) skipped: usize,
    pub(crate) failures: Vec<Failure>,
}

impl Group {
    /// A group of one test.
    pub(crate) fn single(name: &str, took: Duration, result: Result<(), String>) -> Self {
        let failures = result.err().map(|why| Failure::new(name, why));
        Self {
            name: name.to_owned(),
            took,
            passed: usize::from(failures.is_none()),
            skipped: 0,
            failures: failures.into_iter().collect(),
        }
    }

    /// The group's line and its failures.
    pub(crate) fn text(&self) -> String {
        let mut counts = vec![format!("{} passed", self.passed)];
        if self.skipped > 0 {
            counts.push(format!("{} skipped", self.skipped));
        }
        if !self.failures.is_empty() {
            counts.push(format!("{} FAILED", self.failures.len()));
        }
        let head = format!(
            "  {:<44} {:>7.1} s  {}\n",
            self.name,
            self.took.as_secs_f32(),
            counts.join(", ")
        );
        self.failures
            .iter()
            .fold(head, |text, failure| text + &failure.text())
    }
}

impl Failure {
    fn text(&self) -> String {
        let lines = self.detail.lines().map(|line| format!("      | {line}\n"));
        format!("    FAILED {}\n", self.name) + &lines.collect::<String>()
    }
}

/// The sum over all groups, whichever thread has run them.
#[derive(Debug, Default)]
pub(crate) struct Totals(Mutex<Counts>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Totals {
    /// Prints a group as soon as it is known, whole, and counts it.
    pub(crate) fn add(&self, group: &Group) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        print!("{}", group.text());
        counts.passed += group.passed;
        counts.skipped += group.skipped;
        counts.failed += group.failures.len();
    }

    /// Whether nothing at all was tried: no test of any group, not even one that was skipped.
    pub(crate) fn nothing(&self) -> bool {
        self.counts() == Counts::default()
    }

    /// Whether there were tests, and none failed.
    pub(crate) fn ok(&self) -> bool {
        let counts = self.counts();
        counts.failed == 0 && counts.passed > 0
    }

    /// The last line.
    pub(crate) fn line(&self) -> String {
        let counts = self.counts();
        format!("{} passed, {} failed", counts.passed, counts.failed)
    }

    fn counts(&self) -> Counts {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last lines of a text.
pub(crate) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_shows_its_failures_under_its_line() {
        let group = Group {
            name: "dma".to_owned(),
            passed: 2,
            failures: vec![Failure::new("cm_3", "left: 1\nright: 2".to_owned())],
            ..Group::default()
        };
        let text = group.text();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].contains("dma") && lines[0].ends_with("2 passed, 1 FAILED"));
        assert_eq!(
            lines[1..],
            ["    FAILED cm_3", "      | left: 1", "      | right: 2"]
        );
    }

    #[test]
    fn the_last_line_has_the_agreed_form() {
        let totals = Totals::default();
        totals.add(&Group::single("a", Duration::ZERO, Ok(())));
        totals.add(&Group::single("b", Duration::ZERO, Err("why".to_owned())));
        assert_eq!(totals.line(), "1 passed, 1 failed");
        assert!(!totals.ok());
    }

    #[test]
    fn a_run_of_no_tests_is_not_a_success_and_one_of_skipped_tests_is_no_run_of_none() {
        assert!(!Totals::default().ok() && Totals::default().nothing());
        let totals = Totals::default();
        totals.add(&Group::default());
        assert!(totals.nothing());
        totals.add(&Group {
            skipped: 1,
            ..Group::default()
        });
        assert!(!totals.nothing());
    }

    #[test]
    fn a_tail_is_the_end_of_a_text() {
        let text: String = (0..100).map(|n| format!("{n}\n")).collect();
        assert!(tail(&text).starts_with("70\n") && tail(&text).ends_with("\n99"));
        assert_eq!(tail("one"), "one");
    }
}
