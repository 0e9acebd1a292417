//! `removals`: does anybody notice if one cache operation, or one barrier of a DMA path, is gone?
//!
//! | file | what |
//! |---|---|
//! | `scan` | the lines, found in the sources |
//! | `judge` | the host's tests, then the oracle, until one of them fails |
//! | `table` | who noticed, line by line |
//!
//! It all happens in the copy of the tree that the mutants have, one line at a time. The table is
//! written anew after each, so that a run which is interrupted has told what it knows.

mod judge;
mod scan;
mod table;

use crate::args::RemovalsArgs;
use crate::cache_oracle::Watch;
use crate::interrupt;
use crate::mutants::Bench;
use crate::process::Echo;
use crate::workspace::Workspace;
use anyhow::{Context, bail};
use judge::Outcome;

/// Removes every line in turn; false if one was not missed.
pub(crate) fn run(workspace: &Workspace, options: &RemovalsArgs) -> anyhow::Result<bool> {
    let mut lines = scan::read(&workspace.sources.root)?;
    lines.retain(|line| line.place().contains(&options.filter));
    if lines.is_empty() {
        bail!("no line has \"{}\" in its place", options.filter);
    }
    let mut table = table::Table::new(workspace.out()?.join("removals.md"));
    let watch = Watch::new(workspace, Echo::On)?;
    let bench = Bench::copy_of(&workspace.sources.root, "host")?;
    for line in &lines {
        if interrupt::seen() {
            break;
        }
        println!("{}: {}", line.place(), line.text);
        let outcome = match &line.fate {
            Err(reason) => Outcome::Stays(reason.clone()),
            Ok(instead) => {
                let _removed = bench.with_line(&line.file, line.number, instead)?;
                judge::judge(line, bench.sources(), &workspace.metadata, &watch)
                    .with_context(|| line.place())?
            }
        };
        println!("    {outcome}");
        table.add(line, outcome)?;
    }
    println!("{}", table.summary());
    Ok(table.ok())
}

/// `text` with another line `number`.
pub(crate) fn replaced(text: &str, number: usize, instead: &str) -> String {
    let lines = text.lines().zip(1..);
    let lines = lines.map(|(line, n)| if n == number { instead } else { line });
    let mut text = lines.collect::<Vec<_>>().join("\n");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_replaced_and_the_others_keep_their_numbers() {
        assert_eq!(replaced("a\nb\nc\n", 2, ""), "a\n\nc\n");
    }
}
