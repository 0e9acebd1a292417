//! Survivors that change nothing that anybody could notice, each with its argument, read from TOML.
//!
//! ```toml
//! [[survivor]]
//! file = "kernel/dma/src/span.rs"
//! change = "replace < with <= in clip"    # as `cargo mutants --list` names it, without the place
//! line = "if start < end {"               # the line that it starts in
//! nth = 2                                 # of those that are alike in all this; needed if several are
//! why = "both arms give the empty span when start is end"
//! ```

use super::mutant::Mutant;
use anyhow::{Context, bail};
use serde::Deserialize;
use std::path::Path;

/// One argument.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(super) struct Argued {
    pub(super) file: String,
    pub(super) change: String,
    pub(super) line: String,
    pub(super) nth: Option<usize>,
    pub(super) why: String,
}

impl Argued {
    /// The one mutant that it is about.
    pub(super) fn find<'a>(&self, all: &'a [Mutant]) -> Result<&'a Mutant, String> {
        let alike = all.iter().filter(|mutant| {
            (&mutant.file, &mutant.change, &mutant.line) == (&self.file, &self.change, &self.line)
        });
        let alike: Vec<&Mutant> = alike.collect();
        match (alike.as_slice(), self.nth) {
            ([], _) => Err("there is no such mutant".to_owned()),
            ([one], None) => Ok(one),
            (several, None) => Err(format!(
                "{} mutants are like that: say which by `nth`",
                several.len()
            )),
            (several, Some(n)) => (n.checked_sub(1))
                .and_then(|n| several.get(n).copied())
                .ok_or_else(|| format!("there are only {} such mutants", several.len())),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    survivor: Vec<Argued>,
}

/// All lists of a folder.
pub(super) fn read(folder: &Path) -> anyhow::Result<Vec<Argued>> {
    let mut argued = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let named = || path.display().to_string();
        let text = std::fs::read_to_string(&path).with_context(named)?;
        argued.extend(parse(&text).with_context(named)?);
    }
    Ok(argued)
}

fn parse(text: &str) -> anyhow::Result<Vec<Argued>> {
    let list: List = toml::from_str(text)?;
    if let Some(mute) = list.survivor.iter().find(|it| it.why.trim().is_empty()) {
        bail!("{}: {}: says nothing why", mute.file, mute.change);
    }
    Ok(list.survivor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "[[survivor]]\nfile = \"a.rs\"\nchange = \"c\"\nline = \"x < y\"\n";

    fn mutant(column: usize) -> Mutant {
        Mutant {
            file: "a.rs".to_owned(),
            change: "c".to_owned(),
            at: (1, column),
            line: "x < y".to_owned(),
        }
    }

    #[test]
    fn an_entry_needs_an_argument() {
        assert!(parse(ENTRY).is_err());
        assert!(parse(&format!("{ENTRY}why = \" \"")).is_err());
        assert_eq!(parse(&format!("{ENTRY}why = \"same\"")).unwrap().len(), 1);
        assert_eq!(parse("# none\n").unwrap(), []);
    }

    #[test]
    fn an_entry_is_about_one_mutant_and_says_which_of_several() {
        let argued = |nth| Argued {
            nth,
            ..parse(&format!("{ENTRY}why = \"same\"")).unwrap().remove(0)
        };
        let (one, two) = ([mutant(1)], [mutant(1), mutant(9)]);
        assert_eq!(argued(None).find(&one), Ok(&one[0]));
        assert_eq!(argued(Some(2)).find(&two), Ok(&two[1]));
        assert!(argued(None).find(&two).is_err());
        assert!(argued(Some(3)).find(&two).is_err());
        assert!(argued(Some(0)).find(&two).is_err());
        assert!(argued(None).find(&[]).is_err());
    }
}
