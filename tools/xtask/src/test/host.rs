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

/// The same under Miri.
const MIRI_LIMIT: Duration = Duration::from_secs(8 * 60);

/// Tests that the memory model has an opinion on: some of a crate's.
struct Interpreted {
    package: &'static str,
    target: &'static [&'static str],
    /// The modules with pointers or atomics; all if there is none.
    modules: &'static [&'static str],
}

/// Miri is some hundred times slower than the machine: numbers alone are not worth its time. The
/// layer's unsafe code is all in the paths that `memory_model` takes once each.
const UNDER_MIRI: &[Interpreted] = &[
    Interpreted {
        package: "hal",
        target: &["--lib"],
        modules: &[],
    },
    Interpreted {
        package: "dma",
        target: &["--lib"],
        modules: &[
            "cells::tests::inv_5",
            "cells::tests::the_last_free_cell",
            "counters::",
            "door::",
            "shared::",
            "swiotlb::atomic::",
            "swiotlb::blocks::",
            "swiotlb::chunk::",
            "swiotlb::growing::",
            "swiotlb::origins::tests::inv_9",
            "trace::ring::",
            "users::",
        ],
    },
    Interpreted {
        package: "sim",
        target: &["--lib"],
        modules: &[],
    },
    Interpreted {
        package: "dma",
        target: &["--test", "memory_model"],
        modules: &[],
    },
];

/// Properties try this many cases under Miri, which is some hundred times slower.
const MIRI_CASES: &str = "4";

/// `cargo test` for every default member.
pub(crate) fn tests(workspace: &Workspace, options: &TestArgs, totals: &Totals) {
    for package in workspace.metadata.host_members() {
        let mut cargo = workspace.cargo(&["test", "--no-fail-fast", "-p", &package.name]);
        cargo.args(filter(options));
        totals.add(&group(&package.name, cargo, LIMIT));
    }
}

/// The same under Miri, for some of them.
pub(crate) fn miri(workspace: &Workspace, options: &TestArgs, totals: &Totals) {
    let interpret = |tests: &Interpreted| {
        let name = format!("{} under Miri", tests.package);
        let miri = under_miri(workspace, tests, options);
        totals.add(&group(&name, miri, MIRI_LIMIT));
    };
    // One half takes about as long as the other, and each keeps one core busy.
    let (first, second) = UNDER_MIRI.split_at(UNDER_MIRI.len() / 2);
    std::thread::scope(|scope| {
        for lane in [first, second] {
            scope.spawn(|| lane.iter().for_each(interpret));
        }
    });
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

/// Miri is part of nightly alone. A filter may ask for any test of a target.
fn under_miri(workspace: &Workspace, tests: &Interpreted, options: &TestArgs) -> Command {
    let modules = match filter(options) {
        None => tests.modules,
        Some(_) => &[],
    };
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly", "cargo", "miri", "test"])
        .args(["-p", tests.package])
        .args(tests.target)
        .args(filter(options))
        .arg("--")
        .args(modules)
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
