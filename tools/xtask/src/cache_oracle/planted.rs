//! The oracle's own test: an image that makes every mistake on purpose. Each must be told once, with
//! its kind, function and line, and nothing else.

use super::marks::{self, Mark};
use super::told::{self, Told};
use super::{plugin, runs};
use crate::boot::{Kernel, Setup, Tree};
use crate::header::LoadOffset;
use crate::image::Built;
use crate::process::{Echo, Ending};
use crate::symbols::{self, Elf};
use anyhow::bail;
use oracle::finding::Kind;
use std::path::Path;
use std::time::Duration;

/// After the prefix of all runs of the oracle.
pub(super) const NAME: &str = "planted mistakes";

/// What every mistake is announced with: in this image and in no other.
const ANNOUNCED: &[u8] = b"planted: ";

const LIMIT: Duration = Duration::from_secs(90);

/// A finding: its kind, the functions that led to it, and how it is told.
pub(super) struct Seen {
    pub(super) kind: Kind,
    pub(super) frames: Vec<String>,
    pub(super) text: String,
}

/// Boots the image with mistakes under the oracle; the text is what it told.
pub(super) fn judge(
    plugin: &Path,
    built: &Built,
    root: &Path,
    out: &Path,
) -> anyhow::Result<String> {
    if !has_mistakes(built) {
        bail!("no mistakes are planted in the image");
    }
    let marks = marks::read(root)?;
    let lines = out.join("planted.jsonl");
    let _ = std::fs::remove_file(&lines);
    let arguments = plugin::watched(plugin, &built.elf, &lines)?;
    let ended = SETUP.boot_with(built, out, Echo::Off, &arguments)?;
    let told = Told::read(&std::fs::read_to_string(&lines).unwrap_or_default())?;
    runs::not_refused(&ended, &told)?;
    if ended.ending != Ending::Exited(Some(0)) {
        let last_words = symbols::last_words(&ended.output, &built.elf, root);
        bail!("{}\n{last_words}", ended.ending);
    }
    if !told.is_whole() {
        bail!(told::NO_END);
    }
    let elf = Elf::open(&built.elf)?;
    compare(&marks, &told.seen(|address| elf.frames(address, root)))
}

const SETUP: Setup<'_> = Setup {
    kernel: Kernel::Image(LoadOffset::DEFAULT),
    tree: Tree::Emulator,
    file: None,
    card: None,
    slot: None,
    append: "carom.planted=",
    limit: LIMIT,
};

/// The image for use makes no mistakes on purpose: it does not even hold the words.
pub(crate) fn are_absent_from(built: &Built) -> Result<(), String> {
    match has_mistakes(built) {
        true => Err("the image for use has planted mistakes".to_owned()),
        false => Ok(()),
    }
}

fn has_mistakes(built: &Built) -> bool {
    let mut windows = built.flat.windows(ANNOUNCED.len());
    windows.any(|bytes| bytes == ANNOUNCED)
}

/// Every mark once, and nothing else; else an error that tells all.
fn compare(marks: &[Mark], seen: &[Seen]) -> anyhow::Result<String> {
    let fits =
        |mark: &Mark, seen: &Seen| seen.kind == mark.kind && seen.frames.contains(&mark.frame);
    let mut wrong = Vec::new();
    for mark in marks {
        match seen.iter().filter(|seen| fits(mark, seen)).count() {
            1 => {}
            0 => wrong.push(format!("missed: {} in {}", mark.kind, mark.frame)),
            times => wrong.push(format!(
                "told {times} times: {} in {}",
                mark.kind, mark.frame
            )),
        }
    }
    let surplus = seen
        .iter()
        .filter(|seen| !marks.iter().any(|mark| fits(mark, seen)));
    wrong.extend(surplus.map(|seen| format!("not planted: {}", seen.text)));
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    let count = |kind: &Kind| marks.iter().filter(|mark| mark.kind == *kind).count();
    let kinds = Kind::ALL.map(|kind| format!("{} {kind}", count(&kind)));
    Ok(format!(
        "    {} mistakes, each told once: {}",
        marks.len(),
        kinds.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(kind: Kind, frame: &str) -> Mark {
        Mark {
            kind,
            frame: frame.to_owned(),
        }
    }

    fn seen(kind: Kind, frame: &str) -> Seen {
        Seen {
            kind,
            frames: vec!["drivers::reg at r.rs:1".to_owned(), frame.to_owned()],
            text: format!("{kind} in {frame}"),
        }
    }

    fn wrong(seen: &[Seen]) -> String {
        let marks = [
            mark(Kind::DirtyRead, "f at a.rs:1"),
            mark(Kind::Touched, "g at a.rs:2"),
        ];
        compare(&marks, seen).map_or_else(|why| why.to_string(), |_| String::new())
    }

    #[test]
    fn each_told_once_is_right_in_any_order() {
        let all = [
            seen(Kind::Touched, "g at a.rs:2"),
            seen(Kind::DirtyRead, "f at a.rs:1"),
        ];
        assert_eq!(wrong(&all), "");
    }

    #[test]
    fn one_missed_told_twice_or_told_elsewhere_is_wrong() {
        let (f, g) = (
            || seen(Kind::DirtyRead, "f at a.rs:1"),
            || seen(Kind::Touched, "g at a.rs:2"),
        );
        assert!(wrong(&[f()]).contains("missed: touched"), "missed");
        assert!(wrong(&[f(), g(), g()]).contains("told 2 times"), "twice");
        let line = wrong(&[f(), seen(Kind::Touched, "g at a.rs:3")]);
        assert!(
            line.contains("missed") && line.contains("not planted"),
            "another line: {line}"
        );
        let kind = wrong(&[f(), seen(Kind::DirtyWrite, "g at a.rs:2")]);
        assert!(
            kind.contains("missed") && kind.contains("not planted"),
            "another kind: {kind}"
        );
    }
}
