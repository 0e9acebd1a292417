//! Stale lines that the CPU stores to. One that it fills from end to end is its own again, for nothing
//! is left of what the caches held: so a bounce buffer is scrubbed that was given back with lines that
//! nobody had a use for. One that it fills in part mixes old bytes with new ones, and is told when
//! somebody loads or cleans the mixture.

use super::Model;
use super::cpu::Access;
use super::lines::STALE;
use crate::LINE;
use crate::finding::Kind;

/// What of a stale line was stored to since, and by whom first.
pub(super) struct Renewal {
    /// A bit for each byte.
    stored: u64,
    first: Access,
}

impl Model {
    /// A store to a stale line.
    pub(super) fn renew(&mut self, access: Access, line: u64) {
        let renewal = self.renewed.entry(line).or_insert(Renewal {
            stored: 0,
            first: access,
        });
        renewal.stored |= bytes_in(access, line);
        if renewal.stored == u64::MAX {
            self.renewed.remove(&line);
            self.lines.change(line, STALE, 0);
        }
    }

    /// Whether a load from a stale line finds nothing but what was stored since.
    pub(super) fn finds_renewed(&self, access: Access, line: u64) -> bool {
        let renewal = self.renewed.get(&line);
        renewal.is_some_and(|renewal| bytes_in(access, line) & !renewal.stored == 0)
    }

    /// The line is to be written back: whatever is in it now is for good.
    pub(super) fn written_back(&mut self, line: u64) {
        if let Some(Renewal { first, .. }) = self.renewed.remove(&line) {
            self.cpu_finding(Kind::StaleLoad, first, line);
            self.forget_in_transfer(line, STALE);
        }
    }
}

/// The bytes of `line` that are accessed, as bits.
fn bytes_in(access: Access, line: u64) -> u64 {
    let start = line * LINE;
    let end = access.bytes.start.saturating_add(access.bytes.len);
    let from = access.bytes.start.clamp(start, start + LINE) - start;
    let to = end.clamp(start, start + LINE) - start;
    let below = |byte: u64| {
        if byte == LINE {
            u64::MAX
        } else {
            (1 << byte) - 1
        }
    };
    below(to) & !below(from)
}
