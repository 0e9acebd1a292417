//! What a card reads as: the digest and the length of every file, known before the kernel sees it.

use super::disk::SECTOR;
use crate::console::{Tally, shown};
use crate::payload::hex;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Files by path. The manifest is none of them: no list has its own digest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing(BTreeMap<String, Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    digest: String,
    bytes: u64,
}

impl Listing {
    pub(crate) fn of<'f>(files: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> Self {
        let entry = |bytes: &[u8]| Entry {
            digest: hex(&Sha256::digest(bytes)),
            bytes: bytes.len() as u64,
        };
        let files = files.into_iter();
        Self(
            files
                .map(|(path, bytes)| (path.to_owned(), entry(bytes)))
                .collect(),
        )
    }

    /// Without one of the files.
    pub(crate) fn without(mut self, path: &str) -> Self {
        self.0.remove(path);
        self
    }

    /// Only the file or the files below the directory that `path` names.
    pub(crate) fn below(&self, path: &str) -> Self {
        let is_below = |file: &str| {
            let rest = file.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let files = self.0.iter().filter(|(file, _)| is_below(file));
        Self(
            files
                .map(|(file, entry)| (file.clone(), entry.clone()))
                .collect(),
        )
    }

    /// What the kernel must come to if all is well.
    pub(crate) fn tally(&self, manifest: bool) -> Tally {
        let files = self.0.len() as u64;
        Tally {
            files,
            bytes: self.0.values().map(|entry| entry.bytes).sum(),
            right: if manifest { files } else { 0 },
            manifest,
            ..Tally::default()
        }
    }

    /// Bytes of all files in whole blocks: what must be moved to read them.
    pub(crate) fn bytes_in_blocks(&self) -> u64 {
        let block = SECTOR as u64;
        let files = self.0.values();
        files.map(|file| file.bytes.next_multiple_of(block)).sum()
    }

    /// Holds the lines of `sd sum` against the files: each of them once, with its digest, and no
    /// other.
    pub(crate) fn compare(&self, answer: &str) -> Result<(), String> {
        let mut left = self.0.clone();
        for (digest, path) in sums(answer) {
            let known = left.remove(path);
            let entry = known.ok_or_else(|| format!("{path}: twice, or not on the card"))?;
            if entry.digest != digest {
                let own = entry.digest;
                return Err(format!(
                    "{path}: the kernel says {digest}, the file has {own}"
                ));
            }
        }
        match left.keys().next() {
            None => Ok(()),
            Some(path) => Err(format!("{path}: not summed, nor {} others", left.len() - 1)),
        }
    }
}

/// The lines that `sha256sum` would write, among whatever else there is.
fn sums(answer: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = answer.lines().map(shown);
    lines.filter_map(|line| {
        let (digest, path) = line.split_once("  ")?;
        let whole = digest.len() == 64 && digest.bytes().all(|c| c.is_ascii_hexdigit());
        whole.then_some((digest, path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn listing() -> Listing {
        Listing::of([("a b", &b""[..]), ("tree/leaf", b"x"), ("tree2", b"yy")])
    }

    fn answer() -> String {
        let line = |(path, entry): (&String, &Entry)| format!("{}  {path}\r\n", entry.digest);
        let sums: String = listing().0.iter().map(line).collect();
        format!("sd sum\r\n{sums}3 files, 3 bytes\r\n")
    }

    #[test]
    fn every_file_must_be_summed_once_and_be_right() {
        let (listing, answer) = (listing(), answer());
        assert_eq!(listing.compare(&answer), Ok(()));
        let line = format!("{EMPTY}  a b\r\n");
        let missing = answer.replace(&line, "");
        assert!(
            listing
                .compare(&missing)
                .unwrap_err()
                .contains("not summed")
        );
        let twice = answer.clone() + &line;
        assert!(listing.compare(&twice).unwrap_err().contains("twice"));
        let wrong = answer.replace("e3b0", "e3b1");
        assert!(
            listing
                .compare(&wrong)
                .unwrap_err()
                .contains("the file has")
        );
        let renamed = answer.replace("a b", "a c");
        assert!(listing.compare(&renamed).is_err());
    }

    #[test]
    fn progress_that_was_drawn_and_erased_is_no_part_of_a_line() {
        let drawn = answer().replace(EMPTY, &format!("\r\u{1b}[K 50 % a\r\u{1b}[K{EMPTY}"));
        assert_eq!(listing().compare(&drawn), Ok(()));
    }

    #[test]
    fn a_directory_is_no_prefix_of_another_name() {
        assert_eq!(listing().below("tree").tally(false).files, 1);
        assert_eq!(listing().below("tree2").tally(false).bytes, 2);
        assert_eq!(listing().without("tree2").tally(true).right, 2);
    }

    #[test]
    fn only_whole_blocks_are_moved() {
        assert_eq!(listing().bytes_in_blocks(), 1024);
    }
}
