//! A boot that counts instructions, and the rows on its console.

use super::row::{self, Row};
use crate::boot::{Kernel, Setup, Tree};
use crate::header::LoadOffset;
use crate::image::Built;
use crate::process::{self, Echo};
use crate::report::tail;
use anyhow::{Context, ensure};
use std::path::Path;
use std::time::Duration;

/// A nanosecond for each instruction, and no waiting for the host's clock.
const COUNTING: [&str; 2] = ["-icount", "shift=0,sleep=off"];

/// A boot takes seconds.
const LIMIT: Duration = Duration::from_secs(120);

/// The rows with `filter` in their section/case, as the kernel counts them under `append`.
pub(crate) fn counted(
    built: &Built,
    out: &Path,
    append: &str,
    filter: &str,
) -> anyhow::Result<Vec<Row>> {
    let pattern = if filter.is_empty() { "all" } else { filter };
    let append = format!("carom.bench={pattern} {append}");
    let setup = Setup {
        kernel: Kernel::Image(LoadOffset::DEFAULT),
        tree: Tree::Emulator,
        file: None,
        card: None,
        slot: None,
        append: &append,
        limit: LIMIT,
    };
    let ended = setup.started(built, out, |mut command| {
        command.args(COUNTING);
        process::run(command, LIMIT, Echo::Off)
    })?;
    ensure!(
        ended.ok(),
        "the kernel could not count: {}\n{}",
        ended.ending,
        tail(&ended.output)
    );
    row::from_console(&ended.output).context("the rows on the console")
}
