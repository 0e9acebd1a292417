//! What is typed at the kernel's prompt, when: each step waits for words on the console.

use crate::process::Talk;

/// The prompt at the start of a line. A line that is edited shows it again, but behind a CR.
pub(crate) const PROMPT: &str = "\ncarom> ";

/// Bytes of what a console says before its first prompt: all, if there is none.
pub(crate) fn before_prompt(console: &str) -> usize {
    console.find(PROMPT).map_or(console.len(), |at| at + 1)
}

/// Keys to send once some words are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Words that the console must say after the step before.
    pub(crate) after: String,
    pub(crate) keys: Vec<u8>,
}

/// Steps in their order.
#[derive(Debug)]
pub(crate) struct Script {
    steps: Vec<Step>,
    /// How long the console was when each of the steps so far was sent.
    sent: Vec<usize>,
}

impl Script {
    pub(crate) fn new(steps: Vec<Step>) -> Self {
        let sent = Vec::new();
        Self { steps, sent }
    }

    /// A line at each prompt, and `poweroff` at the end.
    pub(crate) fn of_lines(lines: &str) -> Self {
        let lines = lines.lines().chain(["poweroff"]);
        let step = |line: &str| Step {
            after: PROMPT.to_owned(),
            keys: format!("{line}\r").into_bytes(),
        };
        Self::new(lines.map(step).collect())
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
    fn next(&mut self, output: &[u8]) -> Vec<u8> {
        let Some(step) = self.steps.get(self.sent.len()) else {
            return Vec::new();
        };
        let since = self.sent.last().copied().unwrap_or(0);
        let said = String::from_utf8_lossy(&output[since..]);
        if !said.contains(&step.after) {
            return Vec::new();
        }
        self.sent.push(output.len());
        step.keys.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_waits_for_words_that_come_after_the_one_before() {
        let mut script = Script::of_lines("help\nmem");
        assert_eq!(script.next(b"boot\r\ncarom"), b"");
        assert_eq!(script.next(b"boot\r\ncarom> "), b"help\r");
        assert_eq!(script.next(b"boot\r\ncarom> "), b"");
        assert_eq!(
            script.next(b"boot\r\ncarom> help\r\nx\r\ncarom> "),
            b"mem\r"
        );
        let console = "boot\r\ncarom> help\r\nx\r\ncarom> mem\r\ny\r\ncarom> ";
        assert_eq!(script.next(console.as_bytes()), b"poweroff\r");
        assert_eq!(script.next(console.as_bytes()), b"");
        let answers = ["help\r\nx\r\ncarom> ", "mem\r\ny\r\ncarom> ", ""];
        assert_eq!(script.answers(console), answers);
    }

    #[test]
    fn a_prompt_that_is_drawn_again_is_no_new_one() {
        let mut script = Script::of_lines("help");
        assert_eq!(script.next(b"\r\ncarom> "), b"help\r");
        assert_eq!(script.next(b"\r\ncarom> h\rcarom> he"), b"");
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
