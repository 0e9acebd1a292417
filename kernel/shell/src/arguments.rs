//! A line as words.

use arrayvec::ArrayVec;
use core::fmt;

/// Words that a line may have.
pub const MAX_WORDS: usize = 8;

/// The words behind a command's name.
pub type Arguments<'a> = &'a [&'a str];

/// Why a line is no list of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitError {
    /// A quotation mark has no second one.
    OpenQuote,
    /// More than [`MAX_WORDS`].
    TooMany,
}

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenQuote => f.write_str("a quotation mark is open"),
            Self::TooMany => write!(f, "more than {MAX_WORDS} words"),
        }
    }
}

/// Splits at blanks; a word that begins with a quotation mark ends at the next one.
pub fn split(line: &str) -> Result<ArrayVec<&str, MAX_WORDS>, SplitError> {
    let (mut words, mut rest) = (ArrayVec::new(), line.trim());
    while !rest.is_empty() {
        let (word, behind) = first(rest)?;
        words.try_push(word).map_err(|_| SplitError::TooMany)?;
        rest = behind.trim_start();
    }
    Ok(words)
}

fn first(text: &str) -> Result<(&str, &str), SplitError> {
    match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or(SplitError::OpenQuote),
        None => Ok(text.split_at(text.find(' ').unwrap_or(text.len()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_separate_and_quotes_hold_together() {
        let words = |line| split(line).unwrap();
        assert_eq!(words("  peek  0x80000 16 ")[..], ["peek", "0x80000", "16"]);
        assert_eq!(
            words("sd cat \"a long name\" b")[..],
            ["sd", "cat", "a long name", "b"]
        );
        assert_eq!(words("x \"\"")[..], ["x", ""]);
        assert!(words("   ").is_empty());
    }

    #[test]
    fn what_cannot_be_split_says_why() {
        assert_eq!(split("sd cat \"a b"), Err(SplitError::OpenQuote));
        assert_eq!(split("1 2 3 4 5 6 7 8 9"), Err(SplitError::TooMany));
        assert!(split("1 2 3 4 5 6 7 8").is_ok());
    }
}
