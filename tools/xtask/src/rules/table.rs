//! The table beside the book: one line for each rule and test, so that two changes seldom meet.

use super::book::Book;
use super::found::Found;
use std::fmt::Write;

const HEAD: &str = "\
# Which test holds which rule

Read off the names of tests by `cargo xtask rules`; `make check` fails where this is old, where a rule of
[`rules.md`](rules.md) has no test, or where a test names a rule that is not there.

| rule | test | file |
|---|---|---|
";

pub(super) fn text(book: &Book, found: &[Found]) -> String {
    let mut text = HEAD.to_owned();
    for id in book.rules() {
        let holders = found.iter().filter(|test| test.rules.contains(id));
        for Found { name, file, .. } in holders {
            // Into memory: cannot fail.
            let _ = writeln!(text, "| {id} | `{name}` | [{file}](../{file}) |");
        }
    }
    text
}
