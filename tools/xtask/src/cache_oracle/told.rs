//! What the plugin told: findings with functions, files and lines, each once, and the summary.

use super::planted::Seen;
use crate::ktap::{Ktap, Outcome};
use anyhow::{Context, bail};
use oracle::finding::{Finding, Kind, Part};
use oracle::wire::{Line, Report, Stats, Traced};
use std::collections::HashSet;

pub(super) const NO_END: &str = "the oracle did not come to its end";

/// Functions of the callers that are shown.
const DEPTH: usize = 10;

/// A self-test gives a channel addresses that it must not have, to see its canary die. The oracle
/// has to see that as well: whoever misses it would miss the same in a driver.
const ON_PURPOSE: (&str, &str, Kind) = (
    "a raw high address trips the canary",
    "selftest::canary::canary_trips",
    Kind::OutsideWindow,
);

/// All lines of a run.
#[derive(Debug)]
pub(super) struct Told {
    reports: Vec<Report>,
    /// Absent if the run was cut short.
    stats: Option<Stats>,
}

/// A finding, and the functions that led to it, innermost first.
struct Explained<'a> {
    report: &'a Report,
    /// At the instruction itself.
    here: Vec<String>,
    callers: Vec<String>,
    trace: Vec<String>,
}

impl Told {
    /// Reads the file, as far as it goes.
    pub(super) fn read(text: &str) -> anyhow::Result<Self> {
        let (mut reports, mut stats) = (Vec::new(), None);
        for line in text.lines() {
            match Line::read(line).context("what the plugin wrote")? {
                Line::Finding(report) => reports.push(report),
                Line::Summary(summary) => stats = Some(summary),
            }
        }
        Ok(Self { reports, stats })
    }

    /// Whether there is nothing at all.
    pub(super) fn is_empty(&self) -> bool {
        self.reports.is_empty() && self.stats.is_none()
    }

    /// Whether the run came to its end.
    pub(super) fn is_whole(&self) -> bool {
        self.stats.is_some()
    }

    /// The first finding that was not made on purpose: its kind, and the innermost of our functions.
    pub(super) fn first(&self, frames: impl Fn(u64) -> Vec<String>) -> Option<String> {
        let mut explained = self.reports.iter().map(|report| explain(report, &frames));
        let one = explained.find(|one| !one.on_purpose())?;
        let all = || one.here.iter().chain(&one.callers);
        // Instructions and registers are everybody's.
        let telling =
            |frame: &&String| frame.contains(" at kernel/") && !frame.contains(" at kernel/arch/");
        let place = all().find(telling).or_else(|| all().next());
        let place = place.map_or("an unknown place", |frame| frame.as_str());
        Some(format!("{} in {place}", one.report.finding.kind))
    }

    /// All findings as they were told, with all that led to them.
    pub(super) fn seen(&self, frames: impl Fn(u64) -> Vec<String>) -> Vec<Seen> {
        let explained = self.reports.iter().map(|report| explain(report, &frames));
        let seen = explained.map(|one| Seen {
            kind: one.report.finding.kind,
            text: one.text(),
            frames: one.here.into_iter().chain(one.callers).collect(),
        });
        seen.collect()
    }

    /// The summary, if there is nothing else to tell; else an error that tells all.
    pub(super) fn text(
        &self,
        ktap: &Ktap,
        frames: impl Fn(u64) -> Vec<String>,
    ) -> anyhow::Result<String> {
        let explained = self.reports.iter().map(|report| explain(report, &frames));
        let (meant, found): (Vec<_>, Vec<_>) = explained.partition(Explained::on_purpose);
        let found = once(found);
        let looked_at = self.stats.map_or(NO_END.to_owned(), |stats| stats.text());
        let summary = format!(
            "    {} findings, {} made on purpose; {looked_at}",
            found.len(),
            once(meant).len(),
        );
        if !found.is_empty() {
            let texts: Vec<String> = found.iter().map(Explained::text).collect();
            bail!("{}\n{summary}", texts.join("\n"));
        }
        let Some(stats) = self.stats else {
            bail!("{summary}");
        };
        if stats.transfers == 0 {
            bail!("the oracle saw no transfers\n{summary}");
        }
        if stats.unplaced != 0 {
            bail!(
                "{} operations on unknown addresses\n{summary}",
                stats.unplaced
            );
        }
        let (test, function, _) = ON_PURPOSE;
        let ran = ktap.outcome(test) == Some(&Outcome::Passed);
        if ran
            && !self
                .reports
                .iter()
                .any(|report| explain(report, &frames).on_purpose())
        {
            bail!("the oracle missed what {function} does wrong on purpose\n{summary}");
        }
        Ok(summary)
    }
}

fn explain<'a>(report: &'a Report, frames: &impl Fn(u64) -> Vec<String>) -> Explained<'a> {
    let here = frames(report.finding.site.pc);
    // A call returns behind itself. A routine in assembly has a name and no line, and no frame.
    let assembly = here.iter().all(|frame| !frame.contains(" at "));
    let link = assembly.then_some(report.link);
    let calls = link.into_iter().chain(report.callers.iter().copied());
    let callers = calls.flat_map(|caller| frames(caller.wrapping_sub(1)));
    Explained {
        report,
        callers: callers.collect(),
        trace: report
            .trace
            .iter()
            .map(|event| traced(event, frames))
            .collect(),
        here,
    }
}

/// An event, and the innermost of our functions that it was in.
fn traced(event: &Traced, frames: &impl Fn(u64) -> Vec<String>) -> String {
    let Traced { site, text } = event;
    let frames = frames(site.pc);
    let function = frames.iter().find(|frame| !frame.contains(" at /"));
    let function = function.map_or("", |frame| frame.as_str());
    format!("core {} {text} in {function}", site.core)
}

/// One of each: the same rule broken in the same functions is one mistake, whatever the address and
/// whichever instruction of a loop came to it.
fn once(mut all: Vec<Explained<'_>>) -> Vec<Explained<'_>> {
    let mut seen: HashSet<(Kind, Option<Part>, Vec<String>)> = HashSet::new();
    all.retain(|one| {
        let Finding { kind, part, .. } = one.report.finding;
        let functions = one.here.iter().map(|frame| without_line(frame).to_owned());
        seen.insert((kind, part, functions.collect()))
    });
    all
}

/// Function and file.
fn without_line(frame: &str) -> &str {
    match frame.rsplit_once(':') {
        Some((rest, line)) if line.bytes().all(|c| c.is_ascii_digit()) => rest,
        _ => frame,
    }
}

impl Explained<'_> {
    fn on_purpose(&self) -> bool {
        let (_, function, kind) = ON_PURPOSE;
        let mut frames = self.here.iter().chain(&self.callers);
        self.report.finding.kind == kind && frames.any(|frame| frame.contains(function))
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", self.report.finding);
        // The library's own functions say nothing about where a mistake is.
        let ours = |frame: &&String| !frame.contains(" at /");
        let frames = self.here.iter().chain(&self.callers).filter(ours);
        for frame in frames.take(DEPTH) {
            text += &format!("    {frame}\n");
        }
        for event in &self.trace {
            text += &format!("      {event}\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oracle::finding::{Master, Site};

    const PURPOSE: u64 = 0x1000;
    const DRIVER: u64 = 0x2000;

    fn frames(address: u64) -> Vec<String> {
        let name = match address {
            PURPOSE => "rpi4::selftest::canary::canary_trips at kernel/rpi4/src/a.rs:1",
            0x1FFF => "rpi4::carry::run at kernel/rpi4/src/b.rs:2",
            _ => "drivers::ring at kernel/drivers/src/c.rs:3",
        };
        vec![name.to_owned()]
    }

    fn finding(kind: Kind, pc: u64) -> Line {
        Line::Finding(Report {
            finding: Finding {
                kind,
                master: Some(Master::Dma(2)),
                part: Some(Part::Source),
                address: 0x40,
                length: 64,
                line: 0x40,
                lines: 1,
                site: Site { core: 0, pc },
            },
            callers: vec![DRIVER],
            link: 0,
            trace: vec![Traced {
                site: Site { core: 0, pc },
                text: "an event".to_owned(),
            }],
        })
    }

    fn summary(transfers: u64) -> Line {
        let stats = Stats {
            transfers,
            ..Stats::default()
        };
        Line::Summary(stats)
    }

    fn judged(lines: &[Line], console: &str) -> anyhow::Result<String> {
        let text: Vec<String> = lines.iter().map(Line::write).collect();
        Told::read(&text.join("\n"))?.text(&Ktap::parse(console), frames)
    }

    const RAN: &str = "KTAP version 1\n1..1\nok 1 a raw high address trips the canary\n";

    #[test]
    fn a_run_with_nothing_to_tell_is_a_summary() {
        let text = judged(&[summary(3)], "").unwrap();
        assert!(
            text.contains("0 findings") && text.contains("3 transfers"),
            "{text}"
        );
    }

    #[test]
    fn a_finding_fails_the_run_and_is_told_once_with_its_callers() {
        let found = finding(Kind::DirtyRead, DRIVER);
        let why = judged(&[found.clone(), found, summary(3)], "").unwrap_err();
        let why = why.to_string();
        assert_eq!(why.matches("dirty-read").count(), 1, "{why}");
        assert!(
            why.contains("drivers::ring at kernel/drivers/src/c.rs:3"),
            "{why}"
        );
        assert!(
            why.contains("rpi4::carry::run") && why.contains("an event"),
            "{why}"
        );
        assert!(why.contains("1 findings"), "{why}");
    }

    #[test]
    fn the_line_is_no_part_of_a_place() {
        assert_eq!(without_line("a::b at c.rs:12"), "a::b at c.rs");
        assert_eq!(without_line("a::b"), "a::b");
    }

    #[test]
    fn no_transfers_no_end_and_a_lost_address_are_failures() {
        assert!(judged(&[summary(0)], "").is_err());
        assert!(judged(&[], "").unwrap_err().to_string().contains(NO_END));
        let stats = Stats {
            transfers: 1,
            unplaced: 1,
            ..Stats::default()
        };
        assert!(judged(&[Line::Summary(stats)], "").is_err());
    }

    #[test]
    fn a_run_that_was_cut_short_tells_what_was_found_until_then() {
        let why = judged(&[finding(Kind::StaleLoad, DRIVER)], "").unwrap_err();
        let why = why.to_string();
        assert!(why.contains("stale-load") && why.contains(NO_END), "{why}");
    }

    #[test]
    fn what_a_self_test_does_wrong_must_be_seen_and_fails_nothing() {
        assert!(judged(&[summary(3)], RAN).is_err(), "it was missed");
        let meant = finding(Kind::OutsideWindow, PURPOSE);
        let text = judged(&[meant, summary(3)], RAN).unwrap();
        assert!(text.contains("1 made on purpose"), "{text}");
        let other = finding(Kind::DirtyRead, PURPOSE);
        assert!(judged(&[other, summary(3)], "").is_err(), "of another kind");
    }
}
