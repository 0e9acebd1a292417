//! Lines entered before, oldest first.

use crate::line::Text;
use arrayvec::ArrayVec;

/// Lines that are remembered.
const MAX: usize = 16;

/// What was entered, and where in it the user looks.
#[derive(Debug, Default)]
pub(crate) struct History {
    lines: ArrayVec<Text, MAX>,
    /// Lines back from the newest; 0 is the line that is being written.
    back: usize,
    /// That line, while older ones are looked at.
    draft: Text,
}

impl History {
    /// Remembers a line, unless it is blank or was the last one too, and ends the look back.
    pub(crate) fn add(&mut self, line: Text) {
        self.back = 0;
        if line.trim().is_empty() || self.lines.last() == Some(&line) {
            return;
        }
        if self.lines.is_full() {
            self.lines.remove(0);
        }
        self.lines.push(line);
    }

    /// The line before the one shown; `current` is kept if it is the one being written.
    pub(crate) fn older(&mut self, current: &str) -> Option<Text> {
        if self.back == self.lines.len() {
            return None;
        }
        if self.back == 0 {
            self.draft = Text::from(current).unwrap_or_default();
        }
        self.back += 1;
        Some(self.lines[self.lines.len() - self.back])
    }

    /// The line after the one shown; the last of them is the one that was being written.
    pub(crate) fn newer(&mut self) -> Option<Text> {
        self.back = self.back.checked_sub(1)?;
        Some(match self.back {
            0 => self.draft,
            back => self.lines[self.lines.len() - back],
        })
    }

    /// Ends the look back: the next one starts at the newest line.
    pub(crate) fn leave(&mut self) {
        self.back = 0;
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::format;

    fn text(text: &str) -> Text {
        Text::from(text).unwrap()
    }

    fn history(lines: &[&str]) -> History {
        let mut history = History::default();
        lines.iter().for_each(|line| history.add(text(line)));
        history
    }

    #[test]
    fn up_and_down_end_at_the_oldest_line_and_at_the_draft() {
        let mut history = history(&["a", "b"]);
        assert_eq!(history.older("dra"), Some(text("b")));
        assert_eq!(history.older("b"), Some(text("a")));
        assert_eq!(history.older("a"), None);
        assert_eq!(history.newer(), Some(text("b")));
        assert_eq!(history.newer(), Some(text("dra")));
        assert_eq!(history.newer(), None);
    }

    #[test]
    fn blanks_and_repetitions_are_not_remembered() {
        let mut history = history(&["a", "a", "", "  ", "b", "a"]);
        assert_eq!(history.lines.len(), 3);
        assert_eq!(history.older(""), Some(text("a")));
        assert_eq!(history.older(""), Some(text("b")));
    }

    #[test]
    fn the_oldest_line_makes_room() {
        let mut history = History::default();
        (0..MAX + 3).for_each(|n| history.add(text(&format!("{n}"))));
        assert_eq!(history.lines[0], text("3"));
        assert_eq!(history.lines.len(), MAX);
    }

    #[test]
    fn a_new_line_starts_the_look_back_anew() {
        let mut history = history(&["a", "b"]);
        history.older("");
        history.add(text("c"));
        assert_eq!(history.older(""), Some(text("c")));
    }
}
