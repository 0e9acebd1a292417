//! The device's side of a list: pieces joined and cut to the device's liking. Pure.

use super::piece::Piece;
use crate::limits::Limits;
use core::slice;
use hal::DmaAddr;

/// What a device is given: so many bytes in a row, from one address on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where the device finds them.
    pub bus: DmaAddr,
    /// Bytes.
    pub len: u64,
}

/// A run of bus addresses, before it is cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) bus: DmaAddr,
    pub(super) len: u64,
    /// May it be joined with its neighbour? Bounced pieces stay apart: what was adjacent in memory is
    /// not on the bus, and what is on the bus is so by chance (SG-7).
    pub(super) joins: bool,
}

impl Run {
    fn of(piece: &Piece) -> Self {
        Self {
            bus: piece.bus,
            len: piece.device_side().len(),
            joins: piece.is_direct(),
        }
    }

    /// Does `next` go on where this ends?
    fn goes_on_with(&self, next: &Self) -> bool {
        self.joins && next.joins && self.bus.checked_add(self.len) == Some(next.bus)
    }
}

/// The segments of runs: neighbours joined (SG-8), and cut where the device's longest segment or its
/// boundary demands it.
#[derive(Clone, Debug)]
pub(super) struct Cut<I> {
    runs: I,
    /// Taken from `runs`, not yet given out.
    rest: Option<Run>,
    /// The one behind `rest`, which it does not go on with.
    next: Option<Run>,
    boundary: u64,
    longest: u64,
    granule: u64,
}

impl<I: Iterator<Item = Run>> Cut<I> {
    pub(super) fn new(runs: I, limits: &Limits) -> Self {
        Self {
            runs,
            rest: None,
            next: None,
            boundary: limits.seg_boundary_mask,
            longest: limits.max_seg_size,
            granule: limits.seg_granule.max(limits.granule),
        }
    }

    /// The next run, with all that it goes on with.
    fn joined(&mut self) -> Option<Run> {
        let mut run = self.next.take().or_else(|| self.runs.next())?;
        for next in self.runs.by_ref() {
            if !run.goes_on_with(&next) {
                self.next = Some(next);
                break;
            }
            run.len += next.len;
        }
        Some(run)
    }

    /// Bytes that a segment at `bus` may have.
    fn room(&self, bus: DmaAddr) -> u64 {
        let to_boundary = (self.boundary - (bus.get() & self.boundary)).saturating_add(1);
        let room = to_boundary.min(self.longest);
        match room & !(self.granule - 1) {
            // Never on the granule: `plan` refuses the list, and the walk has to end.
            0 => room.max(1),
            whole => whole,
        }
    }
}

impl<I: Iterator<Item = Run>> Iterator for Cut<I> {
    type Item = Segment;

    fn next(&mut self) -> Option<Segment> {
        let run = match self.rest.take() {
            Some(rest) => rest,
            None => self.joined()?,
        };
        let Run { bus, len, joins } = run;
        let room = self.room(bus);
        if len <= room {
            return Some(Segment { bus, len });
        }
        // Inside the mapped bytes, so there is such an address.
        let bus_behind = bus.checked_add(room)?;
        self.rest = Some(Run {
            bus: bus_behind,
            len: len - room,
            joins,
        });
        Some(Segment { bus, len: room })
    }
}

/// The segments of a list in flight, in the order of its bytes. To be copied, counted, and read as
/// often as need be.
#[derive(Clone, Debug)]
pub struct Segments<'a>(Cut<Runs<'a>>);

#[derive(Clone, Debug)]
struct Runs<'a>(slice::Iter<'a, Piece>);

impl Iterator for Runs<'_> {
    type Item = Run;
    fn next(&mut self) -> Option<Run> {
        self.0.next().map(Run::of)
    }
}

impl<'a> Segments<'a> {
    pub(crate) fn of(pieces: &'a [Piece], limits: &Limits) -> Self {
        Self(Cut::new(Runs(pieces.iter()), limits))
    }
}

impl Iterator for Segments<'_> {
    type Item = Segment;
    fn next(&mut self) -> Option<Segment> {
        self.0.next()
    }
}
