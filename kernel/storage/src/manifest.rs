//! Manifests: what `sha256sum` writes, and what a card has of it.

use crate::fat::Sum;
use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;

/// Where a card has its manifest.
pub const NAME: &str = "SHA256SUMS";

/// Bytes of the largest manifest that is read: some ten thousand files.
pub const LIMIT: u32 = 4 << 20;

/// Why a manifest could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestError {
    /// Bytes that are no UTF-8.
    NotText {
        /// The first of them, from 0 on.
        at: usize,
    },
    /// Not 64 hexadecimal digits, a space, a space or asterisk, and a path.
    Line {
        /// Which, from 1 on.
        line: usize,
    },
    /// A path that an earlier line has.
    Twice {
        /// Which, from 1 on.
        line: usize,
    },
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText { at } => write!(f, "manifest: byte {at} is no UTF-8"),
            Self::Line { line } => write!(f, "manifest line {line}: no digest and path"),
            Self::Twice { line } => write!(f, "manifest line {line}: a path for the second time"),
        }
    }
}

/// What a manifest says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The digest is right.
    Ok,
    /// It should be another.
    Differs {
        /// This one.
        expected: Sum,
    },
    /// The manifest has no such file.
    Extra,
}

/// Digests by path, less those that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest(BTreeMap<String, Sum>);

impl Manifest {
    /// Reads the bytes of a manifest.
    pub fn read(bytes: &[u8]) -> Result<Self, ManifestError> {
        let text = core::str::from_utf8(bytes).map_err(|error| {
            let at = error.valid_up_to();
            ManifestError::NotText { at }
        })?;
        Self::parse(text)
    }

    /// Reads `text`. Empty lines count for nothing; lines may end as DOS ends them.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let mut sums = BTreeMap::new();
        for (line, content) in (1..).zip(text.lines()).filter(|(_, l)| !l.is_empty()) {
            let (sum, path) = entry(content).ok_or(ManifestError::Line { line })?;
            if sums.insert(path, sum).is_some() {
                return Err(ManifestError::Twice { line });
            }
        }
        Ok(Self(sums))
    }

    /// Compares a file that was read, and ticks it off.
    pub fn check(&mut self, path: &str, sum: &Sum) -> Verdict {
        match self.0.remove(path) {
            None => Verdict::Extra,
            Some(expected) if expected == *sum => Verdict::Ok,
            Some(expected) => Verdict::Differs { expected },
        }
    }

    /// Ticks off what could not be read: it is there, or may be. A directory stands for all below it,
    /// the root (an empty path) for everything.
    pub fn unread(&mut self, path: &str) {
        self.0.retain(|known, _| !is_at_or_below(known, path));
    }

    /// Paths not ticked off at `path` or below it (everywhere if it is empty): files that are
    /// missing, once all there were seen.
    pub fn missing(&self, path: &str) -> impl Iterator<Item = &str> {
        let all = self.0.keys().map(String::as_str);
        all.filter(move |known| is_at_or_below(known, path))
    }
}

fn is_at_or_below(known: &str, path: &str) -> bool {
    let rest = known.strip_prefix(path);
    rest.is_some_and(|rest| path.is_empty() || rest.is_empty() || rest.starts_with('/'))
}

/// A line's digest and path. A backslash in front says that the path has escapes.
fn entry(line: &str) -> Option<(Sum, String)> {
    let (escaped, line) = match line.strip_prefix('\\') {
        Some(line) => (true, line),
        None => (false, line),
    };
    let (digits, rest) = line.split_once(' ')?;
    let path = rest
        .strip_prefix([' ', '*'])
        .filter(|path| !path.is_empty())?;
    let path = if escaped { unescape(path) } else { path.into() };
    let path = path.strip_prefix("./").unwrap_or(&path);
    Some((sum(digits)?, path.into()))
}

fn sum(digits: &str) -> Option<Sum> {
    let digits = digits.as_bytes();
    let mut sum = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in sum.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = (digit(0)? << 4 | digit(1)?) as u8;
    }
    Some(sum)
}

fn unescape(path: &str) -> Cow<'_, str> {
    let mut plain = String::new();
    let mut chars = path.chars();
    while let Some(char) = chars.next() {
        plain.push(match char {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                _ => '\\',
            },
            char => char,
        });
    }
    plain.into()
}

/// A line as `sha256sum` writes it, without its end.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The digest.
    pub sum: &'a Sum,
    /// The file.
    pub path: &'a str,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = self.path.contains(['\\', '\n', '\r']);
        f.write_str(if escaped { "\\" } else { "" })?;
        self.sum
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("  ")?;
        self.path.chars().try_for_each(|char| match char {
            '\\' => f.write_str("\\\\"),
            '\n' => f.write_str("\\n"),
            '\r' => f.write_str("\\r"),
            char => fmt::Write::write_char(f, char),
        })
    }
}
