//! The image that checks itself: all self-tests with the lock order watched, and the ways to die.

use crate::args::TestArgs;
use crate::image::{self, Built};
use crate::interrupt;
use crate::process::Echo;
use crate::report::{Group, Totals};
use crate::test::{crash, emulator, scenario};
use crate::workspace::Workspace;
use std::time::Instant;

/// What the checker of the lock order reports by: in this image and in no other.
const REPORT: &[u8] = b"lock order: ";

/// Builds it and boots it as often as the filter leaves something to see.
pub(super) fn run(workspace: &Workspace, options: &TestArgs, totals: &Totals) {
    let scenario = Some(scenario::checked()).filter(|s| options.names(&s.name));
    let crashes: Vec<_> = (crash::ALL.iter())
        .filter(|crash| options.names(crash.name))
        .collect();
    if scenario.is_none() && crashes.is_empty() {
        return;
    }
    let start = Instant::now();
    let built = image::build_checked(&workspace.sources, Echo::Off);
    let has_checker = built
        .as_ref()
        .map_err(|error| format!("{error:#}"))
        .and_then(|built| {
            check(
                has_report(built),
                "the image has no checker of the lock order",
            )
        });
    totals.add(&Group::single(
        "an image that checks itself builds",
        start.elapsed(),
        has_checker,
    ));
    let (Ok(built), Ok(out)) = (built, workspace.out()) else {
        return;
    };
    let root = &workspace.sources.root;
    if let Some(scenario) = scenario {
        totals.add(&emulator::boot(&scenario, &built, root, &out));
    }
    for crash in crashes {
        if !interrupt::seen() {
            totals.add(&crash::run(crash, &built, root, &out));
        }
    }
}

/// The image for use pays nothing for the checker: it does not even hold its words.
pub(super) fn is_absent_from(built: &Built) -> Result<(), String> {
    check(
        !has_report(built),
        "the image for use checks the lock order",
    )
}

fn has_report(built: &Built) -> bool {
    built
        .flat
        .windows(REPORT.len())
        .any(|bytes| bytes == REPORT)
}

fn check(holds: bool, otherwise: &str) -> Result<(), String> {
    holds.then_some(()).ok_or_else(|| otherwise.to_owned())
}
