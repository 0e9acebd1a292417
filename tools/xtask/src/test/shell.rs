//! The kernel's prompt: one boot, a conversation over the serial line, and what each answer must be.

use crate::boot::{Kernel, Setup, Tree};
use crate::header::LoadOffset;
use crate::image::Built;
use crate::process::{Echo, Ended};
use crate::report::{Failure, Group, tail};
use crate::script::{PROMPT, Script, Step};
use crate::test::broken;
use std::path::Path;
use std::time::Duration;

/// What the group is called in the report.
pub(super) const NAME: &str = "shell";

/// Columns that no line of an answer may pass.
const COLUMNS: usize = 80;

/// Something that is typed, and what must and must not come of it.
struct Question {
    name: &'static str,
    /// Keys, and words that must be there before they are sent; no words: the prompt.
    steps: &'static [(&'static str, &'static str)],
    says: &'static [&'static str],
    never: &'static str,
}

/// A line at the prompt.
const fn line(
    name: &'static str,
    steps: &'static [(&'static str, &'static str)],
    says: &'static [&'static str],
) -> Question {
    let never = "no such command";
    Question {
        name,
        steps,
        says,
        never,
    }
}

const ALL: &[&str] = &[
    "help [COMMAND]",
    "info",
    "mem",
    "dma devices",
    "dma pools",
    "dma maps",
    "selftest [PATTERN]",
    "peek ADDR [LEN]",
    "bt",
    "log [LEVEL]",
    "reboot",
    "poweroff",
];

const SESSION: &[Question] = &[
    line("help lists all commands", &[("", "help\r")], ALL),
    line(
        "help explains one",
        &[("", "help dma pools\r")],
        &["upper bound"],
    ),
    Question {
        never: "usage",
        ..line(
            "unknown input gets the nearest command",
            &[("", "selftets\r")],
            &["\"selftest\" is near"],
        )
    },
    line(
        "the first word of several lists them",
        &[("", "dma\r")],
        &["dma maps", "dma pools"],
    ),
    line(
        "a wrong use gets the usage",
        &[("", "peek\r")],
        &["usage: peek ADDR [LEN]"],
    ),
    line(
        "a bad address is an answer",
        &[("", "peek 1000000000\r")],
        &["0x1000000000 cannot be read: data abort"],
    ),
    line(
        "memory is shown: the image's own magic",
        &[("", "peek ffffffffc0000030 16\r")],
        &["0xffffffffc0000030  ", "644d5241", "ARMd"],
    ),
    line(
        "a register is read",
        &[("", "peek fe201fe0\r")],
        &["00000011"],
    ),
    line(
        "keys edit in the middle",
        &[("", "mxm\x1b[D\x1b[D\x1b[3~e\r")],
        &["zone Normal"],
    ),
    line("Tab completes", &[("", "dma po\t\r")], &["in use"]),
    line(
        "the arrow up brings the last line back",
        &[("", "\x1b[A\r")],
        &["in use"],
    ),
    Question {
        never: "0xffffffffc003fff0",
        ..line(
            "Ctrl-C stops what takes long",
            &[
                ("", "peek ffffffffc0000000 256K\r"),
                ("0xffffffffc0000080", "\x03"),
            ],
            &[],
        )
    },
    line(
        "Ctrl-C gives a line up",
        &[("", "garbage"), ("garbage", "\x03")],
        &["^C"],
    ),
    line(
        "mappings are counted",
        &[("", "dma maps\r")],
        &["master", "dma "],
    ),
    line(
        "a level is set",
        &[("", "log debug\r"), ("", "log\r")],
        &["debug\r\n"],
    ),
    line(
        "a backtrace has addresses",
        &[("", "bt\r")],
        &["  0xffffffffc0"],
    ),
    line(
        "the report comes again",
        &[("", "info\r")],
        &["main job passed", " 0 characters lost"],
    ),
    line(
        "a self-test runs again",
        &[("", "selftest \"null traps\"\r")],
        &["1..1", "ok 1 null traps"],
    ),
    line("power off", &[("", "poweroff\r")], &[]),
];

/// Boots and talks.
pub(super) fn run(built: &Built, out: &Path, limit: Duration) -> Group {
    let setup = Setup {
        kernel: Kernel::Image(LoadOffset::DEFAULT),
        tree: Tree::Emulator,
        file: None,
        card: None,
        append: "selftest=null",
        limit,
    };
    let mut script = Script::new(steps());
    match setup.converse(built, out, Echo::Off, &mut script) {
        Ok(ended) => group(&ended, &script),
        Err(error) => broken(NAME, &error),
    }
}

fn steps() -> Vec<Step> {
    let all = SESSION.iter().flat_map(|question| question.steps);
    all.map(|(after, keys)| Step {
        after: if after.is_empty() { PROMPT } else { after }.to_owned(),
        keys: keys.as_bytes().to_vec(),
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

impl Question {
    /// Judges what the console said after each of its steps.
    fn judge(&self, pieces: &[&str]) -> Result<(), String> {
        if pieces.len() < self.steps.len() {
            return Err("it was never asked".to_owned());
        }
        let answer = pieces.concat();
        if let Some(unsaid) = self.says.iter().find(|words| !answer.contains(**words)) {
            return Err(format!("no \"{unsaid}\" in:\n{answer}"));
        }
        if answer.contains(self.never) {
            return Err(format!("\"{}\" in:\n{}", self.never, tail(&answer)));
        }
        let wide = answer.lines().find(|line| shown(line) > COLUMNS);
        wide.map_or(Ok(()), |line| {
            Err(format!("wider than {COLUMNS} columns: {line}"))
        })
    }
}

/// Columns that a line takes. One that is drawn again starts anew behind its CR.
fn shown(line: &str) -> usize {
    let last = line.trim_end().rsplit('\r').next();
    last.map_or(0, |text| text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_must_say_what_it_should_and_nothing_that_it_must_not() {
        let question = line("x", &[("", "x\r")], &["yes"]);
        assert!(question.judge(&["x\r\nyes\r\n"]).is_ok());
        assert!(question.judge(&["x\r\nno\r\n"]).is_err());
        assert!(question.judge(&["yes, but no such command"]).is_err());
        assert!(question.judge(&[]).unwrap_err().contains("never asked"));
    }

    #[test]
    fn a_line_of_more_than_80_columns_is_told() {
        let question = line("x", &[("", "x\r")], &[]);
        assert!(question.judge(&["x".repeat(80).as_str()]).is_ok());
        assert!(question.judge(&["x".repeat(81).as_str()]).is_err());
        let redrawn = format!("{}\r{}", "x".repeat(60), "y".repeat(60));
        assert!(question.judge(&[redrawn.as_str()]).is_ok());
    }

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
