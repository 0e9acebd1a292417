//! The plugin, and what it is started with.

use crate::process::{self, Echo};
use crate::report::tail;
use crate::symbols;
use crate::workspace::Sources;
use anyhow::{Context, bail};
use oracle::emulator::Options;
use oracle::windows::SYMBOL;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(5 * 60);
const PACKAGE: &str = "oracle-plugin";
const LIBRARY: &str = "liboracle_plugin.so";

/// Builds it.
pub(super) fn build(sources: &Sources, echo: Echo) -> anyhow::Result<PathBuf> {
    let cargo = sources.cargo(&["build", "--release", "-p", PACKAGE]);
    let ended = process::run(cargo, LIMIT, echo)?;
    if !ended.ok() {
        bail!(
            "the plugin does not build ({})\n{}",
            ended.ending,
            tail(&ended.output)
        );
    }
    Ok(sources.target.join("release").join(LIBRARY))
}

/// One instruction is one nanosecond: nothing times out because it is watched, and every run is the
/// same. Time that nobody uses is skipped.
pub(super) fn counted() -> Vec<OsString> {
    ["-icount", "shift=0,sleep=off"].map(OsString::from).into()
}

/// The same with the plugin; `out` takes what it finds.
pub(super) fn watched(plugin: &Path, elf: &Path, out: &Path) -> anyhow::Result<Vec<OsString>> {
    let record = symbols::bytes(elf, SYMBOL).context("which windows the kernel has")?;
    let options = Options {
        record,
        out: out.to_owned(),
        trace: traces(),
    };
    options.windows().map_err(anyhow::Error::msg)?;
    let mut arguments = counted();
    arguments.extend(["-plugin".into(), options.argument(plugin)]);
    Ok(arguments)
}

/// Whether the events around each finding are asked for.
pub(super) fn traces() -> bool {
    std::env::var("CAROM_ORACLE").is_ok_and(|value| value == "trace")
}
