//! Self-tests of the running kernel, told as KTAP.
//!
//! Each is a function that returns what went wrong. They run on the emulator and, unchanged, on the
//! board.

mod bed;
mod block_on;
mod canary;
mod cards;
mod cells;
mod copies;
mod copy;
mod cores;
mod growth;
mod handler;
mod held;
mod limits;
mod list_parts;
mod lists;
mod moves;
mod overrun;
mod reported;
mod reserved;
mod restricted;
mod scarce;
mod second_handle;
mod traps;

use crate::console::say;
use crate::layer::Layer;
use crate::memory::Memory;
use crate::shell::input::stopped;
use arrayvec::ArrayString;
use bed::Bed;
use core::fmt::{self, Write};
pub(crate) use cores::together;

/// What went wrong, cut off where it is longer than a line.
pub(crate) type Reason = ArrayString<160>;

/// How a test ended.
pub(crate) enum Verdict {
    Passed,
    Skipped(&'static str),
    Failed(Reason),
}

/// A test: its name, and what it does.
type Test = (&'static str, fn(&Bed) -> Verdict);

/// At least one test failed.
pub(crate) struct TestsFailed;

/// Text as a reason.
pub(crate) fn reason(text: fmt::Arguments<'_>) -> Reason {
    let mut reason = Reason::new();
    // What does not fit is cut off.
    let _ = reason.write_fmt(text);
    reason
}

/// Fails the test with a text.
macro_rules! fail {
    ($($text:tt)*) => {
        return $crate::selftest::Verdict::Failed($crate::selftest::reason(format_args!($($text)*)))
    };
}
pub(crate) use fail;

/// Fails the test unless a condition holds.
macro_rules! check {
    ($condition:expr, $($text:tt)*) => {
        if !$condition {
            $crate::selftest::fail!($($text)*);
        }
    };
}
pub(crate) use check;

/// The value of a `Result`, or the test fails with the error.
macro_rules! attempt {
    ($result:expr, $what:literal) => {
        match $result {
            Ok(value) => value,
            Err(error) => $crate::selftest::fail!(concat!($what, ": {:?}"), error),
        }
    };
}
pub(crate) use attempt;

/// Runs those with `pattern` in their names: all, if it is empty. Stops on Ctrl-C.
pub(crate) fn run(layer: &Layer, memory: &Memory, pattern: &str) -> Result<(), TestsFailed> {
    let groups = [
        traps::TESTS,
        moves::TESTS,
        copies::TESTS,
        cells::TESTS,
        lists::TESTS,
        list_parts::TESTS,
        reported::TESTS,
        overrun::TESTS,
        restricted::TESTS,
        canary::TESTS,
        limits::TESTS,
        growth::TESTS,
        reserved::TESTS,
        handler::TESTS,
        held::TESTS,
        cards::TESTS,
    ];
    let wanted = |test: &&Test| test.0.contains(pattern);
    let all = groups.into_iter().chain(cores::TESTS).flatten();
    let tests = || all.clone().filter(wanted);
    say!("KTAP version 1\n1..{}", tests().count().max(1));
    let Some(bed) = Bed::new(layer, memory) else {
        say!("not ok 1 test bed # no DMA channel");
        return Err(TestsFailed);
    };
    if tests().count() == 0 {
        say!("not ok 1 selection # no test has \"{pattern}\" in its name");
        return Err(TestsFailed);
    }
    let mut ok = true;
    for (i, test) in tests().enumerate() {
        if stopped() {
            say!("Bail out! stopped by Ctrl-C");
            return Err(TestsFailed);
        }
        ok &= one(i + 1, test, &bed);
    }
    if ok { Ok(()) } else { Err(TestsFailed) }
}

fn one(number: usize, (name, run): &Test, bed: &Bed) -> bool {
    say!("# test {name}");
    match run(bed) {
        Verdict::Passed => say!("ok {number} {name}"),
        Verdict::Skipped(why) => say!("ok {number} {name} # SKIP {why}"),
        Verdict::Failed(why) => {
            say!("not ok {number} {name} # {why}");
            return false;
        }
    }
    true
}
