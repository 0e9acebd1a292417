//! What the kernel says about the card, for us to hold against what we put on it.
//!
//! One line, in the first column: `carom: card files <n> bytes <n> right <n> wrong <n> unread <n>
//! missing <n> manifest yes|no`, or `carom: card none`.

use super::shown;
use crate::card::Card;
use std::fmt;

const PREFIX: &str = "carom: card ";

/// The numbers of a card. `wrong` files were read and count as files; `unread` ones do not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    /// Files with the manifest's digest.
    pub(crate) right: u64,
    /// Files with another.
    pub(crate) wrong: u64,
    /// Files that could not be read; 1 for a card that could not be opened.
    pub(crate) unread: u64,
    /// Files of the manifest that are not there.
    pub(crate) missing: u64,
    pub(crate) manifest: bool,
}

impl Tally {
    /// Whether the kernel has nothing to complain about.
    pub(crate) const fn is_sound(&self) -> bool {
        self.wrong == 0 && self.unread == 0 && self.missing == 0
    }
}

/// What the card's line must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CardExpected {
    /// There is no card.
    Empty,
    /// These numbers: the card is our own.
    Exactly(Tally),
    /// Numbers of a card that is somebody else's, and sound.
    Sound,
}

impl CardExpected {
    /// What goes for a card that we made, or for none.
    pub(crate) fn of(card: Option<&Card>) -> Self {
        card.map_or(Self::Empty, |card| Self::Exactly(card.tally))
    }
}

/// The comparison, as one line for the user; the error side is a failure.
pub(crate) fn judge(expected: CardExpected, console: &str) -> Result<String, String> {
    let lines = console.lines().map(shown);
    let said: Vec<&str> = lines.filter_map(|line| line.strip_prefix(PREFIX)).collect();
    let said = match said[..] {
        [] => return Err("the kernel said nothing about the card".to_owned()),
        [said] => said,
        _ => return Err("the kernel spoke of the card more than once".to_owned()),
    };
    match (expected, said) {
        (CardExpected::Empty, "none") => return Ok("no card was in the slot".to_owned()),
        (CardExpected::Empty, _) => return Err(format!("no card, yet the kernel says: {said}")),
        (_, "none") => return Err("the kernel saw no card".to_owned()),
        _ => {}
    }
    let tally = parse(said).ok_or_else(|| format!("the card's line cannot be read: {said}"))?;
    match expected {
        CardExpected::Exactly(own) if own != tally => {
            Err(format!("the card has {own}; the kernel says {tally}"))
        }
        CardExpected::Sound if !tally.is_sound() => Err(format!("not all is well: {tally}")),
        _ => Ok(in_words(&tally)),
    }
}

fn parse(said: &str) -> Option<Tally> {
    let words: Vec<&str> = said.split(' ').collect();
    let number = |at: usize, name: &str| match words.get(at..at + 2)? {
        [word, number] if *word == name => number.parse::<u64>().ok(),
        _ => None,
    };
    let manifest = match words.get(12..)? {
        ["manifest", "yes"] => true,
        ["manifest", "no"] => false,
        _ => return None,
    };
    Some(Tally {
        files: number(0, "files")?,
        bytes: number(2, "bytes")?,
        right: number(4, "right")?,
        wrong: number(6, "wrong")?,
        unread: number(8, "unread")?,
        missing: number(10, "missing")?,
        manifest,
    })
}

fn in_words(tally: &Tally) -> String {
    let Tally { files, bytes, .. } = tally;
    match tally {
        tally if !tally.is_sound() => format!("the card is as bad as it was made: {tally}"),
        Tally { manifest: true, .. } if tally.right == *files => {
            format!("all digests on the card are right: {files} files, {bytes} bytes")
        }
        Tally {
            manifest: true,
            right,
            ..
        } => format!(
            "{right} digests on the card are right, {} files are not in its manifest: {bytes} bytes",
            files - right
        ),
        _ => format!("the card was read, and has no manifest: {files} files, {bytes} bytes"),
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} files, {} bytes, {} right, {} wrong, {} unread, {} missing, {} manifest",
            self.files,
            self.bytes,
            self.right,
            self.wrong,
            self.unread,
            self.missing,
            if self.manifest { "a" } else { "no" }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        "carom: card files 3 bytes 70 right 3 wrong 0 unread 0 missing 0 manifest yes\r\n";
    const OWN: Tally = Tally {
        files: 3,
        bytes: 70,
        right: 3,
        wrong: 0,
        unread: 0,
        missing: 0,
        manifest: true,
    };

    #[test]
    fn every_number_must_be_the_cards_own() {
        let judged = |line: &str| judge(CardExpected::Exactly(OWN), line);
        assert_eq!(
            judged(LINE).unwrap(),
            "all digests on the card are right: 3 files, 70 bytes"
        );
        let others = [
            ("files 3", "files 2"),
            ("bytes 70", "bytes 71"),
            ("right 3", "right 0"),
            ("wrong 0", "wrong 1"),
            ("unread 0", "unread 1"),
            ("missing 0", "missing 1"),
            ("yes", "no"),
        ];
        for (from, to) in others {
            assert!(judged(&LINE.replace(from, to)).is_err(), "{to}");
        }
    }

    #[test]
    fn no_line_two_lines_and_half_a_line_fail() {
        let twice = LINE.repeat(2);
        let half = LINE.replace(" manifest yes", "");
        let none = "carom: card none\r\n";
        for console in ["", twice.as_str(), half.as_str(), none, " carom: card"] {
            assert!(
                judge(CardExpected::Exactly(OWN), console).is_err(),
                "{console}"
            );
            assert!(judge(CardExpected::Sound, console).is_err(), "{console}");
        }
    }

    #[test]
    fn an_empty_slot_is_told_as_such() {
        assert!(judge(CardExpected::Empty, "carom: card none\r\n").is_ok());
        assert!(judge(CardExpected::Empty, LINE).is_err());
        assert!(judge(CardExpected::Empty, "").is_err());
    }

    #[test]
    fn a_card_of_somebody_else_must_be_sound() {
        let judged = |line: &str| judge(CardExpected::Sound, line);
        assert!(judged(LINE).is_ok());
        for (from, to) in [
            ("wrong 0", "wrong 1"),
            ("unread 0", "unread 1"),
            ("missing 0", "missing 1"),
        ] {
            assert!(judged(&LINE.replace(from, to)).is_err(), "{to}");
        }
        let bare = LINE.replace("yes", "no").replace("right 3", "right 0");
        assert!(judged(&bare).unwrap().contains("no manifest"));
        let extra = LINE.replace("right 3", "right 2");
        assert!(
            judged(&extra)
                .unwrap()
                .contains("1 files are not in its manifest")
        );
    }
}
