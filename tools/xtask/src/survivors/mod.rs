//! `mutants`: every small change that `cargo-mutants` can make to the mapping layer. Does a test notice?
//!
//! | file | what |
//! |---|---|
//! | `tool` | the runs of `cargo-mutants` |
//! | `mutant` | what it writes, as structs |
//! | `argued` | the survivors that change nothing, each with its argument: `tools/mutants/survivors/` |
//! | `judge` | what noticed, what is argued, what is neither |
//! | `score` | the same in numbers, by module |
//!
//! It happens in a copy of the tree, as for the rules that are broken by hand. What is changed and
//! which tests must notice is said in `.cargo/mutants.toml`.

mod argued;
mod judge;
mod mutant;
mod score;
mod tool;

use crate::args::MutantsArgs;
use crate::command;
use crate::mutants::Bench;
use crate::workspace::Workspace;
use anyhow::bail;
use judge::Judged;

/// Tries every change, or a part of them; false if one survives without an argument, or if an argument
/// has lost its mutant.
pub(crate) fn run(workspace: &Workspace, options: &MutantsArgs) -> anyhow::Result<bool> {
    let root = &workspace.sources.root;
    let argued = argued::read(&root.join("tools/mutants/survivors"))?;
    let bench = Bench::copy_of(root, "every")?;
    let tool = tool::Tool::new(workspace, &bench)?;
    let all = tool.list()?;
    let outcomes = tool.run(&all, options)?;
    if outcomes.is_empty() {
        bail!("no mutant was tried: the filter leaves none");
    }
    let judged = Judged::new(&all, &outcomes, &argued);
    let score = score::table(&judged);
    let path = workspace.out()?.join("mutants.md");
    command::write(&path, score.as_bytes())?;
    print!("{score}\n{judged}");
    println!("{}", path.display());
    Ok(judged.ok())
}
