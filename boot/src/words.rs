//! The kernel's command line: words, some of the form `key=value`.

use core::str::SplitAsciiWhitespace;

/// A command line, from the tree, the mailbox, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandLine<'a>(pub &'a str);

impl<'a> CommandLine<'a> {
    /// The words in their order.
    pub fn words(self) -> SplitAsciiWhitespace<'a> {
        self.0.split_ascii_whitespace()
    }

    /// The value of the last `key=value`: what the user adds overrules what was there.
    pub fn value(self, key: &str) -> Option<&'a str> {
        let has = |word: &'a str| word.strip_prefix(key)?.strip_prefix('=');
        self.words().rev().find_map(has)
    }

    /// How often `key=` occurs.
    pub fn count(self, key: &str) -> usize {
        let has = |word: &&str| {
            word.strip_prefix(key)
                .is_some_and(|rest| rest.starts_with('='))
        };
        self.words().filter(has).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_counts_and_keys_are_whole_words() {
        let line = CommandLine(" a=1 ab=2  a=3 =4 a b= ");
        assert_eq!(line.value("a"), Some("3"));
        assert_eq!(line.count("a"), 2);
        assert_eq!(line.value("ab"), Some("2"));
        assert_eq!(line.value("b"), Some(""));
        assert_eq!(line.value("c"), None);
        assert_eq!(CommandLine("").value("a"), None);
    }
}
