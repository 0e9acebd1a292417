//! What happened around a finding.

use super::Event;
use super::transfer::Range;
use crate::LINE;
use crate::finding::{Finding, Site};
use crate::wire::Traced;
use std::collections::VecDeque;

/// Events that are kept.
const KEPT: usize = 1 << 16;
/// Events that are told.
const TOLD: usize = 48;

/// The last events, oldest first.
#[derive(Default)]
pub(super) struct Trace(VecDeque<(Site, Event)>);

impl Trace {
    pub(super) fn note(&mut self, at: Site, event: &Event) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back((at, event.clone()));
    }

    /// The last of those that concern a finding, oldest first.
    pub(super) fn before(&self, finding: &Finding) -> Vec<Traced> {
        let events = self.0.iter().rev();
        let told = events.filter_map(|(at, event)| event.about(*at, finding));
        let mut told: Vec<Traced> = told.take(TOLD).collect();
        told.reverse();
        told
    }
}

impl Event {
    /// The event as a line of a trace, if it concerns the memory of a finding, or no memory at all.
    pub fn about(&self, site: Site, finding: &Finding) -> Option<Traced> {
        let range = Range::new(finding.line, finding.lines * LINE);
        let meets = |start, len| range.lines_meet(Range::new(start, len));
        let concerns = match self {
            Self::Load { phys, len, .. } | Self::Store { phys, len, .. } => meets(*phys, *len),
            Self::Line { phys, .. } => meets(*phys, 1),
            _ => true,
        };
        let text = format!("{self:x?}");
        concerns.then_some(Traced { site, text })
    }
}
