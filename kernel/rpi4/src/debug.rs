//! `dma_debug=`: the checker of the mapping layer, as the command line wants it.
//!
//! Off unless asked for: it takes a lock and a search for each call, and 10 MiB for its list. What it
//! finds is printed by the work queue, where nobody holds a lock.

use crate::console::say;
use crate::layer;
use crate::work::Work;
use arch::Board;
use boot::{CommandLine, Handoff, Rights};
use dma::checker::{Checker, Forbidden, Level, Nonsense, NotForDevices, Options};
use hal::{Defer, Job, PhysRange};
use log::{info, warn};

/// The checker, if there is to be one.
///
/// Context: thread; allocates.
pub(crate) fn checker(handoff: &Handoff, line: CommandLine<'_>) -> Option<Checker<Board>> {
    let options = options(line);
    let made = Checker::new(&options, forbidden(handoff), tell_soon);
    let checker = made.unwrap_or_else(|error| {
        warn!("{error}");
        None
    });
    if checker.is_some() {
        let entries = options.entries;
        info!("dma_debug: every mapping is checked, {entries} can be live");
        if options.level == Level::Trace {
            info!("dma_debug: copies, maintenance and barriers are in the trace");
        }
    }
    checker
}

fn options(line: CommandLine<'_>) -> Options {
    type Take = for<'a> fn(&mut Options, &'a str) -> Result<(), Nonsense<'a>>;
    let takes: [(&str, Take); 3] = [
        ("dma_debug", Options::level),
        ("dma_debug_entries", Options::entries),
        ("dma_debug_driver", Options::driver),
    ];
    let mut options = Options::default();
    for (name, take) in takes {
        let value = line.value(name);
        if let Some(Err(nonsense)) = value.map(|value| take(&mut options, value)) {
            warn!("{nonsense}");
        }
    }
    if options.level == Level::Off && line.value("dma_debug_driver").is_some() {
        info!("dma_debug_driver= does nothing without dma_debug=on");
    }
    options
}

/// The image's text, read-only data and stacks, where they are in RAM.
fn forbidden(handoff: &Handoff) -> Forbidden {
    let image = boot::image(handoff);
    let parts = image.parts().filter_map(|part| {
        let is = match part.rights {
            Rights::Text => NotForDevices::Text,
            Rights::ReadOnly => NotForDevices::ReadOnly,
            Rights::ReadWrite => return None,
        };
        Some((part.phys, is))
    });
    let stacks = image.stacks().filter_map(|stack| {
        let len = stack.range.end - stack.range.start;
        let start = image.to_phys(stack.range.start)?;
        Some((PhysRange::new(start, len).ok()?, NotForDevices::Stack))
    });
    parts.chain(stacks).collect()
}

/// Has what was found printed soon. Where the queue is full, `dma debug` prints it.
pub(crate) fn tell_soon() {
    let run = |_| tell();
    let _ = Work.defer(Job { run, arg: 0 });
}

/// Prints what was found, and which devices wrote where they should not.
pub(crate) fn tell() {
    layer::tell_alarms(|alarm| say!("dma-alarm: {alarm}"));
    let Some(checker) = layer::checker() else {
        return;
    };
    while let Some(finding) = checker.finding() {
        say!("{finding}");
    }
    if checker.overflow() {
        let entries = checker.status().entries;
        say!(
            "dma-debug: {entries} live mappings and no room for more: off from here on; \
              boot with a larger dma_debug_entries=, or look for what is never unmapped in `dma maps`"
        );
    }
}
