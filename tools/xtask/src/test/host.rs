//! Tests on the host: crate by crate, so that one that does not build hides no other.

use crate::args::TestArgs;
use crate::process::{self, Echo};
use crate::report::{Group, Totals};
use crate::test::broken;
use crate::workspace::Workspace;
use crate::{interrupt, libtest};
use std::process::Command;
use std::time::Duration;

/// For one crate, its build included.
const LIMIT: Duration = Duration::from_secs(8 * 60);

/// The same under Miri, which gets no more of the 20 minutes that all tests may take together.
const MIRI_LIMIT: Duration = Duration::from_secs(10 * 60);

/// The crates with the pointers, and which of their tests: the memory model's opinion on them counts most.
const UNDER_MIRI: &[(&str, &[&str])] = &[
    ("hal", &["--lib"]),
    ("sim", &["--lib"]),
    ("dma", &["--lib", "--test", "memory_model"]),
];

/// Properties try this many cases under Miri, which is some hundred times slower.
const MIRI_CASES: &str = "4";

/// `cargo test` for every default member.
pub(crate) fn tests(workspace: &Workspace, options: &TestArgs, totals: &mut Totals) {
    for package in workspace.metadata.host_members() {
        let mut cargo = workspace.cargo(&["test", "--no-fail-fast", "-p", &package.name]);
        cargo.args(filter(options));
        totals.add(&group(&package.name, cargo, LIMIT));
    }
}

/// The same under Miri, for some of them.
pub(crate) fn miri(workspace: &Workspace, options: &TestArgs, totals: &mut Totals) {
    for (package, tests) in UNDER_MIRI {
        let miri = under_miri(workspace, (package, tests), options);
        totals.add(&group(package, miri, MIRI_LIMIT));
    }
}

fn group(name: &str, command: Command, limit: Duration) -> Group {
    if interrupt::seen() {
        return Group::default();
    }
    match process::run(command, limit, Echo::Off) {
        Ok(ended) => libtest::group(name, &ended),
        Err(error) => broken(name, &error),
    }
}

/// Miri is part of nightly alone.
fn under_miri(
    workspace: &Workspace,
    (package, tests): (&str, &[&str]),
    options: &TestArgs,
) -> Command {
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly", "cargo", "miri", "test", "-p", package])
        .args(tests)
        .args(filter(options))
        .current_dir(&workspace.sources.root)
        .env("CARGO_TARGET_DIR", workspace.sources.target.join("miri"))
        .env("CARGO_TERM_COLOR", "never")
        .env("PROPTEST_CASES", MIRI_CASES)
        // proptest looks for the file of its past failures.
        .env("MIRIFLAGS", "-Zmiri-disable-isolation");
    command
}

/// What `cargo test` takes for a filter: a word, or none.
fn filter(options: &TestArgs) -> Option<&String> {
    (!options.filter.is_empty()).then_some(&options.filter)
}
