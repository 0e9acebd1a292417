//! The benchmark as a test: it tells every row it should, the rows make sense, and a second run counts
//! the same. How much they count is for `bench` to tell and for nobody to fail at.

use crate::bench::{self, counted};
use crate::image::Built;
use crate::report::Group;
use std::path::Path;
use std::time::Instant;

/// As the scenarios' table calls its entries.
pub(super) const NAME: &str = "benchmark: every row, twice the same";

/// Boots twice.
pub(super) fn run(built: &Built, root: &Path, out: &Path) -> Group {
    let start = Instant::now();
    let result = rows(built, root, out).map_err(|error| format!("{error:#}"));
    Group::single(NAME, start.elapsed(), result.and_then(judge))
}

fn rows(built: &Built, root: &Path, out: &Path) -> anyhow::Result<Vec<String>> {
    let baseline = bench::baseline(root)?;
    let (first, second) = (counted(built, out, "", "")?, counted(built, out, "", "")?);
    let mut flaws = bench::differences(&first, &second);
    flaws.extend(bench::flaws(first, &baseline));
    Ok(flaws)
}

fn judge(flaws: Vec<String>) -> Result<(), String> {
    if flaws.is_empty() {
        return Ok(());
    }
    Err(flaws.join("\n"))
}
