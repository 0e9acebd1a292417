//! The decision for every combination of what it depends on, against `outcomes.txt`.
//!
//! The file is there to be read: a change of any outcome shows in its diff.

extern crate std;
use super::*;
use crate::testing::BOARD;
use hal::DmaWindow;
use hal::PhysAddr;
use std::fmt::Write;
use std::string::String;
use std::vec::Vec;

/// What is checked in.
const OUTCOMES: &str = include_str!("outcomes.txt");
/// Set by `cargo xtask decisions`: write the file instead of reading it.
const WRITE: &str = "CAROM_WRITE_DECISIONS";

const HEADER: &str = "\
# The decision for every combination. Written by `cargo xtask decisions`, read by a test.
#
# reach    near: in the device's window, far: behind its end, across: over its end
# lines    whole: whole lines; own: parts of lines, all of them the buffer's own;
#          head, tail: the first, the last line belongs to others as well
# force    everything bounces          pool  there is something to bounce through
# snoops   the device is coherent      dir   to, from the device, both ways
# then the outcome without attributes and with each: direct; force, reach, line (bounces, and why);
# would-* (an error: must stay in place), no-pool-*, incoherent (an error: coherence was required)
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Case {
    reach: &'static str,
    lines: &'static str,
    force: bool,
    pool: bool,
    coherent: bool,
    dir: Dir,
    attrs: Attrs,
}

const REACH: [&str; 3] = ["near", "far", "across"];
const LINES: [&str; 4] = ["whole", "own", "head", "tail"];
const DIRS: [(Dir, &str); 3] = [
    (Dir::ToDevice, "to"),
    (Dir::FromDevice, "from"),
    (Dir::Bidirectional, "both"),
];
const ATTRS: [(Attrs, &str); 5] = [
    (Attrs::NONE, "none"),
    (Attrs::DEFER_SYNC, "defer-sync"),
    (Attrs::ALREADY_DEVICE_OWNED, "device-owned"),
    (Attrs::SHARED, "shared"),
    (Attrs::REQUIRE_COHERENT, "require-coherent"),
];

fn range(start: u64, end: u64) -> PhysRange {
    PhysRange::between(PhysAddr::new(start), PhysAddr::new(end)).expect("valid")
}

/// Every case, attributes fastest.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let flags = [false, true];
    for (reach, lines) in REACH.into_iter().flat_map(|r| LINES.map(|l| (r, l))) {
        for (force, pool) in flags.into_iter().flat_map(|f| flags.map(|p| (f, p))) {
            for (coherent, dir) in flags.into_iter().flat_map(|c| DIRS.map(|(d, _)| (c, d))) {
                cases.extend(ATTRS.map(|(attrs, _)| Case {
                    reach,
                    lines,
                    force,
                    pool,
                    coherent,
                    dir,
                    attrs,
                }));
            }
        }
    }
    cases
}

impl Case {
    fn device(&self) -> DmaDevice {
        let window = DmaWindow::new(range(0, 0x4000_0000), DmaAddr::new(0xC000_0000));
        let builder = DmaDevice::builder("table").windows(&[window.expect("valid")]);
        let builder = if self.coherent {
            builder.coherent()
        } else {
            builder
        };
        builder.build(&BOARD).expect("valid")
    }

    fn request(&self) -> Request {
        let (first, end) = match self.reach {
            "near" => (0x1000, 0x1080),
            "far" => (0x4000_0000, 0x4000_0080),
            _ => (0x3FFF_FFC0, 0x4000_0040),
        };
        let (block, owned) = match self.lines {
            "whole" => (range(first, end), range(first, end)),
            "own" => (range(first + 4, end - 4), range(first, end)),
            "head" => (range(first + 4, end), range(first + 4, end)),
            _ => (range(first, end - 4), range(first, end - 4)),
        };
        let (dir, attrs) = (self.dir, self.attrs);
        Request {
            block,
            owned,
            dir,
            attrs,
        }
    }

    fn outcome(&self) -> Result<Route, MapError> {
        let (force, pool) = (self.force, self.pool);
        route(&self.device(), Policy { force, pool }, &self.request())
    }

    /// The outcome as the file has it.
    fn told(&self) -> String {
        let name = |reason| match reason {
            BounceReason::Forced => "force",
            BounceReason::Unreachable => "reach",
            BounceReason::SharedLine => "line",
            BounceReason::Restricted => "restricted",
        };
        let mut told = String::new();
        let (before, reason) = match self.outcome() {
            Ok(Route::Direct(_)) => return "direct".into(),
            Err(MapError::NeedsCoherent { .. }) => return "incoherent".into(),
            Ok(Route::Bounce(reason)) => ("", reason),
            Err(MapError::WouldBounce { reason, .. }) => ("would-", reason),
            Err(MapError::NoPool { reason, .. }) => ("no-pool-", reason),
            Err(error) => panic!("{self:?}: {error}"),
        };
        write!(told, "{before}{}", name(reason)).expect("a string");
        told
    }
}

fn line(cells: &[&str]) -> String {
    let widths = [8, 7, 7, 6, 8, 6];
    let widths = widths.into_iter().chain([15; 5]);
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        write!(line, "{cell:<width$}").expect("a string");
    }
    line.truncate(line.trim_end().len());
    line + "\n"
}

fn table() -> String {
    let mut heads = std::vec!["reach", "lines", "force", "pool", "snoops", "dir"];
    heads.extend(ATTRS.map(|(_, name)| name));
    let mut table = String::from(HEADER) + &line(&heads);
    for row in cases().chunks(ATTRS.len()) {
        let outcomes: Vec<String> = row.iter().map(Case::told).collect();
        let yes = |flag| if flag { "yes" } else { "-" };
        let dir = DIRS.iter().find(|(dir, _)| *dir == row[0].dir);
        let mut cells = std::vec![row[0].reach, row[0].lines];
        cells.extend([row[0].force, row[0].pool, row[0].coherent].map(yes));
        cells.push(dir.expect("all three").1);
        cells.extend(outcomes.iter().map(String::as_str));
        table += &line(&cells);
    }
    table
}

#[test]
fn dec_4_every_combination_comes_out_as_the_checked_in_table_says() {
    let table = table();
    if std::env::var_os(WRITE).is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/decision/outcomes.txt");
        std::fs::write(path, &table).expect("the sources can be written");
        return;
    }
    for (found, expected) in table.lines().zip(OUTCOMES.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(table.lines().count(), OUTCOMES.lines().count());
}

#[test]
fn dec_4_the_plain_case_comes_out_as_the_decision_in_full_does() {
    let mut plain = 0;
    for case in cases() {
        let (device, request) = (case.device(), case.request());
        let (force, pool) = (case.force, case.pool);
        let policy = Policy { force, pool };
        let full = decide(&device, policy, &request);
        let bounces = match full {
            Ok(Route::Bounce(reason)) => Some(reason),
            _ => None,
        };
        if let Some(addr) = at_once(&device, policy, &request) {
            assert_eq!(full, Ok(Route::Direct(addr)), "{case:?}");
            plain += 1;
        } else {
            let must_ask = case.attrs == Attrs::REQUIRE_COHERENT;
            let direct = matches!(full, Ok(Route::Direct(_)));
            assert!(!direct || must_ask, "{case:?}: direct, and not at once");
            let quickly = bounces_at_once(&device, policy, &request);
            assert_eq!(quickly, bounces, "{case:?}");
        }
    }
    assert!(plain > 0);
}

#[test]
fn ul_1_a_slot_is_taken_for_force_reach_and_foreign_lines_and_for_nothing_else() {
    for case in cases() {
        let foreign =
            matches!(case.lines, "head" | "tail") && case.dir.device_writes() && !case.coherent;
        let must = case.force || case.reach != "near" || foreign;
        let slot = matches!(case.outcome(), Ok(Route::Bounce(_)));
        let may = case.pool && matches!(case.attrs, Attrs::NONE | Attrs::DEFER_SYNC);
        assert_eq!(slot, must && may, "{case:?}");
        assert_eq!(
            case.outcome().is_ok(),
            (!must || may) && !case.lacks_coherence(),
            "{case:?}"
        );
    }
}

impl Case {
    fn lacks_coherence(&self) -> bool {
        self.attrs == Attrs::REQUIRE_COHERENT && !self.coherent
    }
}

#[test]
fn attr_2_what_must_stay_in_place_is_refused_for_each_reason_in_each_direction() {
    let mut refused = [[0; 3]; 3];
    for case in cases().iter().filter(|case| case.attrs.forbid_bounce()) {
        if let Err(MapError::WouldBounce { reason, .. }) = case.outcome() {
            refused[reason as usize][case.dir as usize] += 1;
        }
    }
    // To the device, lines are shared freely.
    assert!(
        refused
            .iter()
            .flatten()
            .filter(|count| **count == 0)
            .count()
            == 1
    );
    assert_eq!(
        refused[BounceReason::SharedLine as usize][Dir::ToDevice as usize],
        0
    );
}

#[test]
fn the_wish_for_no_message_changes_no_outcome() {
    for case in cases() {
        let quiet = Case {
            attrs: case.attrs | Attrs::NO_WARN,
            ..case
        };
        assert_eq!(quiet.outcome(), case.outcome(), "{case:?}");
    }
}
