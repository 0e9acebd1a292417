//! What happened around a finding.

use super::Event;
use super::transfer::Range;
use crate::finding::{Finding, Site};
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

    /// Those about the finding's memory, and all that are about no memory, oldest first.
    pub(super) fn around(&self, finding: &Finding) -> Vec<String> {
        let range = Range::new(finding.line, finding.lines * crate::LINE);
        let about = |(_, event): &&(Site, Event)| match event {
            Event::Load { phys, len, .. } | Event::Store { phys, len, .. } => {
                range.lines_meet(Range::new(*phys, *len))
            }
            Event::Line { phys, .. } => range.lines_meet(Range::new(*phys, 1)),
            _ => true,
        };
        let mut told: Vec<String> = (self.0.iter().rev().filter(about).take(TOLD))
            .map(|(at, event)| format!("core {} {:#x} {event:x?}", at.core, at.pc))
            .collect();
        told.reverse();
        told
    }
}
