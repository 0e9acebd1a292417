//! What can be seen of a list of mutants without building one: whether each changes a place, and whether
//! somebody has a test by the name that it gives.

use super::apply::apply;
use super::list::{self, Kind, Mutant};
use crate::check::rust_files;
use crate::workspace::Workspace;
use std::collections::HashSet;
use std::path::Path;

/// Every mutant applies in one place, and its test exists.
pub(crate) fn check(workspace: &Workspace) -> Result<(), String> {
    let root = &workspace.sources.root;
    let mutants = list::read(&root.join("tools/mutants")).map_err(|error| format!("{error:#}"))?;
    let names = names(workspace);
    let wrong: Vec<String> = (mutants.iter())
        .filter_map(|mutant| {
            Some(format!(
                "{}: {}",
                mutant.name(),
                wrong(root, mutant, &names)?
            ))
        })
        .collect();
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n")),
    }
}

fn wrong(root: &Path, mutant: &Mutant, names: &HashSet<String>) -> Option<String> {
    let text = std::fs::read_to_string(root.join(&mutant.file));
    let applied = text
        .map_err(|error| format!("{}: {error}", mutant.file))
        .and_then(|text| apply(&text, &mutant.from, &mutant.to).map_err(|error| error.to_string()));
    let test = mutant.test.rsplit("::").next().unwrap_or(&mutant.test);
    match (applied, &mutant.kind) {
        (Err(why), _) => Some(why),
        (Ok(_), Kind::Host { .. }) if !names.contains(test) => {
            Some(format!("there is no test {test}"))
        }
        (Ok(_), _) => None,
    }
}

/// All names in the sources of the tree: some tests are named to a macro.
fn names(workspace: &Workspace) -> HashSet<String> {
    let files = workspace.metadata.host_members().flat_map(rust_files);
    let texts = files.filter_map(|file| std::fs::read_to_string(file).ok());
    texts.flat_map(|text| words(&text)).collect()
}

fn words(text: &str) -> Vec<String> {
    let no_word = |c: char| !c.is_alphanumeric() && c != '_';
    text.split(no_word).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(from: &str, test: &str) -> Mutant {
        Mutant {
            rule: "R".to_owned(),
            file: file!().replace('\\', "/"),
            from: from.to_owned(),
            to: "x".to_owned(),
            test: test.to_owned(),
            kind: Kind::Host {
                package: "xtask".to_owned(),
            },
        }
    }

    #[test]
    fn a_mutant_without_a_place_or_a_test_is_told() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let names = HashSet::from(["a_test".to_owned()]);
        let wrong = |from, test| wrong(&root, &mutant(from, test), &names);
        let here = "fn names(workspace: &Workspace) -> HashSet<String> {";
        assert_eq!(wrong(here, "module::tests::a_test"), None);
        assert!(wrong(here, "tests::another").is_some_and(|why| why.contains("no test another")));
        assert!(wrong("no such line", "a_test").is_some_and(|why| why.contains("not in the file")));
    }

    #[test]
    fn names_are_found_whole() {
        let names = words("    case!(a_test, 3); fn b_test() {}");
        let has = |name: &str| names.iter().any(|word| word == name);
        assert!(has("a_test") && has("b_test") && !has("test"));
    }
}
