//! What is typed at the kernel's prompt, and done to its card, when: each step waits for words on
//! the console.

use crate::process::Talk;
use crate::slot::Slot;
use anyhow::Context;
use std::path::PathBuf;

/// The prompt at the start of a line. A line that is edited shows it again, but behind a CR.
pub(crate) const PROMPT: &str = "\ncarom> ";

/// Bytes of what a console says before its first prompt: all, if there is none.
pub(crate) fn before_prompt(console: &str) -> usize {
    console.find(PROMPT).map_or(console.len(), |at| at + 1)
}

/// Something to do once some words are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Words that the console must say after the step before.
    pub(crate) after: String,
    pub(crate) act: Act,
}

/// What there is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Press keys.
    Type(Vec<u8>),
    /// Pull the card.
    Eject,
    /// Put this card in.
    Insert(PathBuf),
}

impl Step {
    /// A line at the next prompt.
    pub(crate) fn line(line: &str) -> Self {
        Self {
            after: PROMPT.to_owned(),
            act: Act::Type(format!("{line}\r").into_bytes()),
        }
    }
}

/// Steps in their order.
#[derive(Debug)]
pub(crate) struct Script {
    /// The card's slot, for steps that move the card.
    slot: Option<Slot>,
    steps: Vec<Step>,
    /// How long the console was when each of the steps so far was sent.
    sent: Vec<usize>,
}

impl Script {
    pub(crate) fn new(steps: Vec<Step>) -> Self {
        let (slot, sent) = (None, Vec::new());
        Self { slot, steps, sent }
    }

    /// The same with a slot for steps that move the card.
    pub(crate) fn with_slot(steps: Vec<Step>, slot: Slot) -> Self {
        let slot = Some(slot);
        Self {
            slot,
            ..Self::new(steps)
        }
    }

    /// A line at each prompt, and `poweroff` at the end.
    pub(crate) fn of_lines(lines: &str) -> Self {
        let lines = lines.lines().chain(["poweroff"]);
        Self::new(lines.map(Step::line).collect())
    }

    /// What the console said after each step that was sent, echoes included.
    pub(crate) fn answers<'c>(&self, console: &'c str) -> Vec<&'c str> {
        let ends = self.sent.iter().skip(1).copied().chain([console.len()]);
        let ranges = self.sent.iter().zip(ends);
        let answer = |(start, end): (&usize, usize)| console.get(*start..end).unwrap_or_default();
        ranges.map(answer).collect()
    }
}

impl Talk for Script {
    fn next(&mut self, output: &[u8]) -> anyhow::Result<Vec<u8>> {
        let Some(step) = self.steps.get(self.sent.len()) else {
            return Ok(Vec::new());
        };
        let since = self.sent.last().copied().unwrap_or(0);
        let said = String::from_utf8_lossy(&output[since..]);
        if !said.contains(&step.after) {
            return Ok(Vec::new());
        }
        self.sent.push(output.len());
        let slot = self.slot.as_mut().context("no slot to move a card in");
        match &step.act {
            Act::Type(keys) => return Ok(keys.clone()),
            Act::Eject => slot?.eject()?,
            Act::Insert(card) => slot?.insert(card)?,
        }
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_waits_for_words_that_come_after_the_one_before() {
        let mut script = Script::of_lines("help\nmem");
        assert_eq!(script.next(b"boot\r\ncarom").unwrap(), b"");
        assert_eq!(script.next(b"boot\r\ncarom> ").unwrap(), b"help\r");
        assert_eq!(script.next(b"boot\r\ncarom> ").unwrap(), b"");
        assert_eq!(
            script.next(b"boot\r\ncarom> help\r\nx\r\ncarom> ").unwrap(),
            b"mem\r"
        );
        let console = "boot\r\ncarom> help\r\nx\r\ncarom> mem\r\ny\r\ncarom> ";
        assert_eq!(script.next(console.as_bytes()).unwrap(), b"poweroff\r");
        assert_eq!(script.next(console.as_bytes()).unwrap(), b"");
        let answers = ["help\r\nx\r\ncarom> ", "mem\r\ny\r\ncarom> ", ""];
        assert_eq!(script.answers(console), answers);
    }

    #[test]
    fn a_prompt_that_is_drawn_again_is_no_new_one() {
        let mut script = Script::of_lines("help");
        assert_eq!(script.next(b"\r\ncarom> ").unwrap(), b"help\r");
        assert_eq!(script.next(b"\r\ncarom> h\rcarom> he").unwrap(), b"");
    }

    #[test]
    fn the_verdict_sees_what_comes_before_the_first_prompt() {
        let cut = |console: &'static str| &console[..before_prompt(console)];
        assert_eq!(
            cut("ok 1 a\r\ncarom> selftest\r\nok 1 a\r\ncarom> "),
            "ok 1 a\r\n"
        );
        assert_eq!(cut("no prompt"), "no prompt");
    }
}
