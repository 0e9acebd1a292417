//! Findings into lines of the file. With a trace, each waits for what happens after it.

use oracle::finding::Site;
use oracle::model::Event;
use oracle::wire::{Line, Report, Traced};
use std::fs::File;
use std::io::Write;

/// Events after a finding that are told.
const AFTER: usize = 8;

/// The file, and what has not been written to it.
pub(crate) struct Teller {
    out: File,
    /// With the number of events that are still to come.
    waiting: Vec<(Report, usize)>,
    trace: bool,
}

impl Teller {
    pub(crate) fn new(out: File, trace: bool) -> Self {
        Self {
            out,
            waiting: Vec::new(),
            trace,
        }
    }

    /// Something was found.
    pub(crate) fn report(&mut self, mut report: Report) {
        if self.trace {
            report.trace.push(Traced {
                site: report.finding.site,
                text: "^ here it was found".to_owned(),
            });
            self.waiting.push((report, AFTER));
        } else {
            self.write(&Line::Finding(report));
        }
    }

    /// Something happens after what was found before.
    pub(crate) fn after(&mut self, at: Site, event: &Event) {
        for (report, missing) in &mut self.waiting {
            if let Some(text) = event.about(at, &report.finding) {
                report.trace.push(text);
                *missing -= 1;
            }
        }
        let done = self.waiting.extract_if(.., |(_, missing)| *missing == 0);
        for (report, _) in done.collect::<Vec<_>>() {
            self.write(&Line::Finding(report));
        }
    }

    /// The last line, and what waits for events that will not come.
    pub(crate) fn end(&mut self, summary: &Line) {
        for (report, _) in std::mem::take(&mut self.waiting) {
            self.write(&Line::Finding(report));
        }
        self.write(summary);
    }

    /// Whoever reads the file misses the summary if it could not be written.
    fn write(&mut self, line: &Line) {
        let _ = writeln!(self.out, "{}", line.write());
    }
}
