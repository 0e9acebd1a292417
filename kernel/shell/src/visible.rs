//! Bytes of unknown origin as text that a terminal may be given.
//!
//! UTF-8 passes, lines and tabs too. Every other control character shows as `^X`, and a byte that is
//! no UTF-8 as `\xNN`: nothing in a file gives orders to the terminal. The bytes may come in pieces.

use core::fmt::{self, Write};

/// Bytes of the longest character.
const LONGEST: usize = 4;

/// Text on its way to a terminal.
#[derive(Debug, Default)]
pub struct Visible {
    /// The beginning of a character, if the last piece ended in one.
    begun: [u8; LONGEST],
    len: usize,
    in_line: bool,
}

impl Visible {
    /// Writes a piece.
    pub fn feed(&mut self, bytes: &[u8], out: &mut impl Write) -> fmt::Result {
        bytes.iter().try_for_each(|byte| self.push(*byte, out))
    }

    /// Writes what is left at the end, and ends the last line.
    pub fn finish(mut self, out: &mut impl Write) -> fmt::Result {
        while self.len > 0 {
            self.give_up(out)?;
        }
        if self.in_line {
            out.write_char('\n')
        } else {
            Ok(())
        }
    }

    fn push(&mut self, byte: u8, out: &mut impl Write) -> fmt::Result {
        self.begun[self.len] = byte;
        self.len += 1;
        while self.len > 0 {
            match core::str::from_utf8(&self.begun[..self.len]) {
                Ok(text) => {
                    let char = text.chars().next().expect("one byte at least");
                    self.len = 0;
                    return self.show(char, out);
                }
                // More may come.
                Err(error) if error.error_len().is_none() => return Ok(()),
                Err(_) => self.give_up(out)?,
            }
        }
        Ok(())
    }

    /// The first byte that waits begins no character.
    fn give_up(&mut self, out: &mut impl Write) -> fmt::Result {
        let byte = self.begun[0];
        self.begun.copy_within(1..self.len, 0);
        self.len -= 1;
        self.in_line = true;
        write!(out, "\\x{byte:02x}")
    }

    fn show(&mut self, char: char, out: &mut impl Write) -> fmt::Result {
        self.in_line = char != '\n';
        match char {
            '\n' | '\t' => out.write_char(char),
            '\x7F' => out.write_str("^?"),
            char if char.is_ascii_control() => write!(out, "^{}", char::from(char as u8 + 0x40)),
            char if char.is_control() => write!(out, "\\u{{{:x}}}", u32::from(char)),
            char => out.write_char(char),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::string::String;
    use std::vec::Vec;

    fn shown(pieces: &[&[u8]]) -> String {
        let (mut visible, mut out) = (Visible::default(), String::new());
        for piece in pieces {
            visible.feed(piece, &mut out).unwrap();
        }
        visible.finish(&mut out).unwrap();
        out
    }

    #[test]
    fn text_passes_and_the_last_line_ends() {
        assert_eq!(shown(&["a\tGrüße\n日本".as_bytes()]), "a\tGrüße\n日本\n");
        assert_eq!(shown(&[b"a\n"]), "a\n");
        assert_eq!(shown(&[]), "");
    }

    #[test]
    fn what_is_no_text_is_made_visible() {
        assert_eq!(shown(&[b"\x1b[2J\r\n\0\x7f\n"]), "^[[2J^M\n^@^?\n");
        assert_eq!(shown(&[b"\xffa\xc3(\n"]), "\\xffa\\xc3(\n");
        assert_eq!(shown(&["\u{9b}2J".as_bytes()]), "\\u{9b}2J\n");
        assert_eq!(shown(&[b"\xe6\x97"]), "\\xe6\\x97\n");
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(bytes: Vec<u8>, at: prop::sample::Index) {
            let (head, tail) = bytes.split_at(at.index(bytes.len() + 1));
            prop_assert_eq!(shown(&[head, tail]), shown(&[&bytes]));
        }

        #[test]
        fn no_control_character_but_lines_and_tabs_comes_out(bytes: Vec<u8>) {
            let out = shown(&[&bytes]);
            prop_assert!(out.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'));
        }
    }
}
