//! The kernel in the emulator: every scenario, every test that the kernel tells of, and its prompt.

use crate::args::TestArgs;
use crate::boot::Verdict;
use crate::image::{self, Built};
use crate::interrupt;
use crate::ktap::Outcome;
use crate::process::Echo;
use crate::report::{Failure, Group, Totals};
use crate::symbols;
use crate::test::scenario::{self, Scenario};
use crate::test::{broken, checked, fatal, shell};
use crate::workspace::Workspace;
use std::path::Path;
use std::time::{Duration, Instant};

/// A boot takes seconds. One that hangs shall not take minutes.
pub(super) const LIMIT: Duration = Duration::from_secs(90);

/// Both images: the one for use, and the one that checks itself.
pub(crate) fn run(workspace: &Workspace, options: &TestArgs, totals: &mut Totals) {
    shipped(workspace, options, totals);
    if !interrupt::seen() {
        checked::run(workspace, options, totals);
    }
}

/// Builds once and boots each scenario. Builds nothing where the filter leaves none.
fn shipped(workspace: &Workspace, options: &TestArgs, totals: &mut Totals) {
    let mut names = scenario::all().into_iter().map(|scenario| scenario.name);
    let known = [fatal::NAME, shell::NAME];
    if !known.iter().any(|name| options.names(name)) && !names.any(|name| options.names(&name)) {
        return;
    }
    let start = Instant::now();
    let built = image::build(&workspace.sources, Echo::Off);
    let build = built
        .as_ref()
        .map_err(|error| format!("{error:#}"))
        .and_then(checked::is_absent_from);
    totals.add(&Group::single("kernel8.img builds", start.elapsed(), build));
    let (Ok(built), Ok(out)) = (built, workspace.out()) else {
        return;
    };
    let root = &workspace.sources.root;
    if options.names(fatal::NAME) {
        totals.add(&fatal::run(&built, root, &out));
    }
    for scenario in scenario::all().iter().filter(|s| options.names(&s.name)) {
        if !interrupt::seen() {
            totals.add(&boot(scenario, &built, root, &out));
        }
    }
    if options.names(shell::NAME) && !interrupt::seen() {
        totals.add(&shell::run(&built, &out, LIMIT));
    }
}

pub(super) fn boot(scenario: &Scenario, built: &Built, root: &Path, out: &Path) -> Group {
    match scenario.run(built, out, LIMIT) {
        Ok((ended, verdict)) => {
            let last_words = || symbols::last_words(&ended.output, &built.elf, root);
            group(&scenario.name, ended.took, &verdict, last_words)
        }
        Err(error) => broken(&scenario.name, &error),
    }
}

/// The scenario is one test, and each that the kernel tells of is another.
fn group(
    name: &str,
    took: Duration,
    verdict: &Verdict,
    last_words: impl FnOnce() -> String,
) -> Group {
    let count = |outcome: fn(&Outcome) -> bool| {
        let results = verdict.ktap.results.iter();
        results.filter(|result| outcome(&result.outcome)).count()
    };
    let mut failures: Vec<Failure> = verdict.failed_tests().collect();
    if !verdict.wrong.is_empty() {
        failures.push(Failure::new(
            "the run as a whole",
            verdict.explain(&last_words()),
        ));
    }
    Group {
        name: name.to_owned(),
        took,
        passed: count(|o| *o == Outcome::Passed) + usize::from(verdict.wrong.is_empty()),
        skipped: count(|o| matches!(o, Outcome::Skipped(_))),
        failures,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Expected;
    use crate::process::{Ended, Ending};

    fn counted(output: &str, ending: Ending) -> (usize, usize, usize) {
        let ended = Ended {
            ending,
            output: output.to_owned(),
            took: Duration::ZERO,
        };
        let verdict = Verdict::of(&ended, Expected::Nothing, &[]);
        let group = group("x", ended.took, &verdict, String::new);
        (group.passed, group.skipped, group.failures.len())
    }

    #[test]
    fn the_run_and_each_of_its_tests_count() {
        let console =
            "KTAP version 1\n1..3\nok 1 a\nok 2 b # SKIP why\nok 3 c\ncarom: digest none x\n";
        assert_eq!(counted(console, Ending::Exited(Some(0))), (3, 1, 0));
        let failed = console.replace("ok 3", "not ok 3");
        assert_eq!(counted(&failed, Ending::Exited(Some(1))), (1, 1, 2));
    }

    #[test]
    fn a_kernel_that_hangs_silently_is_one_failure() {
        let hung = Ending::TimedOut(Duration::from_secs(90));
        assert_eq!(counted("", hung), (0, 0, 1));
    }
}
