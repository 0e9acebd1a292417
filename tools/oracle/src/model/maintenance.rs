//! Cache operations. Each only begins: it is complete when its core has waited (CM-7).

use super::cpu::Access;
use super::lines::{CLEANING, DIRTY, DROPPING, STALE, UNACQUIRED, WRITTEN, with_maintainer};
use super::transfer::Range;
use super::{Model, Through};
use crate::LINE;
use crate::a64::LineOp;
use crate::finding::{Kind, Site};

impl Model {
    /// A cache operation on the line of `phys`.
    pub(super) fn maintain(&mut self, at: Site, op: LineOp, phys: u64) {
        let line = phys / LINE;
        match op {
            LineOp::Clean => {
                self.stats.cleans += 1;
                self.written_back(line);
                self.begin_clean(at.core, line);
            }
            LineOp::CleanInvalidate => {
                self.stats.clean_invalidates += 1;
                self.written_back(line);
                self.ordered(at, line);
                self.begin_clean(at.core, line);
                self.begin_drop(at.core, line);
            }
            LineOp::Invalidate => {
                self.stats.invalidates += 1;
                self.renewed.remove(&line);
                self.ordered(at, line);
                self.lose(at, line);
                self.begin_drop(at.core, line);
            }
            LineOp::Zero => {
                self.stats.zeroes += 1;
                self.store(at, line * LINE, LINE, Through::Cache);
            }
        }
    }

    /// A line that is being cleaned on behalf of another core is this core's to wait for as well.
    fn begin_clean(&mut self, core: u8, line: u64) {
        let state = self.lines.get(line);
        if state & (DIRTY | CLEANING) != 0 {
            self.lines
                .set(line, with_maintainer(state & !DIRTY | CLEANING, core));
            self.cores[usize::from(core)].begun.push(line);
        }
    }

    fn begin_drop(&mut self, core: u8, line: u64) {
        let state = self.lines.get(line);
        if state & STALE != 0 {
            self.lines
                .set(line, with_maintainer(state | DROPPING, core));
            self.cores[usize::from(core)].begun.push(line);
        }
    }

    /// An invalidation before the load barrier may come before the status was loaded.
    fn ordered(&mut self, at: Site, line: u64) {
        if self.lines.get(line) & (UNACQUIRED | WRITTEN) == UNACQUIRED {
            self.acquired(at, line);
        }
    }

    fn lose(&mut self, at: Site, line: u64) {
        if self.lines.get(line) & DIRTY != 0 {
            let access = Access {
                at,
                bytes: Range::new(line * LINE, LINE),
                store: false,
            };
            let finding = self.line_finding(Kind::DroppedDirty, access, line);
            self.report(finding);
            self.lines.change(line, DIRTY, 0);
        }
    }

    /// By set and way nothing can be counted on while other cores run, so a clean does not count.
    /// A drop of what somebody stored does.
    pub(super) fn set_way(&mut self, at: Site, drops: bool) {
        self.stats.set_ways += 1;
        if !drops {
            return;
        }
        let begun = self.cores.iter().flat_map(|core| &core.stored);
        let lost = begun
            .copied()
            .find(|line| self.lines.get(*line) & DIRTY != 0);
        if let Some(line) = lost {
            self.lose(at, line);
        }
    }
}
