//! Which mistakes the image with planted ones makes: by the marks in its sources.
//!
//! A line that shall be told ends in `// oracle: KIND`; its function is the one that it stands in.

use anyhow::{Context, bail};
use oracle::finding::Kind;
use std::path::Path;

/// Where the marked sources are, and how the compiler calls that place.
const FOLDER: &str = "kernel/rpi4/src/planted";
const MODULE: &str = "rpi4::planted";
const MARK: &str = "// oracle: ";

/// A line that shall be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) kind: Kind,
    /// Function, file and line, as a finding's frames have them.
    pub(super) frame: String,
}

/// All marks below `root`. A kind that nobody plants is an error: nothing would show that it is seen.
pub(super) fn read(root: &Path) -> anyhow::Result<Vec<Mark>> {
    let folder = root.join(FOLDER);
    let named = || format!("cannot read {}", folder.display());
    let mut marks = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(named)? {
        let path = entry?.path();
        if let Some(module) = path.file_stem().and_then(|stem| stem.to_str()) {
            marks.extend(marks_of(module, &std::fs::read_to_string(&path)?)?);
        }
    }
    marks.sort_by(|a, b| (a.kind, &a.frame).cmp(&(b.kind, &b.frame)));
    all_kinds(&marks)?;
    Ok(marks)
}

fn all_kinds(marks: &[Mark]) -> anyhow::Result<()> {
    let planted = |kind: &Kind| marks.iter().any(|mark| mark.kind == *kind);
    match Kind::ALL.iter().find(|kind| !planted(kind)) {
        Some(kind) => bail!("{FOLDER} plants no {kind}"),
        None => Ok(()),
    }
}

fn marks_of(module: &str, text: &str) -> anyhow::Result<Vec<Mark>> {
    let (mut marks, mut function) = (Vec::new(), "");
    for (line, number) in text.lines().zip(1..) {
        let place = || format!("{FOLDER}/{module}.rs:{number}");
        function = name(line).unwrap_or(function);
        let Some((_, kind)) = line.split_once(MARK) else {
            continue;
        };
        let known = Kind::ALL.into_iter().find(|known| known.name() == kind);
        marks.push(Mark {
            kind: known.with_context(|| format!("{}: there is no {kind}", place()))?,
            frame: format!("{MODULE}::{module}::{function} at {}", place()),
        });
    }
    Ok(marks)
}

/// The function that begins on a line.
fn name(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("fn ")?;
    line.trim_start()
        .starts_with(|c: char| c.is_ascii_lowercase())
        .then(|| rest.split(['(', '<']).next())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "/// The fn that (is wrong).\nfn dirty_read(rig: &mut Rig) {\n    rig.prepare();\n    rig.ring(); // oracle: dirty-read\n}\n";

    #[test]
    fn a_mark_has_its_function_and_line() {
        let marks = marks_of("handover", TEXT).unwrap();
        let frame = "rpi4::planted::handover::dirty_read at kernel/rpi4/src/planted/handover.rs:4";
        assert_eq!(
            marks,
            [Mark {
                kind: Kind::DirtyRead,
                frame: frame.to_owned(),
            }]
        );
    }

    #[test]
    fn an_unknown_kind_is_an_error_and_so_is_one_that_nobody_plants() {
        assert!(marks_of("handover", &TEXT.replace("dirty-read", "dirty-red")).is_err());
        let all: Vec<Mark> = Kind::ALL
            .map(|kind| Mark {
                kind,
                frame: String::new(),
            })
            .into();
        assert!(all_kinds(&all).is_ok());
        let why = all_kinds(&all[1..]).unwrap_err().to_string();
        assert!(why.contains(Kind::ALL[0].name()), "{why}");
    }
}
