//! Who notices that a line is gone: the host's tests, or else one run of the oracle.

use super::scan::Line;
use crate::cache_oracle::Watch;
use crate::image;
use crate::libtest;
use crate::metadata::Metadata;
use crate::process::{self, Echo, Ending};
use crate::report::tail;
use crate::workspace::Sources;
use anyhow::bail;
use std::path::Path;
use std::time::Duration;

/// A first build compiles all dependencies.
const BUILD_LIMIT: Duration = Duration::from_secs(15 * 60);
/// A test without its barrier may hang.
const TEST_LIMIT: Duration = Duration::from_secs(5 * 60);

/// What came of a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Noticed, by this.
    Caught(String),
    /// Nobody noticed.
    Missed,
    /// It stays, because of this.
    Stays(String),
}

/// Looks at the tree in `copy` as it is now.
pub(super) fn judge(
    line: &Line,
    copy: &Sources,
    metadata: &Metadata,
    watch: &Watch,
) -> anyhow::Result<Outcome> {
    for package in packages(&line.file, metadata) {
        if let Some(test) = host(copy, &package)? {
            return Ok(Outcome::Caught(format!("{package}: `{test}`")));
        }
    }
    let built = image::build(copy, Echo::Off)?;
    let found = watch.first(&built, &copy.root)?;
    Ok(found.map_or(Outcome::Missed, |what| {
        Outcome::Caught(format!("oracle: {what}"))
    }))
}

/// The crate of `file`, and those that are built on it: what the host tests of them.
fn packages(file: &Path, metadata: &Metadata) -> Vec<String> {
    let inside = |folder: &Path| {
        let folder = folder.strip_prefix(&metadata.workspace_root);
        folder.is_ok_and(|folder| file.starts_with(folder))
    };
    let mut host = metadata.host_members();
    let Some(own) = host.find(|package| inside(package.folder())) else {
        return Vec::new();
    };
    let above = metadata.host_members().filter(|package| {
        let mut arrows = package.dependencies.iter();
        package.name != own.name && arrows.any(|arrow| arrow.name == own.name)
    });
    let all = std::iter::once(own).chain(above);
    all.map(|package| package.name.clone()).collect()
}

/// The first test of a package that fails.
fn host(copy: &Sources, package: &str) -> anyhow::Result<Option<String>> {
    let build = copy.cargo(&["test", "-p", package, "--tests", "--no-run"]);
    let ended = process::run(build, BUILD_LIMIT, Echo::Off)?;
    if !ended.ok() {
        bail!("{package} does not build\n{}", tail(&ended.output));
    }
    let test = copy.cargo(&["test", "-p", package, "--tests"]);
    let ended = process::run(test, TEST_LIMIT, Echo::Off)?;
    if ended.ending == Ending::Interrupted {
        bail!("interrupted");
    }
    let group = libtest::group(package, &ended);
    Ok(group
        .failures
        .into_iter()
        .next()
        .map(|failure| failure.name))
}
