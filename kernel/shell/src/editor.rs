//! The prompt: keys change the line, and the terminal shows it.

use crate::COLUMNS;
use crate::complete::{Complete, Offer};
use crate::history::History;
use crate::key::{Key, Keys};
use crate::line::{Line, Text};
use core::fmt::{self, Write};

/// What stands before every line.
pub const PROMPT: &str = "carom> ";

/// Columns for the text: one stays free, since terminals differ on what follows the last.
const WIDTH: usize = COLUMNS - PROMPT.len() - 1;

/// A prompt with its history.
#[derive(Debug, Default)]
pub struct Editor {
    keys: Keys,
    line: Line,
    history: History,
}

impl Editor {
    /// Shows the prompt for a new line.
    pub fn prompt(&mut self, out: &mut impl Write) -> fmt::Result {
        out.write_str(PROMPT)
    }

    /// Takes a byte from the terminal. Returns the line that it completes, if it does.
    pub fn feed(
        &mut self,
        byte: u8,
        out: &mut impl Write,
        names: &impl Complete,
    ) -> Result<Option<Text>, fmt::Error> {
        match self.keys.feed(byte) {
            None => {}
            Some(Key::Enter) => return self.enter(out).map(Some),
            Some(Key::Tab) => self.complete(out, names)?,
            Some(Key::Char(character)) => self.insert(character, out)?,
            Some(key) => {
                self.edit(key);
                self.draw(out)?;
            }
        }
        Ok(None)
    }

    /// Gives the line up (Ctrl-C) and shows a new prompt.
    pub fn cancel(&mut self, out: &mut impl Write) -> fmt::Result {
        self.keys = Keys::default();
        self.line.set("");
        self.history.leave();
        out.write_str("^C\n")?;
        self.prompt(out)
    }

    fn enter(&mut self, out: &mut impl Write) -> Result<Text, fmt::Error> {
        self.line.move_end();
        self.draw_unless_plain(out)?;
        out.write_str("\n")?;
        let text = Text::from(self.line.text()).unwrap_or_default();
        self.history.add(text);
        self.line.set("");
        Ok(text)
    }

    /// The usual key: at the end of a line that fits, the terminal already shows the rest.
    fn insert(&mut self, character: char, out: &mut impl Write) -> fmt::Result {
        let mut bytes = [0; 4];
        if !self.line.insert(character.encode_utf8(&mut bytes)) {
            return out.write_str(BELL);
        }
        if self.is_plain() {
            out.write_char(character)
        } else {
            self.draw(out)
        }
    }

    /// Whether all of the line is in sight and the cursor behind it.
    fn is_plain(&self) -> bool {
        self.line.right().is_empty() && self.line.text().chars().count() < WIDTH
    }

    fn edit(&mut self, key: Key) {
        match key {
            Key::Backspace => self.line.backspace(),
            Key::Delete => self.line.delete(),
            Key::Left => self.line.move_left(),
            Key::Right => self.line.move_right(),
            Key::Home => self.line.move_home(),
            Key::End => self.line.move_end(),
            Key::KillToStart => self.line.kill_to_start(),
            Key::KillToEnd => self.line.kill_to_end(),
            Key::KillWord => self.line.kill_word(),
            Key::Up => self.recall(|history, line| history.older(line)),
            Key::Down => self.recall(|history, _| history.newer()),
            Key::Char(_) | Key::Enter | Key::Tab => {}
        }
    }

    fn recall(&mut self, from: impl FnOnce(&mut History, &str) -> Option<Text>) {
        if let Some(text) = from(&mut self.history, self.line.text()) {
            self.line.set(&text);
        }
    }

    /// Inserts what all candidates agree on, and a blank behind the only one; lists them where they
    /// agree on nothing more.
    fn complete(&mut self, out: &mut impl Write, names: &impl Complete) -> fmt::Result {
        let left = Text::from(self.line.left()).unwrap_or_default();
        let offer = Offer::of(names, &left);
        let more = offer.common.strip_prefix(&left[..]).unwrap_or_default();
        match offer.count {
            0 => return out.write_str(BELL),
            1 => {
                self.line.insert(more);
                self.line.insert(" ");
            }
            _ if more.is_empty() => offer.list(names, &left, out)?,
            _ => _ = self.line.insert(more),
        }
        self.draw(out)
    }

    fn draw_unless_plain(&self, out: &mut impl Write) -> fmt::Result {
        if self.is_plain() {
            return Ok(());
        }
        self.draw(out)
    }

    /// Shows the line anew: as much of it as fits, with the cursor in sight.
    fn draw(&self, out: &mut impl Write) -> fmt::Result {
        let cursor = self.line.left().chars().count();
        let hidden = cursor.saturating_sub(WIDTH - 1);
        out.write_str("\r")?;
        out.write_str(PROMPT)?;
        let shown = self.line.text().chars().skip(hidden).take(WIDTH);
        shown.into_iter().try_for_each(|c| out.write_char(c))?;
        // Clear to the end of the line, then put the cursor at its column.
        write!(out, "\x1b[K\r\x1b[{}C", PROMPT.len() + cursor - hidden)
    }
}

const BELL: &str = "\x07";

#[cfg(test)]
mod tests;
