//! Boots under the oracle, each measured against the same without it.

use super::plugin;
use super::told::{self, Told};
use crate::image::Built;
use crate::process::Ended;
use crate::symbols::{self, Elf};
use crate::test::scenario::Scenario;
use anyhow::{Context, bail};
use std::path::Path;
use std::time::Duration;

/// A run takes seconds.
const LIMIT: Duration = Duration::from_secs(150);
/// The most that watching may cost, without a trace.
const MOST_COST: f32 = 20.0;

/// Boots with and without the oracle; the text is what it told.
pub(super) fn judge(
    scenario: &Scenario,
    plugin: &Path,
    built: &Built,
    root: &Path,
    out: &Path,
) -> anyhow::Result<String> {
    let lines = out.join("oracle.jsonl");
    // What an earlier run has told must not be taken for this one's.
    let _ = std::fs::remove_file(&lines);
    let watched = plugin::watched(plugin, &built.elf, &lines)?;
    let (plain, _) = scenario.run_with(built, out, LIMIT, &plugin::counted())?;
    let (ended, verdict) = scenario.run_with(built, out, LIMIT, &watched)?;
    let text = std::fs::read_to_string(&lines).unwrap_or_default();
    let told = Told::read(&text).with_context(|| no_summary(&ended))?;
    let elf = Elf::open(&built.elf)?;
    let text = told.text(&verdict.ktap, |address| elf.frames(address, root));
    let (cost, factor) = cost(&ended, &plain);
    let text = match text {
        Ok(text) => format!("{text}\n{cost}"),
        Err(found) => bail!("{found}\n{cost}"),
    };
    if factor > MOST_COST && !plugin::traces() {
        bail!("{text}\nthe oracle costs too much: a factor of {MOST_COST} is allowed");
    }
    if !verdict.ok() {
        let last_words = symbols::last_words(&ended.output, &built.elf, root);
        let failed: Vec<_> = verdict.failed_tests().map(|failure| failure.name).collect();
        bail!("{} {failed:?}\n{text}", verdict.explain(&last_words));
    }
    Ok(text)
}

fn cost(watched: &Ended, plain: &Ended) -> (String, f32) {
    let (watched, plain) = (watched.took.as_secs_f32(), plain.took.as_secs_f32());
    let factor = watched / plain;
    let text = format!("    {watched:.1} s, {factor:.1} times the {plain:.1} s without it");
    (text, factor)
}

/// Why there is no end of what the plugin tells: the emulator's own words, if it never began.
fn no_summary(ended: &Ended) -> String {
    let mut lines = ended.output.lines().filter(|line| {
        let line = line.to_ascii_lowercase();
        line.starts_with("oracle: ") || line.contains("plugin")
    });
    match lines.next() {
        Some(line) => format!("the emulator does not take the plugin: {line}"),
        None => format!("{}; {}", told::NO_END, ended.ending),
    }
}
