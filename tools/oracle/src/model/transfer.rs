//! What a device has: the stretches of memory of one transfer, from the doorbell that starts it
//! until the CPU knows that it is over.

use super::cpu::Access;
use super::lines::lines_of;
use crate::LINE;
use crate::finding::{Kind, Master, Part};
use std::collections::{HashSet, VecDeque};

/// Transfers that are over and remembered: who wrote a line may be asked long after.
const REMEMBERED: usize = 64;

/// A stretch of physical memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// First byte.
    pub start: u64,
    /// Bytes.
    pub len: u64,
}

impl Range {
    /// `len` bytes from `start`.
    pub const fn new(start: u64, len: u64) -> Self {
        Self { start, len }
    }

    const fn overlaps(self, other: Self) -> bool {
        self.start < other.start.saturating_add(other.len)
            && other.start < self.start.saturating_add(self.len)
    }

    const fn has_line(self, line: u64) -> bool {
        self.overlaps(Self::new(line * LINE, LINE))
    }

    /// Whether the two have a line in common.
    pub(super) fn lines_meet(self, other: Self) -> bool {
        let (mine, theirs) = (self.lines(), other.lines());
        mine.start() <= theirs.end() && theirs.start() <= mine.end()
    }

    pub(super) fn lines(self) -> std::ops::RangeInclusive<u64> {
        lines_of(self.start, self.len)
    }
}

/// A stretch of memory, and what the device does with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is for.
    pub part: Part,
    /// Where it is.
    pub range: Range,
}

impl Piece {
    pub(super) const fn is_read(self) -> bool {
        !matches!(self.part, Part::Destination)
    }

    pub(super) const fn is_written(self) -> bool {
        matches!(self.part, Part::Destination | Part::Message)
    }
}

/// One transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Who.
    pub master: Master,
    /// What it reads and writes.
    pub pieces: Vec<Piece>,
}

/// A transfer that was started.
pub(super) struct Started {
    pub(super) transfer: Transfer,
    /// The CPU does not know yet that it is over.
    pub(super) runs: bool,
    /// The cores that have ordered their loads behind the status, as bits.
    pub(super) acquired: u8,
    /// What was told about it.
    told: HashSet<Kind>,
}

impl Started {
    pub(super) fn writes(&self, line: u64) -> Option<Part> {
        let mut pieces = self.transfer.pieces.iter();
        let piece = pieces.find(|piece| piece.is_written() && piece.range.has_line(line));
        piece.map(|piece| piece.part)
    }

    fn touched(&self, access: Access, line: u64) -> Option<(Kind, Part)> {
        let here = |piece: &&Piece| piece.range.has_line(line);
        let mut shared = None;
        for piece in self.transfer.pieces.iter().filter(here) {
            if access.bytes.overlaps(piece.range) && (access.store || piece.is_written()) {
                return Some((Kind::Touched, piece.part));
            }
            if piece.is_written() {
                shared = Some((Kind::SharedLine, piece.part));
            }
        }
        shared
    }
}

/// All that run, and the last that are over, oldest first.
#[derive(Default)]
pub(super) struct Transfers(VecDeque<Started>);

impl Transfers {
    pub(super) fn push(&mut self, transfer: Transfer) {
        let over = self.0.iter().filter(|started| !started.runs).count();
        if over >= REMEMBERED
            && let Some(oldest) = self.0.iter().position(|started| !started.runs)
        {
            self.0.remove(oldest);
        }
        self.0.push_back(Started {
            transfer,
            runs: true,
            acquired: 0,
            told: HashSet::new(),
        });
    }

    /// The transfer of `master` that runs.
    pub(super) fn running(&mut self, master: Master) -> Option<&mut Started> {
        let mut all = self.0.iter_mut();
        all.find(|started| started.runs && started.transfer.master == master)
    }

    /// The last transfer of `master`.
    pub(super) fn last(&mut self, master: Master) -> Option<&mut Started> {
        let mut all = self.0.iter_mut().rev();
        all.find(|started| started.transfer.master == master)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Started> {
        self.0.iter()
    }

    pub(super) fn over(&mut self) -> impl Iterator<Item = &mut Started> {
        self.0.iter_mut().filter(|started| !started.runs)
    }

    /// The latest transfer that is over and wrote to `line`.
    pub(super) fn wrote(&self, line: u64) -> Option<&Started> {
        let mut all = self.0.iter().rev();
        all.find(|started| !started.runs && started.writes(line).is_some())
    }

    /// Who wrote to `line` last, or does.
    pub(super) fn writer(&self, line: u64) -> Option<(Master, Part)> {
        let mut all = self.0.iter().rev();
        all.find_map(|started| Some((started.transfer.master, started.writes(line)?)))
    }

    /// Whose transfer an access disturbs, and how.
    pub(super) fn touched(&self, access: Access, line: u64) -> Option<(Kind, Master, Part)> {
        let mut running = self.0.iter().filter(|started| started.runs);
        running.find_map(|started| {
            let (kind, part) = started.touched(access, line)?;
            Some((kind, started.transfer.master, part))
        })
    }

    /// Whether `kind` is new for the transfer of `master` that runs.
    pub(super) fn is_news(&mut self, master: Master, kind: Kind) -> bool {
        let started = self.running(master);
        started.is_none_or(|started| started.told.insert(kind))
    }
}
