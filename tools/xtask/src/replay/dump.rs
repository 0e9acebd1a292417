//! The traces in a text, taken apart.

use super::Wrong;
use dma::trace::{Event, Line, Order};
use hal::{DmaWindow, MAX_CPUS};

/// One trace.
#[derive(Debug, Default)]
pub(super) struct Dump {
    /// Where it starts, counted from 1.
    pub(super) line: usize,
    pub(super) cores: [Core; MAX_CPUS],
    windows: Vec<(u16, DmaWindow)>,
    snooping: Vec<u16>,
    /// All maintenance is in it.
    maintenance: bool,
    /// The last line that was read, and how many events it says there are, if it is the end.
    end: (usize, Option<u64>),
}

/// What a trace tells of a core.
#[derive(Debug, Default)]
pub(super) struct Core {
    lost: u64,
    /// Each with its line.
    pub(super) events: Vec<(usize, Event)>,
}

/// All traces, or why one cannot be read: then there is no more of it.
pub(super) fn dumps(text: &str) -> Vec<Result<Dump, Wrong>> {
    let mut all: Vec<Result<Dump, Wrong>> = Vec::new();
    let lines = text.lines().enumerate();
    let lines = lines.filter_map(|(at, text)| Some((at + 1, Line::parse(text)?)));
    for (line, read) in lines {
        if let Ok(Line::Begin { maintenance }) = read {
            all.push(Ok(Dump {
                line,
                maintenance,
                ..Dump::default()
            }));
            continue;
        }
        let wrong = |why: String| Wrong { line, why };
        match all.last_mut() {
            None => all.push(Err(wrong("a trace without a beginning".to_owned()))),
            Some(Err(_)) => {}
            Some(Ok(dump)) => {
                let read = read.map_err(|bad| bad.to_string());
                let taken = read.and_then(|read| dump.take(line, read));
                if let Err(why) = taken {
                    *all.last_mut().expect("it is there") = Err(wrong(why));
                }
            }
        }
    }
    all
}

impl Dump {
    fn take(&mut self, line: usize, read: Line<'_>) -> Result<(), String> {
        if self.end.1.is_some() {
            return Err("the trace has ended already".to_owned());
        }
        self.end.0 = line;
        match read {
            Line::Begin { .. } => {}
            Line::Device { device, snoops, .. } => self.snooping.extend(snoops.then_some(device)),
            Line::Window { device, window } => self.windows.push((device, window)),
            Line::Core { core, lost } => self.core(core)?.lost = lost,
            Line::Event { core, event } => self.core(core)?.add(line, event)?,
            Line::End { events } => self.end.1 = Some(events),
        }
        Ok(())
    }

    fn core(&mut self, core: usize) -> Result<&mut Core, String> {
        let found = self.cores.get_mut(core);
        found.ok_or_else(|| format!("there is no core {core}"))
    }

    /// Are all events here that the kernel told?
    pub(super) fn is_whole(&self) -> Result<(), Wrong> {
        let (line, told) = self.end;
        let found: usize = self.cores.iter().map(|core| core.events.len()).sum();
        let why = match told {
            Some(told) if told == found as u64 => return Ok(()),
            Some(told) => format!("{told} events were told, {found} are here"),
            None => "the trace has no end".to_owned(),
        };
        Err(Wrong { line, why })
    }

    /// The stamp from which on nothing is missing, of any core; 0 if nothing is at all.
    pub(super) fn known_from(&self) -> u64 {
        self.cores.iter().map(Core::known_from).max().unwrap_or(0)
    }

    /// The rules before the first event.
    pub(super) fn order(&self, incomplete: bool) -> Order {
        let mut order = Order::new(incomplete);
        let windows = self.windows.iter();
        windows.for_each(|(device, window)| order.window(*device, *window));
        self.snooping
            .iter()
            .for_each(|device| order.snoops(*device));
        if self.maintenance {
            order.follow_maintenance();
        }
        order
    }
}

impl Core {
    fn add(&mut self, line: usize, event: Event) -> Result<(), String> {
        if let Some((_, last)) = self.events.last()
            // They may pass 2^32.
            && event.number.wrapping_sub(last.number).wrapping_sub(1) > u32::MAX / 2
        {
            let (number, last) = (event.number, last.number);
            return Err(format!("event {number} behind {last} of the same core"));
        }
        self.events.push((line, event));
        Ok(())
    }

    /// Behind the first event after what is missing, since that may depend on it.
    fn known_from(&self) -> u64 {
        let mut wanted = self.lost as u32;
        let mut from = 0;
        for (at, (_, event)) in self.events.iter().enumerate() {
            if event.number != wanted || (at == 0 && self.lost > 0) {
                from = event.stamp + 1;
            }
            wanted = event.number.wrapping_add(1);
        }
        from
    }
}
