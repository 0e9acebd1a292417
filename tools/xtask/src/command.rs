//! The short commands: `build`, `card`, `check`, `decisions`, `doc`.

use crate::args::{CardArgs, TestArgs};
use crate::header::{self, LoadOffset};
use crate::process::{self, Echo};
use crate::report::Totals;
use crate::workspace::{TARGET, Workspace};
use crate::{card, check, image};
use anyhow::Context;
use std::path::Path;
use std::time::Duration;

/// Builds kernel8.img and tells its size.
pub(crate) fn build(workspace: &Workspace, load: LoadOffset) -> anyhow::Result<bool> {
    let built = image::build(&workspace.sources, Echo::On)?;
    let image = built.at(load)?;
    let path = workspace.out()?.join("kernel8.img");
    write(&path, &image)?;
    println!(
        "{}: {} bytes, {} in memory, to be loaded at {load}",
        path.display(),
        image.len(),
        header::image_size(&image)?
    );
    Ok(true)
}

/// Makes an SD card.
pub(crate) fn card(workspace: &Workspace, options: &CardArgs) -> anyhow::Result<bool> {
    let path = match &options.out {
        Some(path) => path.clone(),
        None => workspace.out()?.join("card.img"),
    };
    card::make(&path, options.seed, options.spoil)?;
    println!("{}: {} bytes", path.display(), path.metadata()?.len());
    Ok(true)
}

/// Writes a file and names it where that fails.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Runs every check.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<bool> {
    let totals = Totals::default();
    check::run(workspace, &TestArgs::default(), &totals);
    println!("{}", totals.line());
    Ok(totals.ok())
}

/// Writes `kernel/dma/src/decision/outcomes.txt`: by the test that reads it, so that both agree on
/// what there is to decide.
pub(crate) fn decisions(workspace: &Workspace) -> anyhow::Result<bool> {
    let mut test = workspace.cargo(&["test", "-p", "dma", "--lib", "dec_4_"]);
    test.env("CAROM_WRITE_DECISIONS", "1");
    let ended = process::run(test, Duration::from_secs(5 * 60), Echo::On)?;
    Ok(ended.ok())
}

/// Writes the documentation: what runs on the host, and what needs the board's target.
pub(crate) fn doc(workspace: &Workspace) -> anyhow::Result<bool> {
    let limit = Duration::from_secs(15 * 60);
    let host = workspace.cargo(&["doc", "--no-deps"]);
    let board = workspace.cargo(&[
        "doc",
        "--no-deps",
        "-p",
        "arch",
        "-p",
        "rpi4",
        "--target",
        TARGET,
    ]);
    let ok =
        process::run(host, limit, Echo::On)?.ok() && process::run(board, limit, Echo::On)?.ok();
    println!("{}/doc/hal/index.html", workspace.sources.target.display());
    Ok(ok)
}
