//! `test`: every part in turn. A part that fails does not stop the others.

mod bench;
mod checked;
pub(crate) mod crash;
mod emulator;
mod fatal;
mod host;
mod media;
pub(crate) mod medium;
pub(crate) mod scenario;
mod shell;

use crate::args::{Part, TestArgs};
use crate::report::{Group, Totals};
use crate::workspace::Workspace;
use crate::{check, interrupt, mutants};
use std::time::{Duration, Instant};

/// Runs what is asked for; the last line is `N passed, N failed`.
pub(crate) fn run(workspace: &Workspace, options: &TestArgs) -> anyhow::Result<bool> {
    let start = Instant::now();
    let mut totals = Totals::default();
    for (part, title, run) in PARTS {
        if options.wants(*part) && !interrupt::seen() {
            println!("{title}");
            run(workspace, options, &mut totals);
        }
    }
    println!("all of it took {:.0} s", start.elapsed().as_secs_f32());
    if totals.nothing() && !interrupt::seen() {
        println!(
            "no test, scenario or mutant has \"{}\" in its name",
            options.filter
        );
    }
    println!("{}", totals.line());
    Ok(totals.ok())
}

type Run = fn(&Workspace, &TestArgs, &mut Totals);

/// Cheap and telling ones first.
const PARTS: &[(Part, &str, Run)] = &[
    (
        Part::Check,
        "check: format, lints, arrows, licences",
        check::run,
    ),
    (Part::Host, "host: what needs no board", host::tests),
    (Part::Miri, "miri: undefined behaviour", host::miri),
    (
        Part::Emulator,
        "emulator: the kernel on raspi4b",
        emulator::run,
    ),
    (
        Part::Mutants,
        "mutants: rules tested by breaking them",
        mutants::run,
    ),
];

/// A part, or a step of one, that could not even be tried.
pub(crate) fn broken(name: &str, error: &anyhow::Error) -> Group {
    Group::single(name, Duration::ZERO, Err(format!("{error:#}")))
}
