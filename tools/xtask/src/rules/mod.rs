//! `docs/rules.md`, the rules that the DMA layer promises, and the tests that hold each.
//!
//! A test says in its name which rules it holds (`cm_3_partial_lines_..`), so the table beside the
//! book, `docs/rules-tests.md`, is read off the sources: `cargo xtask rules` writes it, and `check`
//! fails where a rule has no test, a test names a rule that is not in the book, or the table is old.

mod book;
mod found;
mod names;
mod table;

use crate::command;
use crate::workspace::Workspace;
use anyhow::Context;
use book::Book;
use found::Found;
use std::path::{Path, PathBuf};

const BOOK: &str = "docs/rules.md";
const TABLE: &str = "docs/rules-tests.md";

/// Writes the table; false if rules or tests are left over.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<bool> {
    let (book, found) = read(workspace)?;
    let root = &workspace.sources.root;
    command::write(&root.join(TABLE), table::text(&book, &found).as_bytes())?;
    let wrong = wrong(&book, &found);
    for line in &wrong {
        println!("{line}");
    }
    println!(
        "{TABLE}: {} rules, {} tests that name one",
        book.rules().len(),
        found.len()
    );
    Ok(wrong.is_empty())
}

/// What is wrong with the book, the names of tests or the table, in words for a report.
pub(crate) fn check(workspace: &Workspace) -> Result<(), String> {
    let (book, found) = read(workspace).map_err(|error| format!("{error:#}"))?;
    let mut wrong = wrong(&book, &found);
    let written = workspace.sources.root.join(TABLE);
    let written = std::fs::read_to_string(written).unwrap_or_default();
    if wrong.is_empty() && written != table::text(&book, &found) {
        wrong.push(format!("{TABLE} is old: run `cargo xtask rules`"));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}

fn read(workspace: &Workspace) -> anyhow::Result<(Book, Vec<Found>)> {
    let root = &workspace.sources.root;
    let book = Book::parse(&text_of(&root.join(BOOK))?);
    let mut all = Vec::new();
    for path in files(workspace) {
        let file = path.strip_prefix(root).unwrap_or(&path);
        let found = found::in_source(file, &text_of(&path)?, &book);
        all.extend(found.with_context(|| file.display().to_string())?);
    }
    Ok((book, all))
}

fn files(workspace: &Workspace) -> Vec<PathBuf> {
    let packages = workspace.metadata.packages.iter();
    let mut files: Vec<PathBuf> = packages.flat_map(crate::check::rust_files).collect();
    files.sort();
    files
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// One line for each rule that has no test or is told twice, and each test of no rule.
fn wrong(book: &Book, found: &[Found]) -> Vec<String> {
    let twice = book.twice().map(|id| format!("{BOOK} has {id} twice"));
    let untested = book.rules().iter().filter(|id| !found::holds(found, id));
    let untested = untested.map(|id| format!("{id} has no test that names it"));
    let strangers = found.iter().flat_map(|test| {
        let unknown = test.rules.iter().filter(|id| !book.has(id));
        unknown.map(|id| {
            format!(
                "{}: {} names {id}, which {BOOK} does not have",
                test.file, test.name
            )
        })
    });
    twice.chain(untested).chain(strangers).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Rules\n* **CM-1** Clean before.\n| **CM-2** | Invalidate after. |\n";

    /// What is wrong with a book and one source.
    fn wrong_with(page: &str, source: &str) -> Vec<String> {
        let book = Book::parse(page);
        let found = found::in_source(Path::new("a.rs"), source, &book).expect("Rust");
        wrong(&book, &found)
    }

    #[test]
    fn a_book_whose_rules_all_have_tests_is_right() {
        let source = "#[test] fn cm_1_cm_2_both() {}";
        assert_eq!(wrong_with(PAGE, source), [""; 0]);
    }

    #[test]
    fn a_rule_without_a_test_is_named() {
        let wrong = wrong_with(PAGE, "#[test] fn cm_1_alone() {}");
        assert_eq!(wrong, ["CM-2 has no test that names it"]);
    }

    #[test]
    fn a_test_of_a_rule_that_is_in_no_book_is_named() {
        let source = "#[test] fn cm_1_2_3_all() {} #[test] fn cn_1_a_slip() {}";
        assert_eq!(
            wrong_with(PAGE, source),
            [
                "a.rs: cm_1_2_3_all names CM-3, which docs/rules.md does not have",
                "a.rs: cn_1_a_slip names CN-1, which docs/rules.md does not have"
            ]
        );
    }

    #[test]
    fn a_rule_that_is_told_twice_is_named() {
        let page = format!("{PAGE}* **CM-1** Again.\n");
        let wrong = wrong_with(&page, "#[test] fn cm_1_2_both() {}");
        assert_eq!(wrong, ["docs/rules.md has CM-1 twice"]);
    }

    #[test]
    fn the_table_changes_with_the_tests() {
        let book = Book::parse(PAGE);
        let table = |source: &str| {
            let found = found::in_source(Path::new("a.rs"), source, &book);
            table::text(&book, &found.expect("Rust"))
        };
        let before = table("#[test] fn cm_1_2_both() {}");
        assert!(before.contains("| CM-2 | `cm_1_2_both` | [a.rs](../a.rs) |"));
        assert_ne!(before, table("#[test] fn cm_1_2_both_renamed() {}"));
    }
}
