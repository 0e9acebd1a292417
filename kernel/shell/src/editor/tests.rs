//! The prompt against a small model of a terminal.

extern crate std;

use super::*;
use proptest::prelude::*;
use std::string::{String, ToString};
use std::{vec, vec::Vec};

/// A terminal of 80 columns that knows what the editor uses.
#[derive(Default)]
struct Terminal {
    lines: Vec<Vec<char>>,
    current: Vec<char>,
    column: usize,
    pending: String,
}

impl Terminal {
    fn put(&mut self, character: char) {
        assert!(self.column < COLUMNS, "wrote beyond the last column");
        if self.current.len() <= self.column {
            self.current.resize(self.column + 1, ' ');
        }
        self.current[self.column] = character;
        self.column += 1;
    }

    fn sequence(&mut self) {
        match self.pending.as_str() {
            "\x1b[K" => self.current.truncate(self.column),
            text => {
                let count = text
                    .strip_prefix("\x1b[")
                    .unwrap()
                    .strip_suffix('C')
                    .unwrap();
                self.column += count.parse::<usize>().unwrap();
            }
        }
        self.pending.clear();
    }

    fn shows(&self) -> String {
        self.current.iter().collect::<String>()
    }

    fn line(&self, back: usize) -> String {
        let line = &self.lines[self.lines.len() - back];
        line.iter().collect::<String>().trim_end().to_string()
    }
}

impl Write for Terminal {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                _ if !self.pending.is_empty() || character == '\x1b' => {
                    self.pending.push(character);
                    if character.is_ascii_alphabetic() {
                        self.sequence();
                    }
                }
                '\n' => {
                    self.lines.push(core::mem::take(&mut self.current));
                    self.column = 0;
                }
                '\r' => self.column = 0,
                '\x07' => {}
                _ => self.put(character),
            }
        }
        Ok(())
    }
}

struct Names;

impl Complete for Names {
    fn candidates(&self, left: &str, each: &mut dyn FnMut(&str)) {
        for name in ["dma devices", "dma pools", "help"] {
            if name.starts_with(left) {
                each(name);
            }
        }
    }
}

#[derive(Default)]
struct Session {
    editor: Editor,
    terminal: Terminal,
    entered: Vec<String>,
}

impl Session {
    fn new() -> Self {
        let mut session = Self::default();
        session.editor.prompt(&mut session.terminal).unwrap();
        session
    }

    fn keys(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes {
            let entered = self.editor.feed(*byte, &mut self.terminal, &Names).unwrap();
            if let Some(text) = entered {
                self.entered.push(text.to_string());
                self.editor.prompt(&mut self.terminal).unwrap();
            }
        }
        self
    }

    fn shows(&self) -> String {
        self.terminal.shows().trim_end().to_string()
    }
}

#[test]
fn what_is_typed_is_shown_and_entered() {
    let mut session = Session::new();
    session.keys(b"mem");
    assert_eq!(session.shows(), "carom> mem");
    session.keys(b"\r");
    assert_eq!(session.entered, ["mem"]);
    assert_eq!(session.terminal.line(1), "carom> mem");
}

#[test]
fn edits_in_the_middle_are_shown_where_they_happen() {
    let mut session = Session::new();
    session.keys(b"hxlp\x1b[D\x1b[D\x7fe");
    assert_eq!(session.shows(), "carom> help");
    assert_eq!(session.terminal.column, 9);
    session.keys(b"\x01\x1b[3~\x05s");
    assert_eq!(session.shows(), "carom> elps");
}

#[test]
fn up_and_down_walk_the_history_and_come_back_to_the_draft() {
    let mut session = Session::new();
    session.keys(b"one\rtwo\rdra\x1b[A");
    assert_eq!(session.shows(), "carom> two");
    session.keys(b"\x1b[A\x1b[A");
    assert_eq!(session.shows(), "carom> one");
    session.keys(b"\x1b[B\x1b[B");
    assert_eq!(session.shows(), "carom> dra");
    session.keys(b"\x1b[A\r");
    assert_eq!(session.entered, ["one", "two", "two"]);
}

#[test]
fn tab_completes_as_far_as_all_agree_and_then_lists() {
    let mut session = Session::new();
    session.keys(b"d\t");
    assert_eq!(session.shows(), "carom> dma");
    assert_eq!(session.terminal.column, "carom> dma ".len());
    session.keys(b"\t");
    assert_eq!(session.terminal.line(1), "dma devices  dma pools");
    session.keys(b"p\t\r");
    assert_eq!(session.entered, ["dma pools "]);
}

#[test]
fn a_cancelled_line_is_gone_and_not_remembered() {
    let mut session = Session::new();
    session.keys(b"abc\x1b");
    session.editor.cancel(&mut session.terminal).unwrap();
    assert_eq!(session.terminal.line(1), "carom> abc^C");
    session.keys(b"\x1b[Ax\r");
    assert_eq!(session.entered, ["x"]);
    // A begun sequence goes with the line.
    session.keys(b"\x1b[");
    session.editor.cancel(&mut session.terminal).unwrap();
    session.keys(b"A\r");
    assert_eq!(session.entered, ["x", "A"]);
}

#[test]
fn a_long_line_scrolls_and_is_entered_whole() {
    let long = vec![b'x'; 150];
    let mut session = Session::new();
    session.keys(&long).keys(b"\x1b[D\x1b[D");
    assert!(session.terminal.column < COLUMNS);
    session.keys(b"\r");
    assert_eq!(session.entered[0].len(), 150);
}

proptest! {
    /// The terminal panics where more than 80 columns are used.
    #[test]
    fn the_terminal_always_shows_the_line_around_the_cursor(
        keys in proptest::collection::vec(
            prop::sample::select(vec![
                "a", "ß", " ", "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B", "\x7f", "\x1b[3~",
                "\x01", "\x05", "\x15", "\x0b", "\x17", "\t", "\r", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            ]),
            0..80,
        ),
    ) {
        let mut session = Session::new();
        for key in keys {
            session.keys(key.as_bytes());
            let (line, shown) = (&session.editor.line, session.terminal.shows());
            let behind: String = shown.chars().skip(PROMPT.len()).collect();
            prop_assert!(line.text().contains(behind.as_str()), "{behind:?} of {:?}", line.text());
            let before: String = shown.chars().take(session.terminal.column).skip(PROMPT.len()).collect();
            prop_assert!(line.left().ends_with(before.as_str()));
        }
    }
}
