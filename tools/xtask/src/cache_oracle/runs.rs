//! Boots under the oracle, each measured against the same without it.

use super::plugin;
use super::told::Told;
use crate::image::Built;
use crate::process::Ended;
use crate::symbols::{self, Elf};
use crate::test::scenario::Scenario;
use anyhow::bail;
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// A run takes seconds.
pub(super) const LIMIT: Duration = Duration::from_secs(150);
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
    let (ended, verdict) = scenario.run_with(built, out, LIMIT, &watched)?;
    let text = std::fs::read_to_string(&lines).unwrap_or_default();
    let told = Told::read(&text)?;
    not_refused(&ended, &told)?;
    let (plain, _) = scenario.run_with(built, out, LIMIT, &plugin::counted())?;
    let elf = Elf::open(&built.elf)?;
    let text = told.text(&verdict.ktap, |address| elf.frames(address, root));
    let (cost, factor) = cost(&ended, &plain);
    let text = match text {
        Ok(text) => format!("{text}\n{cost}"),
        Err(found) => bail!("{found}\n{cost}; {}", ended.ending),
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

/// An error if nothing was told because the emulator does not take the plugin.
pub(super) fn not_refused(ended: &Ended, told: &Told) -> anyhow::Result<()> {
    match refusal(&ended.output).filter(|_| told.is_empty()) {
        Some(refused) => bail!(refused),
        None => Ok(()),
    }
}

fn cost(watched: &Ended, plain: &Ended) -> (String, f32) {
    let (watched, plain) = (watched.took.as_secs_f32(), plain.took.as_secs_f32());
    let factor = watched / plain;
    let text = format!("    {watched:.1} s, {factor:.1} times the {plain:.1} s without it");
    (text, factor)
}

/// The emulator does not take the plugin, and would not for another scenario.
#[derive(Debug)]
pub(super) struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the emulator does not take the plugin: {}", self.0)
    }
}

impl std::error::Error for Refused {}

/// What the plugin itself says against the emulator, or else what the emulator says against it.
fn refusal(console: &str) -> Option<Refused> {
    let own = console
        .lines()
        .find_map(|line| line.strip_prefix("oracle: "));
    let emulators = || {
        let mut lines = console.lines();
        lines.find(|line| line.starts_with("qemu-system") && line.contains("plugin"))
    };
    let line = own.or_else(emulators)?;
    Some(Refused(line.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(console: &str) -> Option<String> {
        refusal(console).map(|refused| refused.to_string())
    }

    #[test]
    fn a_refusal_is_one_line_in_the_words_of_whoever_refused() {
        let both = "oracle: plugin interface 5, and 4 is known\r\n\
                    qemu-system-aarch64: Could not load plugin x: error code 1\n";
        let told = said(both).unwrap();
        assert!(
            told.ends_with("plugin: plugin interface 5, and 4 is known"),
            "{told}"
        );
        let old = "qemu-system-aarch64: -plugin: invalid option\n";
        assert!(said(old).unwrap().ends_with("-plugin: invalid option"));
    }

    #[test]
    fn a_kernel_that_hangs_is_no_refusal() {
        assert_eq!(said("carom 0.1.0\nthe oracle: plugin\n"), None);
    }
}
