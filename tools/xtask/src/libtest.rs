//! Reads what `cargo test` prints: every test counts, and so does a binary that dies.

use crate::process::{Ended, Ending};
use crate::report::{Failure, Group, tail};

/// What is known of the binary that runs at the moment.
#[derive(Default)]
struct Reader {
    passed: usize,
    skipped: usize,
    failed: Vec<String>,
    /// The binary whose summary has not come yet.
    open: Option<String>,
    broken: Vec<Failure>,
}

/// The tests of one `cargo test`, as a group of the report.
pub(crate) fn group(name: &str, ended: &Ended) -> Group {
    let mut reader = Reader::default();
    ended.output.lines().for_each(|line| reader.line(line));
    reader.close();
    let mut failures: Vec<Failure> = reader
        .failed
        .iter()
        .map(|test| Failure::new(test, detail(&ended.output, test)))
        .collect();
    failures.append(&mut reader.broken);
    let by_itself = matches!(ended.ending, Ending::Exited(_));
    if !by_itself || (failures.is_empty() && !ended.ok()) {
        failures.push(Failure::new(cause(ended.ending), tail(&ended.output)));
    }
    Group {
        name: name.to_owned(),
        took: ended.took,
        passed: reader.passed,
        skipped: reader.skipped,
        failures,
    }
}

fn cause(ending: Ending) -> String {
    match ending {
        Ending::Exited(_) => "does not build or run".to_owned(),
        other => other.to_string(),
    }
}

impl Reader {
    fn line(&mut self, line: &str) {
        let trimmed = line.trim_start();
        if let Some(binary) = started(trimmed) {
            self.close();
            self.open = Some(binary.to_owned());
        } else if let Some((name, "FAILED")) = verdict(line) {
            self.failed.push(name.to_owned());
        } else if let Some(summary) = line.strip_prefix("test result: ") {
            self.open = None;
            self.passed += count(summary, "passed");
            self.skipped += count(summary, "ignored");
        }
    }

    /// A binary that ended without a summary has crashed.
    fn close(&mut self) {
        if let Some(binary) = self.open.take() {
            let why = "ended without a summary: crashed, hung or was killed".to_owned();
            self.broken.push(Failure::new(binary, why));
        }
    }
}

/// The binary that cargo says it starts.
pub(crate) fn started(line: &str) -> Option<&str> {
    line.strip_prefix("Running ")
        .or_else(|| line.strip_prefix("Doc-tests "))
}

/// `test NAME ... VERDICT`
pub(crate) fn verdict(line: &str) -> Option<(&str, &str)> {
    let (name, verdict) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    Some((name, verdict.trim_end()))
}

/// The number before `word` in a summary line.
fn count(summary: &str, word: &str) -> usize {
    let mut words = summary.split([' ', ';', '.']).filter(|w| !w.is_empty());
    let mut last = "";
    words
        .find_map(|w| {
            let number = (w == word).then(|| last.parse().ok());
            last = w;
            number
        })
        .flatten()
        .unwrap_or(0)
}

/// What a failed test printed.
fn detail(output: &str, test: &str) -> String {
    let head = format!("---- {test} stdout ----");
    let body = output.split_once(&head).map_or("", |(_, body)| body);
    let body = body.split("\n---- ").next().unwrap_or("");
    tail(body.split("\nfailures:").next().unwrap_or("").trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn read(output: &str, code: i32) -> Group {
        read_ended(output, Ending::Exited(Some(code)))
    }

    fn read_ended(output: &str, ending: Ending) -> Group {
        let ended = Ended {
            ending,
            output: output.to_owned(),
            took: Duration::ZERO,
        };
        group("x", &ended)
    }

    const GOOD: &str = "     Running unittests src/lib.rs (t/x)\n\nrunning 3 tests\ntest a ... ok\ntest b - should panic ... ok\ntest c ... ignored\n\ntest result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";

    #[test]
    fn every_test_of_every_binary_counts() {
        let doc = "   Doc-tests x\ntest src/lib.rs - f (line 3) ... ok\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured\n";
        let group = read(&format!("{GOOD}{doc}"), 0);
        assert_eq!(
            (group.passed, group.skipped, group.failures.len()),
            (3, 1, 0)
        );
    }

    #[test]
    fn a_failed_test_is_named_with_what_it_printed() {
        let output = "     Running unittests\ntest a ... ok\ntest m::b ... FAILED\n\nfailures:\n\n---- m::b stdout ----\nleft: 1\n\n\nfailures:\n    m::b\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored;\n";
        let group = read(output, 101);
        assert_eq!(group.passed, 1);
        assert_eq!(group.failures, [Failure::new("m::b", "left: 1".to_owned())]);
    }

    #[test]
    fn what_does_not_build_is_one_failed_test() {
        let group = read("error[E0425]: cannot find value `x`\n", 101);
        assert_eq!((group.passed, group.failures.len()), (0, 1));
        assert!(group.failures[0].detail.contains("E0425"));
    }

    #[test]
    fn a_binary_that_dies_is_a_failure_though_the_next_one_is_fine() {
        let output = format!("     Running unittests src/a.rs (t/a)\ntest a ... ok\n{GOOD}");
        let group = read(&output, 101);
        assert_eq!(group.passed, 2);
        assert!(group.failures[0].name.contains("src/a.rs"));
    }

    #[test]
    fn a_hang_is_told_with_the_limit_and_the_binary() {
        let hung = Ending::TimedOut(Duration::from_secs(240));
        let group = read_ended("     Running unittests src/a.rs\ntest a ... ok\n", hung);
        let names: Vec<&str> = group.failures.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["unittests src/a.rs", "no end after 240 s, killed"]);
    }
}
