//! `bench`: the release image counts what its DMA calls cost, and the counts are set beside Linux's.
//!
//! | file | what |
//! |---|---|
//! | `boot` | a boot that counts instructions, and the rows on its console |
//! | `row`, `beside` | a row of the table; ours beside the one it is held against |
//! | `work` | what a call has to do by the rules: lines, bytes, barriers |
//! | `goal` | how cheap a call shall be |
//! | `flat` | whether that depends on how full the pool is |
//! | `steps`, `gdb` | where the instructions of a row go (`--explain`) |
//! | `text`, `plot` | the comparison as text and as a picture |
//!
//! The counts are instructions and not times, so they are the same on every run and on every machine:
//! each configuration is booted twice, and counts that differ are an error.

mod beside;
mod boot;
mod flat;
mod gdb;
mod goal;
mod plot;
mod row;
mod steps;
mod text;
mod work;

use crate::args::BenchArgs;
use crate::command::write;
use crate::image;
use crate::process::Echo;
use crate::workspace::Workspace;
use anyhow::Context;
use beside::beside;
pub(crate) use boot::counted;
pub(crate) use row::Row;
use std::path::{Path, PathBuf};

/// What ours are held against, from the root of the sources.
const BASELINE: &str = "tools/bench/linux-baseline.csv";

/// Words for the kernel's command line, one boot each.
const CONFIGS: [&str; 2] = ["", "swiotlb=force"];

/// Counts, compares, prints, and writes `target/bench`.
pub(crate) fn run(workspace: &Workspace, options: &BenchArgs) -> anyhow::Result<bool> {
    let built = image::build(&workspace.sources, Echo::On)?;
    if options.explain {
        let root = &workspace.sources.root;
        steps::tell(&built, root, &workspace.out()?, &options.filter)?;
        return Ok(true);
    }
    let baseline = baseline(&workspace.sources.root)?;
    let (mut rows, mut flaws) = (Vec::new(), Vec::new());
    for config in CONFIGS {
        let count = || counted(&built, &workspace.out()?, config, &options.filter);
        let (first, second) = (count()?, count()?);
        flaws.extend(differences(&first, &second));
        rows.extend(first);
    }
    if options.filter.is_empty() {
        flaws.extend(self::flaws(rows.clone(), &baseline));
    }
    let (flat, missed) = (flat::text(&rows), flat::flaws(&rows));
    let compared = beside(rows, &baseline);
    print!("{}", text::table(&compared));
    let folder = folder(workspace)?;
    write(
        &folder.join("carom.csv"),
        row::to_csv(&compared)?.as_bytes(),
    )?;
    write(&folder.join("carom.txt"), text::rows(&compared).as_bytes())?;
    write(&folder.join("carom.svg"), plot::svg(&compared)?.as_bytes())?;
    println!("\n{}\n\n{flat}", text::summary(&compared));
    println!(
        "{0}/carom.csv, {0}/carom.txt (every row), {0}/carom.svg",
        folder.display()
    );
    // A goal is something to work towards; two counts that differ, or a row too few, are mistakes.
    missed
        .iter()
        .for_each(|goal| println!("misses its goal: {goal}"));
    flaws.iter().for_each(|flaw| println!("FAILED: {flaw}"));
    Ok(flaws.is_empty())
}

/// Rows that two runs of one kernel do not agree about.
pub(crate) fn differences(first: &[Row], second: &[Row]) -> Vec<String> {
    if first.len() != second.len() {
        return vec![format!("{} rows, then {}", first.len(), second.len())];
    }
    let pairs = first.iter().zip(second).filter(|(a, b)| a != b);
    pairs
        .map(|(a, b)| format!("{}: {} instructions, then {}", a.label(), a.mean, b.mean))
        .collect()
}

/// The rows that ours are held against, in the sources at `root`.
pub(crate) fn baseline(root: &Path) -> anyhow::Result<Vec<Row>> {
    let path = root.join(BASELINE);
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    row::from_csv(&text).with_context(|| path.display().to_string())
}

/// Rows of ours that ought to be there and are not, or that cannot be right.
pub(crate) fn flaws(rows: Vec<Row>, baseline: &[Row]) -> Vec<String> {
    let mut flaws: Vec<String> = rows.iter().filter_map(Row::flaw).collect();
    let compared = beside(rows, baseline);
    flaws.extend(beside::absent(&compared, baseline));
    flaws
}

fn folder(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.sources.target.join("bench");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}
