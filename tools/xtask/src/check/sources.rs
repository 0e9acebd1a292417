//! Rules that are read off the sources themselves.

use crate::metadata::Package;
use crate::workspace::Workspace;
use std::path::{Path, PathBuf};

/// Crates that build and test on the host, with no eye on where they run.
const PORTABLE: &[&str] = &["hal", "dma", "mm", "drivers"];

pub(super) fn portable(workspace: &Workspace) -> Result<(), String> {
    let packages = workspace.metadata.packages.iter();
    let portable = packages.filter(|package| PORTABLE.contains(&package.name.as_str()));
    each_file(portable, |_, text| {
        let knows = squeeze(text).contains("cfg(target_arch");
        knows.then(|| "asks for the target architecture".to_owned())
    })
}

pub(super) fn unsafe_modules(workspace: &Workspace) -> Result<(), String> {
    each_file(workspace.metadata.packages.iter(), unsafe_rule)
}

/// Without this table in its manifest, a crate escapes all lints.
pub(super) fn workspace_lints(workspace: &Workspace) -> Result<(), String> {
    let escapes = |package: &&Package| {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap_or_default();
        !inherits_lints(&manifest)
    };
    let names: Vec<&str> = (workspace.metadata.packages.iter().filter(escapes))
        .map(|package| package.name.as_str())
        .collect();
    if names.is_empty() {
        Ok(())
    } else {
        Err(format!("no `lints.workspace = true`: {}", names.join(", ")))
    }
}

fn inherits_lints(manifest: &str) -> bool {
    let table = toml::from_str::<toml::Table>(manifest).unwrap_or_default();
    let lints = table.get("lints").and_then(|lints| lints.get("workspace"));
    lints.and_then(toml::Value::as_bool) == Some(true)
}

/// `unsafe_code` is lifted for modules, with a reason, and never for a whole crate.
fn unsafe_rule(path: &Path, text: &str) -> Option<String> {
    let text = squeeze(text);
    let is_crate = path.ends_with("src/lib.rs") || path.ends_with("src/main.rs");
    let lifts = |how: &str| text.contains(&format!("{how}(unsafe_code"));
    if lifts("allow") {
        Some("allows unsafe code without a word".to_owned())
    } else if is_crate && lifts("#![expect") {
        Some("lifts the rule for the whole crate".to_owned())
    } else if lifts("expect") && !text.contains("(unsafe_code,reason=\"") {
        Some("does not say why it needs unsafe code".to_owned())
    } else {
        None
    }
}

/// The text without white space: attributes may be broken over lines.
fn squeeze(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Applies a rule to all sources of some crates; the error names every file that breaks it.
fn each_file<'a>(
    packages: impl Iterator<Item = &'a Package>,
    rule: impl Fn(&Path, &str) -> Option<String>,
) -> Result<(), String> {
    let mut wrong = Vec::new();
    for path in packages.flat_map(rust_files) {
        let text =
            std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        wrong.extend(rule(&path, &text).map(|why| format!("{} {why}", path.display())));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}

/// The `.rs` files of a crate.
pub(crate) fn rust_files(package: &Package) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![package.folder().join("src"), package.folder().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruled(path: &str, attribute: &str) -> Option<String> {
        // Put together here, so that this file keeps the rule that it tests.
        unsafe_rule(Path::new(path), &attribute.replace("CODE", "unsafe_code"))
    }

    #[test]
    fn a_module_that_says_why_may_use_unsafe() {
        let attribute = "#![expect(\n    CODE,\n    reason = \"one door\"\n)]";
        assert_eq!(ruled("dma/src/door.rs", attribute), None);
        assert_eq!(
            ruled(
                "dma/src/lib.rs",
                "#[expect(CODE, reason = \"one door\")] mod door;"
            ),
            None
        );
    }

    #[test]
    fn a_crate_a_silent_module_and_an_allow_may_not() {
        let whole = "#![expect(CODE, reason = \"all of it\")]";
        assert!(ruled("dma/src/lib.rs", whole).is_some());
        assert!(ruled("dma/src/door.rs", "#![expect(CODE)]").is_some());
        assert!(ruled("dma/src/door.rs", "#[allow(CODE)]").is_some());
    }

    #[test]
    fn the_lints_table_is_looked_for_as_cargo_would() {
        assert!(inherits_lints("[lints]\nworkspace = true\n"));
        assert!(inherits_lints("lints.workspace = true"));
        assert!(!inherits_lints("[lints]\nworkspace = false\n"));
        assert!(!inherits_lints("[package]\nname = \"x\"\n"));
    }
}
