//! Names: 8.3, and the long ones that precede them in pieces.
//!
//! Source: Microsoft FAT specification 1.03, sections 6 and 7. A long name counts only if its
//! pieces are all there, in order, and carry the checksum of the short one; else the short one does.

use alloc::string::String;
use core::char;

/// UTF-16 units in a piece, and where they are.
const UNITS: [usize; 13] = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
/// Pieces of the longest name.
const PIECES: usize = 20;
/// Mark of the last piece, which comes first.
const LAST: u8 = 0x40;

/// Pieces of a long name, collected from the last to the first.
#[derive(Clone, Debug)]
pub(super) struct LongName {
    units: [u16; PIECES * 13],
    pieces: usize,
    /// The piece that has to come next; 0 when all are there.
    expected: usize,
    checksum: u8,
}

impl LongName {
    pub(super) const NONE: Self = Self {
        units: [0; PIECES * 13],
        pieces: 0,
        expected: 0,
        checksum: 0,
    };

    pub(super) const fn forget(&mut self) {
        self.pieces = 0;
    }

    /// Takes a piece; one that does not fit makes it forget all.
    pub(super) fn push(&mut self, raw: &[u8; 32]) {
        let number = usize::from(raw[0] & 0x3F);
        if raw[0] & LAST != 0 {
            (self.pieces, self.expected, self.checksum) = (number, number, raw[13]);
        }
        let fits = number == self.expected && raw[13] == self.checksum;
        if !fits || !(1..=PIECES).contains(&number) {
            return self.forget();
        }
        for (index, at) in UNITS.into_iter().enumerate() {
            self.units[(number - 1) * 13 + index] = u16::from_le_bytes([raw[at], raw[at + 1]]);
        }
        self.expected = number - 1;
    }

    /// The name of the short entry `raw`, if it is complete.
    pub(super) fn of(&self, raw: &[u8; 32]) -> Option<String> {
        let complete = self.pieces > 0 && self.expected == 0;
        if !complete || self.checksum != checksum(raw) {
            return None;
        }
        let units = self.units[..self.pieces * 13].iter().copied();
        let units = units.take_while(|unit| *unit != 0);
        let name: String = char::decode_utf16(units).map(lawful).collect();
        (!name.is_empty()).then_some(name)
    }
}

/// A character that a name may have. A slash would be taken for a directory, and a control character
/// for an order to the terminal.
fn lawful(char: Result<char, char::DecodeUtf16Error>) -> char {
    match char {
        Ok(char) if char != '/' && !char.is_control() => char,
        _ => char::REPLACEMENT_CHARACTER,
    }
}

fn checksum(raw: &[u8; 32]) -> u8 {
    let bytes = raw[..11].iter();
    bytes.fold(0, |sum: u8, byte| sum.rotate_right(1).wrapping_add(*byte))
}

/// The 8.3 name. Bytes of the code page that it was written in cannot be told: they show as
/// U+FFFD.
pub(super) fn short(raw: &[u8; 32]) -> String {
    let (base_low, extension_low) = (raw[12] & 0x08 != 0, raw[12] & 0x10 != 0);
    let mut name = String::new();
    push(&mut name, &raw[..8], base_low);
    let extension = raw[8..11].trim_ascii_end();
    if !extension.is_empty() {
        name.push('.');
        push(&mut name, extension, extension_low);
    }
    name
}

fn push(name: &mut String, bytes: &[u8], low: bool) {
    name.extend(bytes.trim_ascii_end().iter().map(|byte| match byte {
        byte if !byte.is_ascii() || byte.is_ascii_control() || *byte == b'/' => {
            char::REPLACEMENT_CHARACTER
        }
        byte if low => byte.to_ascii_lowercase().into(),
        byte => (*byte).into(),
    }));
}
