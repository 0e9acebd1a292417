//! `test`: every part in turn. A part that fails does not stop the others.

mod bench;
mod checked;
pub(crate) mod crash;
mod emulator;
mod fatal;
mod host;
mod media;
pub(crate) mod medium;
mod replayed;
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
    let totals = Totals::default();
    for stage in STAGES {
        std::thread::scope(|scope| {
            for lane in *stage {
                scope.spawn(|| run_lane(lane, workspace, options, &totals));
            }
        });
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

type Run = fn(&Workspace, &TestArgs, &Totals);

/// A part, its title, and what runs it.
type Step = (Part, &'static str, Run);

/// One after the other.
type Lane = &'static [Step];

/// Cheap and telling ones first. The lanes of a stage run side by side: an emulator, an interpreter
/// and the build of one crate each keep one core busy.
const STAGES: &[&[Lane]] = &[
    &[&[
        (
            Part::Check,
            "check: format, lints, arrows, licences",
            check::run,
        ),
        (Part::Host, "host: what needs no board", host::tests),
    ]],
    &[
        &[(
            Part::Mutants,
            "mutants: rules tested on the host by breaking them",
            mutants::on_the_host,
        )],
        &[
            (
                Part::Emulator,
                "emulator: the kernel on raspi4b",
                emulator::run,
            ),
            (
                Part::Mutants,
                "mutants: rules tested in the emulator by breaking them",
                mutants::on_the_board,
            ),
        ],
    ],
    &[&[(Part::Miri, "miri: undefined behaviour", host::miri)]],
];

fn run_lane(lane: Lane, workspace: &Workspace, options: &TestArgs, totals: &Totals) {
    for (part, title, run) in lane {
        if options.wants(*part) && !interrupt::seen() {
            println!("{title}");
            run(workspace, options, totals);
        }
    }
}

/// A part, or a step of one, that could not even be tried.
pub(crate) fn broken(name: &str, error: &anyhow::Error) -> Group {
    Group::single(name, Duration::ZERO, Err(format!("{error:#}")))
}
