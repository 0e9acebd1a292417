//! Bytes of a terminal as keys.
//!
//! Escape sequences are those of the VT100 and its heirs; what is not known is swallowed whole, so
//! that no part of it ends up in the line.

use arrayvec::ArrayVec;

/// What the user pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Char(char),
    Enter,
    Tab,
    Backspace,
    Delete,
    Left,
    Right,
    Home,
    End,
    Up,
    Down,
    /// Ctrl-U: everything left of the cursor goes.
    KillToStart,
    /// Ctrl-K: everything right of it.
    KillToEnd,
    /// Ctrl-W: the word left of it.
    KillWord,
}

const ESCAPE: u8 = 0x1B;

/// Where in an escape sequence we are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Plain,
    Escape,
    /// After `ESC [`, with the first parameter.
    Csi(u8),
    /// After `ESC [`, behind the first parameter, which is kept.
    CsiRest(u8),
    /// After `ESC O`.
    Ss3,
}

/// Turns bytes into keys, one at a time.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    state: State,
    /// The begun bytes of a character.
    partial: ArrayVec<u8, 4>,
    /// CR was the last byte: an LF right after belongs to it.
    after_cr: bool,
}

impl Keys {
    /// The key that `byte` completes, if it does.
    pub(crate) fn feed(&mut self, byte: u8) -> Option<Key> {
        if byte < 0x20 {
            return self.control(byte);
        }
        self.after_cr = false;
        match self.state {
            State::Plain if byte == 0x7F => Some(Key::Backspace),
            State::Plain => self.character(byte),
            _ => self.sequence(byte),
        }
    }

    /// Control bytes count anywhere: Enter after a lone Escape is still Enter.
    fn control(&mut self, byte: u8) -> Option<Key> {
        self.partial.clear();
        self.state = if byte == ESCAPE {
            State::Escape
        } else {
            State::Plain
        };
        let joined = byte == b'\n' && self.after_cr;
        self.after_cr = byte == b'\r';
        if joined { None } else { control_key(byte) }
    }

    fn sequence(&mut self, byte: u8) -> Option<Key> {
        let (next, key) = step(self.state, byte);
        self.state = next;
        key
    }

    /// Collects the bytes of a character; what is not UTF-8 is dropped.
    fn character(&mut self, byte: u8) -> Option<Key> {
        // Never full: four bytes are a character or an error.
        let _ = self.partial.try_push(byte);
        match core::str::from_utf8(&self.partial) {
            Err(error) if error.error_len().is_none() => None,
            decoded => {
                let character = decoded.ok().and_then(|text| text.chars().next());
                self.partial.clear();
                character.filter(|c| !c.is_control()).map(Key::Char)
            }
        }
    }
}

fn control_key(byte: u8) -> Option<Key> {
    // The letter that is pressed with Ctrl.
    Some(match byte | 0x40 {
        b'A' => Key::Home,
        b'B' => Key::Left,
        b'E' => Key::End,
        b'F' => Key::Right,
        b'H' => Key::Backspace,
        b'I' => Key::Tab,
        b'J' | b'M' => Key::Enter,
        b'K' => Key::KillToEnd,
        b'N' => Key::Down,
        b'P' => Key::Up,
        b'U' => Key::KillToStart,
        b'W' => Key::KillWord,
        _ => return None,
    })
}

/// The state behind `byte` of a sequence, and the key that it ends.
fn step(state: State, byte: u8) -> (State, Option<Key>) {
    match (state, byte) {
        (State::Escape, b'[') => (State::Csi(0), None),
        (State::Escape, b'O') => (State::Ss3, None),
        (State::Csi(n), b'0'..=b'9') => {
            let digit = byte - b'0';
            let number = n.saturating_mul(10).saturating_add(digit);
            (State::Csi(number), None)
        }
        // Parameters and intermediates go up to 3F; the first byte above ends the sequence.
        (State::Csi(n) | State::CsiRest(n), 0x20..=0x3F) => (State::CsiRest(n), None),
        (State::Csi(n) | State::CsiRest(n), _) => (State::Plain, final_key(byte, n)),
        (State::Ss3, _) => (State::Plain, final_key(byte, 0)),
        _ => (State::Plain, None),
    }
}

fn final_key(byte: u8, number: u8) -> Option<Key> {
    Some(match (byte, number) {
        (b'A', _) => Key::Up,
        (b'B', _) => Key::Down,
        (b'C', _) => Key::Right,
        (b'D', _) => Key::Left,
        (b'H', _) | (b'~', 1 | 7) => Key::Home,
        (b'F', _) | (b'~', 4 | 8) => Key::End,
        (b'~', 3) => Key::Delete,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{vec, vec::Vec};

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut keys = Keys::default();
        bytes.iter().filter_map(|byte| keys.feed(*byte)).collect()
    }

    #[test]
    fn both_kinds_of_cursor_keys_are_known() {
        let expected = [
            Key::Up,
            Key::Down,
            Key::Right,
            Key::Left,
            Key::Home,
            Key::End,
        ];
        assert_eq!(keys(b"\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F"), expected);
        assert_eq!(keys(b"\x1bOA\x1bOB\x1bOC\x1bOD\x1bOH\x1bOF"), expected);
        assert_eq!(
            keys(b"\x1b[1~\x1b[4~\x1b[3~\x1b[7~\x1b[8~"),
            [Key::Home, Key::End, Key::Delete, Key::Home, Key::End]
        );
    }

    #[test]
    fn unknown_sequences_leave_nothing_in_the_line() {
        assert_eq!(
            keys(b"\x1b[15~a\x1b[?25hb\x1bxc"),
            "abc".chars().map(Key::Char).collect::<Vec<_>>()
        );
        // A function key, not the sum of its digits.
        assert_eq!(keys(b"\x1b[13~"), []);
        // With a modifier it is the same key.
        assert_eq!(keys(b"\x1b[1;5C"), [Key::Right]);
    }

    #[test]
    fn a_lone_escape_does_not_eat_the_enter_behind_it() {
        assert_eq!(keys(b"\x1b\r"), [Key::Enter]);
        assert_eq!(keys(b"\x1b[\r"), [Key::Enter]);
    }

    #[test]
    fn cr_lf_and_both_are_one_enter_each() {
        assert_eq!(keys(b"\r"), [Key::Enter]);
        assert_eq!(keys(b"\n"), [Key::Enter]);
        assert_eq!(keys(b"\r\n"), [Key::Enter]);
        assert_eq!(keys(b"\r\r\n\n"), [Key::Enter; 3]);
        assert_eq!(keys(b"\rx\n"), [Key::Enter, Key::Char('x'), Key::Enter]);
    }

    #[test]
    fn characters_of_several_bytes_arrive_whole_and_broken_ones_not_at_all() {
        assert_eq!(
            keys("äß€😀".as_bytes()),
            "äß€😀".chars().map(Key::Char).collect::<Vec<_>>()
        );
        assert_eq!(keys(b"\xC3\r"), [Key::Enter]);
        assert_eq!(keys(b"\xFF\x80x"), [Key::Char('x')]);
        // C1 controls are no text.
        assert_eq!(keys("\u{9b}".as_bytes()), vec![]);
    }

    #[test]
    fn control_keys_are_those_of_a_shell() {
        assert_eq!(
            keys(b"\x01\x05\x15\x0b\x17\x08\x7f\x09"),
            [
                Key::Home,
                Key::End,
                Key::KillToStart,
                Key::KillToEnd,
                Key::KillWord,
                Key::Backspace,
                Key::Backspace,
                Key::Tab
            ]
        );
    }
}
