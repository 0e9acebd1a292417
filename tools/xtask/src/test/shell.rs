//! The kernel's prompt: one boot, and a conversation over the serial line.

mod session;

use crate::boot::{Kernel, Setup, Tree};
use crate::header::LoadOffset;
use crate::image::Built;
use crate::process::{Echo, Ended};
use crate::report::{Failure, Group, tail};
use crate::script::{Act, PROMPT, Script, Step};
use crate::test::{broken, medium::Medium};
use session::SESSION;
use std::path::Path;
use std::time::Duration;

/// What the group is called in the report.
pub(super) const NAME: &str = "shell";

/// Boots and talks.
pub(super) fn run(built: &Built, out: &Path, limit: Duration) -> Group {
    try_run(built, out, limit).unwrap_or_else(|error| broken(NAME, &error))
}

fn try_run(built: &Built, out: &Path, limit: Duration) -> anyhow::Result<Group> {
    let card = Medium::Ours.make(built, out)?;
    let setup = Setup {
        kernel: Kernel::Image(LoadOffset::DEFAULT),
        tree: Tree::Emulator,
        file: None,
        card: card.as_ref().map(|card| card.path.as_path()),
        slot: None,
        append: "selftest=null",
        limit,
    };
    let mut script = Script::new(steps());
    let ended = setup.converse(built, out, Echo::Off, &mut script)?;
    Ok(group(&ended, &script))
}

fn steps() -> Vec<Step> {
    let all = SESSION.iter().flat_map(|question| question.steps);
    all.map(|(after, keys)| Step {
        after: if after.is_empty() { PROMPT } else { after }.to_owned(),
        act: Act::Type(keys.as_bytes().to_vec()),
    })
    .collect()
}

/// Each question is a test; the last one must end the run with status 0.
fn group(ended: &Ended, script: &Script) -> Group {
    let answers = script.answers(&ended.output);
    let mut answers = answers.iter();
    let mut failures = Vec::new();
    for question in SESSION {
        let pieces: Vec<&str> = answers
            .by_ref()
            .take(question.steps.len())
            .copied()
            .collect();
        if let Err(why) = question.judge(&pieces) {
            failures.push(Failure::new(question.name, why));
        }
    }
    let passed = SESSION.len() - failures.len();
    if !ended.ok() {
        let console = tail(&ended.output);
        failures.push(Failure::new(
            "the end",
            format!("{}\n{console}", ended.ending),
        ));
    }
    Group {
        name: NAME.to_owned(),
        took: ended.took,
        passed: passed + usize::from(ended.ok()),
        skipped: 0,
        failures,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_that_ends_early_fails_and_so_does_a_wrong_status() {
        let ended = Ended {
            ending: crate::process::Ending::Exited(Some(1)),
            output: String::new(),
            took: Duration::ZERO,
        };
        let group = group(&ended, &Script::new(steps()));
        assert_eq!(group.passed, 0);
        assert_eq!(group.failures.len(), SESSION.len() + 1);
    }
}
