//! The plugin, and what it is started with.

use crate::payload::hex;
use crate::process::{self, Echo};
use crate::report::tail;
use crate::symbols;
use crate::workspace::Sources;
use anyhow::{Context, bail};
use oracle::windows::{SYMBOL, Windows};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
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
    Windows::parse(&record).map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut option = OsString::from("file=");
    option.push(escaped(plugin));
    option.push(format!(",record={},out=", hex(&record)));
    option.push(escaped(out));
    option.push(if traces() { ",trace=on" } else { "" });
    let mut arguments = counted();
    arguments.extend(["-plugin".into(), option]);
    Ok(arguments)
}

/// Whether the events around each finding are asked for.
pub(super) fn traces() -> bool {
    std::env::var("CAROM_ORACLE").is_ok_and(|value| value == "trace")
}

/// QEMU reads a comma as the end of a value, unless it is doubled.
fn escaped(path: &Path) -> OsString {
    let bytes = path.as_os_str().as_bytes().iter();
    let doubled = bytes.flat_map(|byte| std::iter::repeat_n(*byte, 1 + usize::from(*byte == b',')));
    OsString::from_vec(doubled.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_a_path_is_no_end() {
        assert_eq!(escaped(Path::new("/a,b/c")), "/a,,b/c");
    }
}
