//! What the kernel says about the main job, for us to hold against the file.
//!
//! One line, in the first column: `carom: digest sha256 <64 hex digits> bytes <n>`, or
//! `carom: digest none <reason>` where nothing was carried.

mod card;
mod moved;

use crate::payload::Payload;
pub(crate) use card::{CardExpected, Tally, judge as judge_card};
pub(crate) use moved::Moved;
use std::fmt;

const PREFIX: &str = "carom: digest ";

/// What is seen of a line, over which progress may have been drawn: all behind the last erasure.
pub(crate) fn shown(line: &str) -> &str {
    let line = line.trim_end();
    let last = line.rsplit(['\r', '\u{1b}']).next().unwrap_or(line);
    last.strip_prefix("[K").unwrap_or(last)
}

/// A digest line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    /// What the last carry delivered.
    Sha256 { hex: String, bytes: u64 },
    /// Nothing was carried, and why.
    None(String),
}

/// The console's digest lines; more than one is for the caller to wonder about.
pub(crate) fn digests(console: &str) -> Vec<Digest> {
    let lines = console.lines().map(shown);
    lines
        .filter_map(|line| parse(line.strip_prefix(PREFIX)?))
        .collect()
}

fn parse(line: &str) -> Option<Digest> {
    if let Some(reason) = line.strip_prefix("none") {
        return Some(Digest::None(reason.trim().to_owned()));
    }
    let (hex, bytes) = line.strip_prefix("sha256 ")?.split_once(" bytes ")?;
    let whole = hex.len() == 64 && hex.bytes().all(|c| c.is_ascii_hexdigit());
    whole.then_some(Digest::Sha256 {
        hex: hex.to_ascii_lowercase(),
        bytes: bytes.parse().ok()?,
    })
}

/// What the digest lines of a run must say.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected<'a> {
    /// This file arrived.
    File(&'a Payload),
    /// Nothing was carried, for a reason that is told.
    Nothing,
}

/// The comparison, as one line for the user; the error side is a failure.
pub(crate) fn judge(expected: Expected<'_>, console: &str) -> Result<String, String> {
    match (expected, &digests(console)[..]) {
        (_, []) => Err("the kernel printed no digest".to_owned()),
        (_, [_, _, ..]) => Err("the kernel printed more than one digest".to_owned()),
        (Expected::Nothing, [Digest::None(why)]) => Ok(format!("nothing was carried: {why}")),
        (Expected::Nothing, [digest]) => Err(format!("nothing was to be carried, yet {digest}")),
        (Expected::File(file), [digest]) => compare(file, digest),
    }
}

fn compare(file: &Payload, digest: &Digest) -> Result<String, String> {
    let own = Digest::Sha256 {
        hex: file.digest.clone(),
        bytes: file.len,
    };
    if *digest == own {
        Ok(format!("the digest is the file's own: {own}"))
    } else {
        Err(format!("the kernel says {digest}, the file has {own}"))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256 { hex, bytes } => write!(f, "sha256 {hex} of {bytes} bytes"),
            Self::None(why) => write!(f, "none ({why})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn file(digest: &str, len: u64) -> Payload {
        Payload {
            path: PathBuf::new(),
            len,
            digest: digest.to_owned(),
        }
    }

    fn said(hex: &str, bytes: u64) -> String {
        format!("boot\ncarom: digest sha256 {hex} bytes {bytes}\r\nbye\n")
    }

    #[test]
    fn only_the_files_own_digest_and_length_pass() {
        let file = file(HEX, 0);
        assert!(judge(Expected::File(&file), &said(HEX, 0)).is_ok());
        assert!(judge(Expected::File(&file), &said(HEX, 1)).is_err());
        assert!(judge(Expected::File(&file), &said(&HEX.replace('e', "f"), 0)).is_err());
    }

    #[test]
    fn a_line_is_seen_behind_progress_that_was_erased() {
        assert_eq!(shown("\r\u{1b}[K 50 % x\r\u{1b}[Kcarom: x\r"), "carom: x");
        assert_eq!(shown("plain [K\r"), "plain [K");
        let drawn = format!("\r\u{1b}[K 7 %\r\u{1b}[K{}", &said(HEX, 0)[5..]);
        assert!(judge(Expected::File(&file(HEX, 0)), &drawn).is_ok());
    }

    #[test]
    fn no_digest_two_digests_and_half_a_digest_fail() {
        let file = file(HEX, 0);
        let twice = said(HEX, 0) + &said(HEX, 0);
        for console in ["", "digest sha256", &twice, &said(&HEX[1..], 0)] {
            assert!(judge(Expected::File(&file), console).is_err(), "{console}");
        }
    }

    #[test]
    fn carrying_nothing_passes_only_where_it_is_expected() {
        let none = "carom: digest none no pool (noforce)\n";
        assert!(judge(Expected::Nothing, none).is_ok());
        assert!(judge(Expected::File(&file(HEX, 0)), none).is_err());
        assert!(judge(Expected::Nothing, &said(HEX, 0)).is_err());
    }
}
