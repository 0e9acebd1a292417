//! What a device does: everything it reads and writes when its doorbell rings, and again, for the
//! worst, at the last moment before the CPU knows that it is over.

use super::Model;
use super::lines::{
    CLEANING, DIRTY, DROPPING, READ, STALE, UNACQUIRED, UNPUBLISHED, WRITTEN, storer,
};
use super::transfer::{Piece, Range, Transfer};
use crate::LINE;
use crate::finding::{Finding, Kind, Master, Part, Site};

impl Model {
    /// The doorbell of a master rings.
    pub(super) fn start(&mut self, at: Site, transfer: Transfer) {
        self.stats.transfers += 1;
        self.end(transfer.master);
        for piece in &transfer.pieces {
            self.stats.lines += piece.range.lines().count() as u64;
            self.check_piece(at, transfer.master, *piece);
        }
        self.check_published(at, &transfer);
        let pieces = transfer.pieces.clone();
        self.transfers.push(transfer);
        for piece in pieces {
            self.take_over(piece);
        }
    }

    fn check_piece(&mut self, at: Site, master: Master, piece: Piece) {
        let dirty = match piece.part {
            Part::ControlBlock => Kind::ControlBlock,
            Part::Source | Part::Message => Kind::DirtyRead,
            Part::Destination => Kind::DirtyWrite,
        };
        let unfinished = match piece.part {
            Part::ControlBlock => Kind::ControlBlock,
            _ => Kind::Incomplete,
        };
        let found = self.piece_finding(at, master, piece, dirty, |state| state & DIRTY != 0);
        let found = found.or_else(|| {
            self.piece_finding(at, master, piece, unfinished, |state| state & CLEANING != 0)
        });
        if let Some(finding) = found {
            self.report(finding);
        }
    }

    /// A finding about those lines of a piece that are `wrong`, if there are any.
    fn piece_finding(
        &self,
        at: Site,
        master: Master,
        piece: Piece,
        kind: Kind,
        wrong: impl Fn(u16) -> bool,
    ) -> Option<Finding> {
        let lines = piece.range.lines();
        let mut wrong = lines.filter(|line| wrong(self.lines.get(*line)));
        let line = wrong.next()?;
        Some(Finding {
            kind,
            master: Some(master),
            part: Some(piece.part),
            address: piece.range.start,
            length: piece.range.len,
            line: line * LINE,
            lines: 1 + wrong.count() as u64,
            site: at,
        })
    }

    /// What this core stored and the device reads must be published. What another core stored came
    /// here by some lock, and this core's barrier covers it.
    fn check_published(&mut self, at: Site, transfer: &Transfer) {
        let mine = |state| state & UNPUBLISHED != 0 && storer(state) == at.core;
        let read = transfer.pieces.iter().filter(|piece| piece.is_read());
        let found: Vec<_> = read
            .filter_map(|piece| {
                self.piece_finding(at, transfer.master, *piece, Kind::NoPublish, mine)
            })
            .collect();
        // One barrier is missing, however many parts it would have covered.
        if let Some(finding) = found.into_iter().next() {
            self.report(Finding {
                part: None,
                ..finding
            });
        }
    }

    fn take_over(&mut self, piece: Piece) {
        for line in piece.range.lines() {
            if piece.is_read() {
                self.lines.change(line, 0, READ);
            }
            if piece.is_written() {
                self.renewed.remove(&line);
                self.lines.change(line, DIRTY | DROPPING, STALE | WRITTEN);
            }
        }
    }

    /// The CPU knows that `master` is done.
    pub(super) fn end(&mut self, master: Master) {
        let Some(started) = self.transfers.running(master) else {
            return;
        };
        started.runs = false;
        let pieces = started.transfer.pieces.clone();
        for piece in &pieces {
            for line in piece.range.lines() {
                if piece.is_written() {
                    self.lines.change(line, DROPPING, STALE | UNACQUIRED);
                }
                self.lines.change(line, READ | WRITTEN, 0);
            }
        }
        self.own_again(&pieces);
    }

    /// Others may have a part of the same lines.
    fn own_again(&mut self, released: &[Piece]) {
        let theirs = self.transfers.all().filter(|started| started.runs);
        for piece in theirs.flat_map(|started| &started.transfer.pieces) {
            let meets = |other: &Piece| piece.range.lines_meet(other.range);
            if released.iter().any(meets) {
                for line in piece.range.lines() {
                    let read = if piece.is_read() { READ } else { 0 };
                    let written = if piece.is_written() { WRITTEN } else { 0 };
                    self.lines.change(line, 0, read | written);
                }
            }
        }
    }

    /// A finding about a transfer that runs, once for each kind.
    pub(super) fn report_once(&mut self, master: Master, finding: Finding) {
        if self.transfers.is_news(master, finding.kind) {
            self.report(finding);
        }
    }

    /// A master was given a wrong address. What it does there is anybody's guess.
    pub(super) fn outside(&mut self, at: Site, master: Master, part: Part, bus: u64, len: u64) {
        self.report(Finding {
            kind: Kind::OutsideWindow,
            master: Some(master),
            part: Some(part),
            address: bus,
            length: len,
            line: bus & !(LINE - 1),
            lines: Range::new(bus, len).lines().count() as u64,
            site: at,
        });
    }

    /// Clears bits of `line`, and of all lines that the same transfer wrote.
    pub(super) fn forget_in_transfer(&mut self, line: u64, bits: u16) {
        self.lines.change(line, bits, 0);
        let Some(started) = self.transfers.wrote(line) else {
            return;
        };
        let written = started
            .transfer
            .pieces
            .iter()
            .filter(|piece| piece.is_written());
        for line in written.flat_map(|piece| piece.range.lines()) {
            self.lines.change(line, bits, 0);
        }
    }
}
