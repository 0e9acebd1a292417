//! `replay`: the traces in a console, or in a file, held against the order that calls must have.
//!
//! The rules are the kernel's own (`dma::trace::Order`). A trace that lost its beginning is checked from
//! where all cores are told of, and what was mapped before is taken as it comes.

mod dump;

use crate::args::ReplayArgs;
use anyhow::Context;
use dump::{Dump, dumps};
use std::fmt;

/// Replays every trace in a file and tells what came of each.
pub(crate) fn run(options: &ReplayArgs) -> anyhow::Result<bool> {
    let path = &options.log;
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let verdicts = replay(&String::from_utf8_lossy(&bytes));
    for verdict in &verdicts {
        match verdict {
            Ok(passed) => println!("{passed}"),
            Err(wrong) => println!("{}: {wrong}", path.display()),
        }
    }
    anyhow::ensure!(
        !verdicts.is_empty(),
        "{}: there is no trace in it",
        path.display()
    );
    Ok(verdicts.iter().all(Result::is_ok))
}

/// A trace in which nothing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Where it starts.
    line: usize,
    pub(crate) events: usize,
    /// Events that were checked; the others are from before all cores are told of.
    pub(crate) checked: usize,
    /// Of these, events about maintenance.
    pub(crate) maintenance: usize,
    /// Mappings that have no end in it.
    pub(crate) live: usize,
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            events,
            checked,
            maintenance,
            live,
        } = self;
        write!(
            f,
            "trace at line {line}: {events} events, {checked} of them checked and in order \
             ({maintenance} about maintenance), {live} mappings left"
        )
    }
}

/// What is wrong with a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) why: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

/// Each trace in a text, in order.
pub(crate) fn replay(text: &str) -> Vec<Result<Passed, Wrong>> {
    dumps(text)
        .into_iter()
        .map(|dump| dump.and_then(judge))
        .collect()
}

fn judge(dump: Dump) -> Result<Passed, Wrong> {
    dump.is_whole()?;
    let (line, from) = (dump.line, dump.known_from());
    let mut order = dump.order(from > 0);
    let merged = dma::trace::merge(dump.cores.map(|core| core.events), |(_, event)| event.stamp);
    let mut passed = Passed {
        line,
        events: merged.len(),
        checked: 0,
        maintenance: 0,
        live: 0,
    };
    for (core, (line, event)) in merged {
        if event.stamp < from {
            order.believe(core, &event);
            continue;
        }
        if passed.checked == 0 && from > 0 {
            order.forgive();
        }
        let wrong = |why| Wrong {
            line,
            why: format!("{why}"),
        };
        order.step(core, &event).map_err(wrong)?;
        passed.checked += 1;
        passed.maintenance += usize::from(event.kind.is_maintenance());
    }
    passed.live = order.live();
    Ok(passed)
}

#[cfg(test)]
mod tests;
