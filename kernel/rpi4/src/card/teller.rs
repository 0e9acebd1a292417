//! What an audit finds, line by line on the console, and what it came to.

use super::device::{CardError, Moved};
use crate::console::say;
use crate::shell::input::stopped;
use arch::Timer;
use core::fmt;
use core::ops::ControlFlow;
use hal::Clock;
use storage::fat::Sum;
use storage::manifest::{Line, NAME, Verdict};
use storage::{Audit, Error, Finding, Watcher};

/// Silence after which a long file tells how far it is: a line of its own, so that what reads the
/// console line by line is not confused.
const SILENCE_US: u64 = 5_000_000;

/// Tells what is found.
pub(crate) struct Teller {
    /// A line for every file, as `sha256sum` writes it.
    sums: bool,
    /// When something was told last.
    told: u64,
    /// Something was out of reach, with no pool to bounce through.
    no_pool: bool,
}

impl Teller {
    /// Tells of problems, and how far a long file is.
    pub(crate) fn of_problems() -> Self {
        Self {
            sums: false,
            told: Timer.micros(),
            no_pool: false,
        }
    }

    /// Tells every digest too.
    pub(crate) fn of_sums() -> Self {
        Self {
            sums: true,
            ..Self::of_problems()
        }
    }

    /// Was it the lack of a bounce pool that ended the audit?
    pub(crate) fn met_no_pool(&self) -> bool {
        self.no_pool
    }

    fn line(&mut self, text: fmt::Arguments<'_>) {
        say!("{text}");
        self.told = Timer.micros();
    }

    fn summed(&mut self, path: &str, sum: &Sum, verdict: Option<Verdict>) {
        if self.sums {
            self.line(format_args!("{}", Line { sum, path }));
        }
        match verdict {
            Some(Verdict::Differs { expected }) => self.line(format_args!(
                "card: {path}: digest differs from {NAME}: {}, expected {}",
                Hex(sum),
                Hex(&expected)
            )),
            Some(Verdict::Extra) => self.line(format_args!("card: {path}: not in {NAME}")),
            Some(Verdict::Ok) | None => {}
        }
    }
}

impl Watcher<CardError> for Teller {
    fn found(&mut self, finding: &Finding<'_, CardError>) -> ControlFlow<()> {
        match finding {
            Finding::Summed { path, sum, verdict } => self.summed(path, sum, *verdict),
            Finding::Unread { path, error } => {
                self.line(format_args!("card: {path}: cannot be read: {error}"));
                self.no_pool |= is_out_of_reach(error);
                if is_final(error) {
                    return ControlFlow::Break(());
                }
            }
            Finding::Missing { path } => {
                self.line(format_args!("card: {path}: in {NAME}, not on the card"));
            }
        }
        go_on()
    }

    fn reading(&mut self, path: &str, bytes: u64, size: u32) -> ControlFlow<()> {
        if bytes < u64::from(size) && Timer.micros() - self.told > SILENCE_US {
            self.line(format_args!("  {path:.48}: {bytes} of {size} bytes"));
        }
        go_on()
    }
}

fn go_on() -> ControlFlow<()> {
    match stopped() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}

/// Was there no pool to bounce through?
pub(super) const fn is_out_of_reach(error: &Error<CardError>) -> bool {
    matches!(error, Error::Device { error, .. } if error.is_out_of_reach())
}

/// Will every other file fail for the same reason?
pub(super) const fn is_final(error: &Error<CardError>) -> bool {
    match error {
        Error::Device { error, .. } => error.is_final(),
        Error::Memory(_) => true,
        _ => false,
    }
}

/// An audit in words, and what was moved for it.
pub(crate) struct Summary<'a>(pub(crate) &'a Audit, pub(crate) &'a Moved, pub(crate) u64);

impl Summary<'_> {
    /// The line that counts requests and bytes.
    pub(crate) fn tell_moved(&self) {
        let Self(_, moved, took_us) = self;
        say!(
            "  {} requests, {} bytes direct, {} bounced, {} by PIO, {}.{:03} ms",
            moved.requests,
            moved.direct,
            moved.bounced,
            moved.pio,
            took_us / 1000,
            took_us % 1000
        );
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tally = &self.0.tally;
        write!(f, "{} files, {} bytes", tally.files, tally.bytes)?;
        match tally.manifest {
            true => write!(f, ", {} right, {} wrong", tally.right, tally.wrong)?,
            false => write!(f, ", no {NAME} to compare with")?,
        }
        let more = [
            (tally.unread, "unread"),
            (tally.missing, "missing"),
            (tally.extra, "not listed"),
        ];
        for (count, what) in more.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {what}")?;
        }
        let complete = self.0.complete;
        f.write_str(if complete { "" } else { "; ended early" })
    }
}

struct Hex<'a>(&'a Sum);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
