//! The line under edit: text and a cursor, always between two characters.

use arrayvec::ArrayString;

/// Bytes that a line can hold.
const MAX: usize = 240;

/// A line's text.
pub type Text = ArrayString<MAX>;

/// Text with a cursor.
#[derive(Debug, Default)]
pub(crate) struct Line {
    text: Text,
    /// In bytes, on a character's border.
    cursor: usize,
}

impl Line {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What is left of the cursor.
    pub(crate) fn left(&self) -> &str {
        &self.text[..self.cursor]
    }

    /// What is right of it.
    pub(crate) fn right(&self) -> &str {
        &self.text[self.cursor..]
    }

    /// Replaces everything; the cursor goes to the end.
    pub(crate) fn set(&mut self, text: &str) {
        self.text.clear();
        self.cursor = 0;
        self.insert(text);
    }

    /// Inserts all of `text` at the cursor; false if it does not fit.
    pub(crate) fn insert(&mut self, text: &str) -> bool {
        if text.len() > self.text.remaining_capacity() {
            return false;
        }
        let right = copy(self.right());
        self.text.truncate(self.cursor);
        self.text.push_str(text);
        self.text.push_str(&right);
        self.cursor += text.len();
        true
    }

    /// Takes out the bytes `from..to`, which are whole characters; the cursor ends up at `from`.
    fn cut(&mut self, from: usize, to: usize) {
        let right = copy(&self.text[to..]);
        self.text.truncate(from);
        self.text.push_str(&right);
        self.cursor = from;
    }

    pub(crate) fn backspace(&mut self) {
        self.cut(self.before(), self.cursor);
    }

    pub(crate) fn delete(&mut self) {
        self.cut(self.cursor, self.after());
    }

    pub(crate) fn kill_to_start(&mut self) {
        self.cut(0, self.cursor);
    }

    pub(crate) fn kill_to_end(&mut self) {
        self.cut(self.cursor, self.text.len());
    }

    /// Blanks left of the cursor, and the word before them.
    pub(crate) fn kill_word(&mut self) {
        let word = self.left().trim_end();
        let from = word.rfind(' ').map_or(0, |blank| blank + 1);
        self.cut(from, self.cursor);
    }

    pub(crate) fn move_left(&mut self) {
        self.cursor = self.before();
    }

    pub(crate) fn move_right(&mut self) {
        self.cursor = self.after();
    }

    pub(crate) fn move_home(&mut self) {
        self.cursor = 0;
    }

    pub(crate) fn move_end(&mut self) {
        self.cursor = self.text.len();
    }

    /// Start of the character left of the cursor.
    fn before(&self) -> usize {
        let last = self.left().chars().next_back();
        self.cursor - last.map_or(0, char::len_utf8)
    }

    /// End of the character right of the cursor.
    fn after(&self) -> usize {
        let next = self.right().chars().next();
        self.cursor + next.map_or(0, char::len_utf8)
    }
}

fn copy(text: &str) -> Text {
    Text::from(text).expect("a part of a line fits into a line")
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::string::String;

    /// A line that reads `left|right`.
    fn line(marked: &str) -> Line {
        let (left, right) = marked.split_once('|').unwrap();
        let mut line = Line::default();
        line.set(right);
        line.move_home();
        assert!(line.insert(left));
        line
    }

    fn marked(line: &Line) -> String {
        std::format!("{}|{}", line.left(), line.right())
    }

    fn after(before: &str, edit: fn(&mut Line)) -> String {
        let mut line = line(before);
        edit(&mut line);
        marked(&line)
    }

    #[test]
    fn each_edit_does_what_its_key_says() {
        assert_eq!(after("aß|c", Line::backspace), "a|c");
        assert_eq!(after("|c", Line::backspace), "|c");
        assert_eq!(after("a|ßc", Line::delete), "a|c");
        assert_eq!(after("a|", Line::delete), "a|");
        assert_eq!(after("ab|cd", Line::kill_to_start), "|cd");
        assert_eq!(after("ab|cd", Line::kill_to_end), "ab|");
        assert_eq!(after("ab|cd", Line::move_home), "|abcd");
        assert_eq!(after("ab|cd", Line::move_end), "abcd|");
        assert_eq!(after("aß|cd", Line::move_left), "a|ßcd");
        assert_eq!(after("a|ßcd", Line::move_right), "aß|cd");
    }

    #[test]
    fn a_killed_word_takes_the_blanks_behind_it_along() {
        assert_eq!(after("dma pools  |x", Line::kill_word), "dma |x");
        assert_eq!(after("dma|", Line::kill_word), "|");
        assert_eq!(after("  |", Line::kill_word), "|");
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut line = Line::default();
        assert!(line.insert(&"x".repeat(MAX - 1)));
        assert!(!line.insert("ß"));
        assert_eq!(line.text().len(), MAX - 1);
        assert!(line.insert("y"));
    }

    proptest! {
        /// Every slice above would panic on a cursor inside a character.
        #[test]
        fn the_cursor_is_always_between_characters(
            text in "[aß€ ]{0,90}",
            edits in proptest::collection::vec(0usize..9, 0..60),
        ) {
            let edits_by: [fn(&mut Line); 9] = [
                Line::backspace, Line::delete, Line::kill_word, Line::move_left, Line::move_right,
                Line::move_home, Line::move_end, Line::kill_to_end, |line| _ = line.insert("€"),
            ];
            let mut line = Line::default();
            line.set(&text);
            for edit in edits {
                edits_by[edit](&mut line);
                prop_assert_eq!(line.left().len() + line.right().len(), line.text().len());
            }
        }
    }
}
