//! A boot that counts instructions, and the rows on its console.

use super::row::{self, Row};
use crate::boot::{Kernel, Setup, Tree};
use crate::header::LoadOffset;
use crate::image::Built;
use crate::process::{self, Echo, Ended, Ending};
use crate::report::tail;
use anyhow::{Context, ensure};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

/// A nanosecond for each instruction, and no waiting for the host's clock.
const COUNTING: [&str; 2] = ["-icount", "shift=0,sleep=off"];

/// A boot takes seconds.
const LIMIT: Duration = Duration::from_secs(120);

/// Stepping is slow.
const STEPPING_LIMIT: Duration = Duration::from_secs(1200);

/// The rows with `filter` in their section/case, as the kernel counts them under `append`.
pub(crate) fn counted(
    built: &Built,
    out: &Path,
    append: &str,
    filter: &str,
) -> anyhow::Result<Vec<Row>> {
    let append = words(filter, append);
    let ended = setup(&append).started(built, out, |mut command| {
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

/// The same kernel, held before its first instruction, with a debugger's port at `socket`. It ends when
/// whoever talks to the port says so.
pub(super) fn stopped(
    built: &Built,
    out: &Path,
    filter: &str,
    socket: &Path,
) -> anyhow::Result<JoinHandle<anyhow::Result<Ended>>> {
    let port = format!("unix:{},server=on,wait=off", socket.display());
    // One that was left behind would answer for nobody.
    let _ = std::fs::remove_file(socket);
    let append = words(filter, "");
    let mut held = None;
    setup(&append).started(built, out, |mut command| {
        command.args(COUNTING).args(["-S", "-gdb", &port]);
        held = Some(std::thread::spawn(|| {
            process::run(command, STEPPING_LIMIT, Echo::Off)
        }));
        Ok(Ended {
            ending: Ending::Exited(Some(0)),
            output: String::new(),
            took: Duration::ZERO,
        })
    })?;
    held.context("the emulator was not started")
}

fn words(filter: &str, more: &str) -> String {
    let pattern = if filter.is_empty() { "all" } else { filter };
    format!("carom.bench={pattern} {more}")
}

fn setup(append: &str) -> Setup<'_> {
    Setup {
        kernel: Kernel::Image(LoadOffset::DEFAULT),
        tree: Tree::Emulator,
        file: None,
        card: None,
        slot: None,
        append,
        limit: LIMIT,
    }
}
