//! The list of mutants, read from TOML.
//!
//! ```toml
//! [[mutant]]
//! rule = "CM-1"                       # what it breaks; several mutants may break one rule
//! file = "kernel/dma/src/mapping.rs"
//! from = "platform.clean(range);"     # whole lines, once in the file, white space at both ends aside
//! to = ""                             # what stands there instead; nothing deletes the lines
//! test = "mapping::tests::cleans"     # must fail
//! package = "dma"                     # by `cargo test`; or `scenario = "image at 80000"`, where
//!                                     # `test` is one that the kernel tells of, or "main job"; or
//!                                     # `image = "checked"`, where it is a way to die
//! ```

use anyhow::{Context, bail};
use serde::Deserialize;
use std::path::Path;

/// Where a mutant's test runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// By `cargo test` of a package.
    Host { package: String },
    /// In the emulator.
    Board { scenario: String },
    /// In the emulator, by the way in which the kernel dies of a planted fault.
    Crash,
}

/// One change and the test that must notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mutant {
    pub(super) rule: String,
    /// Relative to the root of the tree.
    pub(super) file: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) test: String,
    pub(super) kind: Kind,
}

impl Mutant {
    /// For the report.
    pub(super) fn name(&self) -> String {
        let file = self.file.rsplit("/src/").next().unwrap_or(&self.file);
        format!("{} in {file}", self.rule)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    mutant: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    file: String,
    from: String,
    to: String,
    test: String,
    package: Option<String>,
    scenario: Option<String>,
    image: Option<String>,
}

impl Entry {
    fn mutant(self) -> anyhow::Result<Mutant> {
        let kind = match (self.package, self.scenario, self.image.as_deref()) {
            (Some(package), None, None) => Kind::Host { package },
            (None, Some(scenario), None) => Kind::Board { scenario },
            (None, None, Some("checked")) => Kind::Crash,
            _ => bail!("{}: needs `package`, `scenario` or the image", self.rule),
        };
        let Self {
            rule,
            file,
            from,
            to,
            test,
            ..
        } = self;
        Ok(Mutant {
            rule,
            file,
            from,
            to,
            test,
            kind,
        })
    }
}

/// All lists of a folder, in the order of their names.
pub(super) fn read(folder: &Path) -> anyhow::Result<Vec<Mutant>> {
    let mut paths = Vec::new();
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        paths.push(entry?.path());
    }
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    paths.sort();
    let mut mutants = Vec::new();
    for path in paths {
        let named = || format!("{}", path.display());
        let text = std::fs::read_to_string(&path).with_context(named)?;
        mutants.extend(parse(&text).with_context(named)?);
    }
    Ok(mutants)
}

fn parse(text: &str) -> anyhow::Result<Vec<Mutant>> {
    let list: List = toml::from_str(text)?;
    list.mutant.into_iter().map(Entry::mutant).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "[[mutant]]\nrule = \"CM-1\"\nfile = \"k/src/a.rs\"\nfrom = \"x\"\nto = \"\"\ntest = \"t\"\n";

    #[test]
    fn a_package_a_scenario_or_the_checked_image_is_named() {
        let host = parse(&format!("{ENTRY}package = \"dma\"")).unwrap();
        assert_eq!(
            host[0].kind,
            Kind::Host {
                package: "dma".to_owned()
            }
        );
        assert_eq!(host[0].name(), "CM-1 in a.rs");
        let board = parse(&format!("{ENTRY}scenario = \"image\"")).unwrap();
        assert_eq!(
            board[0].kind,
            Kind::Board {
                scenario: "image".to_owned()
            }
        );
        let crash = parse(&format!("{ENTRY}image = \"checked\"")).unwrap();
        assert_eq!(crash[0].kind, Kind::Crash);
        assert!(parse(&format!("{ENTRY}image = \"other\"")).is_err());
        assert!(parse(ENTRY).is_err());
        assert!(parse(&format!("{ENTRY}package = \"a\"\nscenario = \"b\"")).is_err());
    }

    #[test]
    fn a_misspelt_key_is_an_error() {
        assert!(parse(&format!("{ENTRY}pakage = \"dma\"")).is_err());
    }
}
