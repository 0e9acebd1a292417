//! Mutants whose test runs in the emulator.

use super::bench::Bench;
use super::list::{Kind, Mutant};
use crate::boot::Verdict;
use crate::image;
use crate::ktap::Outcome;
use crate::process::Echo;
use crate::test::scenario::{self, Scenario};
use anyhow::Context;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The name of what is no test but the kernel's work: the file that is carried, the card that is read.
const MAIN_JOB: &str = "main job";

/// A whole kernel takes a few seconds.
const LIMIT: Duration = Duration::from_secs(60);

/// What each scenario came to while the tree was whole, and how long that took.
#[derive(Debug, Default)]
pub(super) struct Passing(BTreeMap<String, (Verdict, Duration)>);

impl Passing {
    pub(super) fn contains(&self, scenario: &str, test: &str) -> bool {
        self.0
            .get(scenario)
            .is_some_and(|(verdict, _)| passed(verdict, test))
    }

    /// How long a mutated kernel may take, which may well hang.
    fn limit(&self, scenario: &str) -> Duration {
        self.0
            .get(scenario)
            .map_or(LIMIT, |(_, took)| patience(*took))
    }
}

/// Time for a kernel that does what a whole one does in `took`, on a machine that is busier by now.
fn patience(took: Duration) -> Duration {
    (Duration::from_secs(5) + 3 * took).min(LIMIT)
}

/// Boots every named scenario once.
pub(super) fn whole(bench: &Bench, mutants: &[Mutant]) -> anyhow::Result<Passing> {
    let kinds = mutants.iter().map(|mutant| &mutant.kind);
    let named: BTreeSet<&String> = kinds
        .filter_map(|kind| match kind {
            Kind::Board { scenario } => Some(scenario),
            Kind::Host { .. } | Kind::Crash => None,
        })
        .collect();
    let mut passing = Passing::default();
    for name in named {
        passing.0.insert(name.clone(), boot(bench, name, LIMIT)?);
    }
    Ok(passing)
}

/// Whether the named test fails in the tree as it is now.
pub(super) fn catches(
    bench: &Bench,
    whole: &Passing,
    scenario: &str,
    test: &str,
) -> anyhow::Result<bool> {
    let (verdict, _) = boot(bench, scenario, whole.limit(scenario))?;
    Ok(failed(&verdict, test))
}

fn boot(bench: &Bench, name: &str, limit: Duration) -> anyhow::Result<(Verdict, Duration)> {
    let scenario = find(name)?;
    let built = image::build_mutant(&bench.0, Echo::Off)?;
    let (ended, verdict) = scenario.run(&built, &bench.0.target, limit)?;
    Ok((verdict, ended.took))
}

fn find(name: &str) -> anyhow::Result<Scenario> {
    let mut all = scenario::all().into_iter();
    all.find(|scenario| scenario.name == name)
        .with_context(|| format!("no scenario is called \"{name}\""))
}

fn passed(verdict: &Verdict, test: &str) -> bool {
    match test {
        MAIN_JOB => verdict.wrong.is_empty(),
        _ => verdict.ktap.outcome(test) == Some(&Outcome::Passed),
    }
}

/// A test that was running when the kernel stopped has noticed as well. One that never began has
/// not: the kernel may have stopped for any reason.
fn failed(verdict: &Verdict, test: &str) -> bool {
    match test {
        MAIN_JOB => verdict.digest.is_none() || verdict.card.is_none(),
        _ => {
            let told = matches!(verdict.ktap.outcome(test), Some(Outcome::Failed(_)));
            told || verdict.ktap.running.as_deref() == Some(test)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::Expect;
    use crate::process::{Ended, Ending};

    fn judged(output: &str, code: i32) -> Verdict {
        let ended = Ended {
            ending: Ending::Exited(Some(code)),
            output: output.to_owned(),
            took: Duration::ZERO,
        };
        Verdict::of(&ended, Expect::NOTHING)
    }

    const GOOD: &str = "KTAP version 1\n1..2\n# test a\nok 1 a\n# test b\nok 2 b\ncarom: digest none x\ncarom: card none\n";

    #[test]
    fn a_whole_kernel_passes_and_fails_nothing() {
        let verdict = judged(GOOD, 0);
        for test in ["a", "b", MAIN_JOB] {
            assert!(passed(&verdict, test) && !failed(&verdict, test), "{test}");
        }
    }

    #[test]
    fn only_the_test_that_failed_or_was_running_has_noticed() {
        let verdict = judged(&GOOD.replace("ok 1 a", "not ok 1 a"), 1);
        assert!(failed(&verdict, "a") && !failed(&verdict, "b"));
        let died = judged("KTAP version 1\n1..2\n# test a\npanic\n", 101);
        assert!(failed(&died, "a") && !failed(&died, "b"));
    }

    #[test]
    fn the_main_job_fails_by_its_digest_and_by_its_card() {
        for line in ["carom: digest none x\n", "carom: card none\n"] {
            let verdict = judged(&GOOD.replace(line, ""), 1);
            assert!(failed(&verdict, MAIN_JOB) && !failed(&verdict, "a"));
        }
    }

    #[test]
    fn a_mutant_has_some_times_what_a_whole_kernel_takes() {
        let seconds = Duration::from_secs;
        let boot = judged(GOOD, 0);
        let passing = Passing([("a".to_owned(), (boot, seconds(2)))].into());
        assert_eq!(passing.limit("a"), seconds(11));
        assert_eq!(patience(seconds(50)), LIMIT);
        assert_eq!(passing.limit("never booted"), LIMIT);
    }

    #[test]
    fn a_scenario_must_exist() {
        assert!(find("image at 80000").is_ok() && find("no such").is_err());
    }
}
