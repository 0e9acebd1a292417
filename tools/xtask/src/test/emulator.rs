//! The kernel in the emulator: every scenario, every test that the kernel tells of, and its prompt.

use crate::args::TestArgs;
use crate::boot::Verdict;
use crate::cache_oracle;
use crate::image::{self, Built};
use crate::interrupt;
use crate::ktap::Outcome;
use crate::process::Echo;
use crate::report::{Failure, Group, Totals};
use crate::symbols;
use crate::test::scenario::{self, Scenario};
use crate::test::{bench, broken, checked, fatal, media, replayed, shell};
use crate::workspace::Workspace;
use std::path::Path;
use std::time::{Duration, Instant};

/// A boot takes seconds. One that hangs shall not take minutes.
pub(super) const LIMIT: Duration = Duration::from_secs(90);

/// Both images: the one for use, and the one that checks itself; and the first once more, watched.
pub(crate) fn run(workspace: &Workspace, options: &TestArgs, totals: &Totals) {
    shipped(workspace, options, totals);
    if !interrupt::seen() {
        checked::run(workspace, options, totals);
    }
    if !interrupt::seen() {
        cache_oracle::groups(workspace, options, Echo::Off, totals);
    }
}

/// Builds once and boots whatever the filter leaves. Builds nothing where it leaves nothing.
fn shipped(workspace: &Workspace, options: &TestArgs, totals: &Totals) {
    let runs = runs(options);
    if runs.is_empty() {
        return;
    }
    let start = Instant::now();
    let built = image::build(&workspace.sources, Echo::Off);
    let build = built
        .as_ref()
        .map_err(|error| format!("{error:#}"))
        .and_then(|built| checked::is_absent_from(built).map(|()| built))
        .and_then(cache_oracle::are_absent_from);
    totals.add(&Group::single("kernel8.img builds", start.elapsed(), build));
    let (Ok(built), Ok(out)) = (built, workspace.out()) else {
        return;
    };
    let root = &workspace.sources.root;
    for run in runs {
        if !interrupt::seen() {
            totals.add(&run.start(&built, root, &out));
        }
    }
}

/// Something to boot.
enum Run {
    Fatal,
    Scenario(Scenario),
    Medium(media::Case),
    Shell,
    Replayed,
    Bench,
}

fn runs(options: &TestArgs) -> Vec<Run> {
    let scenarios = scenario::all().into_iter().map(Run::Scenario);
    let media = media::all().into_iter().map(Run::Medium);
    let all = std::iter::once(Run::Fatal).chain(scenarios).chain(media);
    let all = all.chain([Run::Shell, Run::Replayed, Run::Bench]);
    all.filter(|run| options.names(run.name())).collect()
}

impl Run {
    fn name(&self) -> &str {
        match self {
            Self::Fatal => fatal::NAME,
            Self::Scenario(scenario) => &scenario.name,
            Self::Medium(case) => case.name,
            Self::Shell => shell::NAME,
            Self::Replayed => replayed::NAME,
            Self::Bench => bench::NAME,
        }
    }

    fn start(&self, built: &Built, root: &Path, out: &Path) -> Group {
        match self {
            Self::Fatal => fatal::run(built, root, out),
            Self::Scenario(scenario) => boot(scenario, built, root, out),
            Self::Medium(case) => case.run(built, out, LIMIT),
            Self::Shell => shell::run(built, out, LIMIT),
            Self::Replayed => replayed::run(built, out, LIMIT),
            Self::Bench => bench::run(built, root, out),
        }
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
    use crate::boot::Expect;
    use crate::process::{Ended, Ending};
    use std::collections::HashSet;

    fn counted(output: &str, ending: Ending) -> (usize, usize, usize) {
        let ended = Ended {
            ending,
            output: output.to_owned(),
            took: Duration::ZERO,
        };
        let verdict = Verdict::of(&ended, Expect::NOTHING);
        let group = group("x", ended.took, &verdict, String::new);
        (group.passed, group.skipped, group.failures.len())
    }

    #[test]
    fn the_run_and_each_of_its_tests_count() {
        let console = "KTAP version 1\n1..3\nok 1 a\nok 2 b # SKIP why\nok 3 c\ncarom: digest none x\ncarom: card none\n";
        assert_eq!(counted(console, Ending::Exited(Some(0))), (3, 1, 0));
        let failed = console.replace("ok 3", "not ok 3");
        assert_eq!(counted(&failed, Ending::Exited(Some(1))), (1, 1, 2));
    }

    #[test]
    fn names_are_unique_and_a_filter_may_leave_none() {
        let names = |filter: &str| -> Vec<String> {
            let options = TestArgs {
                filter: filter.to_owned(),
                ..TestArgs::default()
            };
            let runs = runs(&options);
            runs.iter().map(|run| run.name().to_owned()).collect()
        };
        let all = names("");
        let unique: HashSet<&String> = all.iter().collect();
        assert_eq!(unique.len(), all.len());
        assert_eq!(names("FAT16"), ["card: FAT16"]);
        assert!(names("no such thing").is_empty());
    }

    #[test]
    fn a_kernel_that_hangs_silently_is_one_failure() {
        let hung = Ending::TimedOut(Duration::from_secs(90));
        assert_eq!(counted("", hung), (0, 0, 1));
    }
}
