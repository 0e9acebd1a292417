//! The comparison as text.

use super::beside::Beside;
use super::goal::{BOUNCED_MEDIAN, bounced_median, goal, met};
use super::work::Work;
use std::fmt::Write;

/// Calls that stand for themselves in the short table; `map` and `unmap` are told as pairs.
const SHORT: [&str; 5] = [
    "memcpy",
    "lock_unlock_irqsave",
    "pair",
    "for_cpu",
    "for_device",
];

/// The short table: the plain configuration, a line for each call and size. How cost depends on slots in use
/// is told apart (`flat`).
pub(super) fn table(rows: &[Beside<'_>]) -> String {
    let plain =
        |row: &&Beside<'_>| row.ours.config == "carom" && SHORT.contains(&row.ours.op.as_str());
    text(rows.iter().filter(plain))
}

/// Every row.
pub(super) fn rows(rows: &[Beside<'_>]) -> String {
    text(rows.iter())
}

fn text<'a>(rows: impl Iterator<Item = &'a Beside<'a>>) -> String {
    let mut text = format!(
        "{:<30} {:<20} {:<13} {:>7} {:>8} {:>8} {:>6} {:>5}  {:>6} {:>7} {:>3}\n",
        "case",
        "call",
        "direction",
        "bytes",
        "Linux",
        "Carom",
        "ratio",
        "goal",
        "lines",
        "copied",
        "dsb"
    );
    for row in rows {
        text += &line(row);
    }
    text
}

fn line(row: &Beside<'_>) -> String {
    let ours = &row.ours;
    let mut case = format!("{} {}/{}", ours.config, ours.section, ours.case);
    if ours.live > 0 {
        let _ = write!(case, " {}", ours.live);
    }
    let linux = row
        .linux
        .map_or("-".to_owned(), |linux| format!("{:.0}", linux.mean));
    let ratio = row
        .ratio()
        .map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
    let mark = if met(row) == Some(false) { '!' } else { ' ' };
    let Work {
        lines,
        copied,
        barriers,
    } = row.work;
    format!(
        "{case:<30} {:<20} {:<13} {:>7} {linux:>8} {:>8.0} {ratio:>6}{mark}{:>5.2}  {lines:>6} {copied:>7} {barriers:>3}\n",
        ours.op,
        ours.dir,
        ours.size,
        ours.mean,
        goal(row),
    )
}

/// How many calls are as cheap as they shall be.
pub(super) fn summary(rows: &[Beside<'_>]) -> String {
    let mut text = String::new();
    let count = |wanted: bool| rows.iter().filter(|row| met(row) == Some(wanted)).count();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "{} of {} rows are at their goal; counts are instructions per call, the same in both runs",
        count(true),
        count(true) + count(false)
    );
    for (op, name) in [
        ("pair", "map+unmap"),
        ("for_cpu", "for_cpu"),
        ("for_device", "for_device"),
    ] {
        if let Some(median) = bounced_median(rows, op) {
            let _ = write!(
                text,
                "\nbounced {name}: {median:.2} of Linux in the median, goal {BOUNCED_MEDIAN:.2}"
            );
        }
    }
    text
}
