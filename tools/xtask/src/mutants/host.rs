//! Mutants whose test runs by `cargo test`.

use super::bench::Bench;
use super::binary::{Binary, passed_in};
use super::list::{Kind, Mutant};
use crate::libtest::verdict;
use crate::process::{self, Echo, Ended, Ending};
use crate::report::tail;
use anyhow::bail;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A mutant is built for one test, so building counts for more than running: neither debug information nor,
/// as the tree's own profile has it, optimisation of the layer.
const QUICK: [&str; 4] = [
    "--config",
    "profile.dev.debug=false",
    "--config",
    "profile.dev.package.dma.opt-level=0",
];

/// The copy's first build compiles all dependencies.
const WHOLE_LIMIT: Duration = Duration::from_secs(15 * 60);

/// A mutant may make its test hang.
const LIMIT: Duration = Duration::from_secs(120);

/// Tests that pass while the tree is whole, by package and name, and the binary that each is in.
#[derive(Debug, Default)]
pub(super) struct Passing(BTreeMap<(String, String), Binary>);

impl Passing {
    pub(super) fn contains(&self, package: &str, test: &str) -> bool {
        self.binary(package, test).is_some()
    }

    fn binary(&self, package: &str, test: &str) -> Option<&Binary> {
        self.0.get(&(package.to_owned(), test.to_owned()))
    }
}

/// Runs every named test once, package by package.
pub(super) fn whole(bench: &Bench, mutants: &[Mutant]) -> anyhow::Result<Passing> {
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for mutant in mutants {
        if let Kind::Host { package } = &mutant.kind {
            named.entry(package).or_default().insert(&mutant.test);
        }
    }
    let mut passing = Passing::default();
    for (package, tests) in named {
        let tests: Vec<&str> = tests.into_iter().collect();
        let ended = test(bench, package, &Binary::Any, &tests, WHOLE_LIMIT)?;
        let passed = passed_in(&ended.output);
        let named = passed.filter(|(name, _)| tests.contains(name));
        let keyed = named.map(|(name, binary)| ((package.to_owned(), name.to_owned()), binary));
        passing.0.extend(keyed);
    }
    Ok(passing)
}

/// Whether the named test fails in the tree as it is now. Only its own binary is built: linking the
/// package's others would take longer than all the rest.
pub(super) fn catches(
    bench: &Bench,
    whole: &Passing,
    package: &str,
    name: &str,
) -> anyhow::Result<bool> {
    let binary = whole.binary(package, name).unwrap_or(&Binary::Any);
    caught(name, &test(bench, package, binary, &[name], LIMIT)?)
}

/// Builds, and runs the tests of these names.
fn test(
    bench: &Bench,
    package: &str,
    binary: &Binary,
    names: &[&str],
    limit: Duration,
) -> anyhow::Result<Ended> {
    let arguments = [&QUICK[..], &["test", "-p", package, "--no-fail-fast"]];
    let mut cargo = bench.0.cargo(&arguments.concat());
    cargo.args(binary.arguments());
    cargo.args(["--", "--exact"]).args(names);
    process::run(cargo, limit, Echo::Off)
}

/// What cargo says, and no test that came to a verdict, of a tree that does not build.
const NOT_BUILT: &str = "error: could not compile";
/// What the test binary says first.
const RUNS: &str = "running 1 test";

/// Only this test ran: if it did not come to a verdict, it crashed or hung, and that is noticed too.
fn caught(name: &str, ended: &Ended) -> anyhow::Result<bool> {
    match (said(&ended.output, name), ended.ending) {
        (_, Ending::Interrupted) => bail!("interrupted"),
        (Some(passed), _) => Ok(!passed),
        (None, Ending::Exited(Some(0))) => bail!("{name} did not run"),
        (None, _) if ended.output.contains(NOT_BUILT) => {
            bail!("does not build\n{}", tail(&ended.output))
        }
        // A build that takes so long says nothing of the test.
        (None, Ending::TimedOut(_)) if !ended.output.contains(RUNS) => {
            bail!("was not built in time\n{}", tail(&ended.output))
        }
        (None, _) => Ok(true),
    }
}

/// Whether the test passed, if it came to a verdict.
fn said(output: &str, name: &str) -> Option<bool> {
    let mut verdicts = output.lines().filter_map(verdict);
    verdicts
        .find(|(test, _)| *test == name)
        .map(|(_, verdict)| verdict == "ok")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caught_by(output: &str, ending: Ending) -> Option<bool> {
        let ended = Ended {
            ending,
            output: output.to_owned(),
            took: Duration::ZERO,
        };
        caught("a", &ended).ok()
    }

    #[test]
    fn only_the_named_tests_failure_counts() {
        let failed = Ending::Exited(Some(101));
        assert_eq!(caught_by("test a ... FAILED\n", failed), Some(true));
        assert_eq!(
            caught_by("test a ... ok\ntest ab ... FAILED\n", failed),
            Some(false)
        );
        assert_eq!(
            caught_by("test a ... ok\n", Ending::Exited(Some(0))),
            Some(false)
        );
    }

    #[test]
    fn a_crash_and_a_hang_are_noticed_and_a_test_that_did_not_run_is_an_error() {
        let hung = Ending::TimedOut(LIMIT);
        assert_eq!(caught_by("running 1 test\n", hung), Some(true));
        assert_eq!(
            caught_by("running 1 test\n", Ending::Exited(Some(101))),
            Some(true)
        );
        assert_eq!(
            caught_by("running 0 tests\n", Ending::Exited(Some(0))),
            None
        );
        assert_eq!(caught_by("", Ending::Interrupted), None);
        assert_eq!(caught_by("   Compiling dma v0.1.0\n", hung), None);
        let built = "error: could not compile `dma` (lib) due to 1 previous error\n";
        assert_eq!(caught_by(built, Ending::Exited(Some(101))), None);
    }
}
