//! One row of the table, in the columns of `tools/bench/linux-baseline.csv`.

use super::meter::Series;
use crate::console::{print, say};
use crate::layer::inspector;
use core::fmt;
use dma::{Dir, DmaDevice};
use hal::{PhysAddr, PhysRange};

/// The columns.
pub(super) const HEADER: &str = "config,section,case,op,dir,size,live,iters,mean,best,min,max,note";

/// Which set-up of the kernel was counted.
#[derive(Clone, Copy)]
pub(super) enum Config {
    /// What must bounce does.
    Usual,
    /// `swiotlb=force`.
    Forced,
    /// A pool of the benchmark's own that grows.
    Growing,
    /// Several cores at once.
    Cores,
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Usual => "carom",
            Self::Forced => "carom-force",
            Self::Growing => "carom-dyn",
            Self::Cores => "carom-smp",
        })
    }
}

/// A direction in the table's words.
struct Way(Option<Dir>);

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Some(Dir::ToDevice) => "TO_DEVICE",
            Some(Dir::FromDevice) => "FROM_DEVICE",
            Some(Dir::Bidirectional) => "BIDIRECTIONAL",
            None => "-",
        })
    }
}

/// What was counted.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) config: Config,
    pub(super) section: &'static str,
    pub(super) case: &'static str,
    pub(super) dir: Option<Dir>,
    /// Bytes of the buffer.
    pub(super) size: u64,
    /// Mappings, or slots, in use meanwhile.
    pub(super) live: u64,
    /// What became of the buffer, for the note.
    pub(super) place: Option<Place>,
}

/// Where a mapped buffer lies, and whether the device got a copy.
#[derive(Clone, Copy)]
pub(super) struct Place {
    bounced: bool,
    by_cell: bool,
    phys: PhysAddr,
}

impl Place {
    /// The place of `buffer`, mapped for `device`, which had bounced `before` times until then.
    pub(super) fn of(device: &DmaDevice, before: Bounced, buffer: PhysRange) -> Self {
        let now = bounced(device);
        Self {
            bounced: now.all > before.all,
            by_cell: now.by_cell > before.by_cell,
            phys: buffer.start(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self {
            Self { by_cell: true, .. } => "bounced by cell",
            Self { bounced: true, .. } => "bounced",
            _ => "direct",
        };
        write!(f, "{how} phys={:x}", self.phys.get())
    }
}

/// How often mappings for `device` bounced so far.
pub(super) fn bounced(device: &DmaDevice) -> Bounced {
    let totals = inspector().totals(device);
    Bounced {
        all: totals.bounced_all(),
        by_cell: totals.by_cell,
    }
}

/// How often mappings bounced.
#[derive(Clone, Copy)]
pub(super) struct Bounced {
    all: u64,
    /// Of these, by uncached cells.
    by_cell: u64,
}

impl Row {
    /// Prints the row of `op`.
    pub(super) fn print(&self, op: &str, series: &Series) {
        let head = Head(self, op);
        let (mean, best) = (Hundredths(series.mean()), Hundredths(series.best()));
        let (iters, min, max) = (series.iters(), series.min, series.max);
        print(format_args!("{head},{iters},{mean},{best},{min},{max},"));
        match &self.place {
            Some(place) => say!("{place}"),
            None => say!(""),
        }
    }
}

impl Row {
    /// Prints a row that has one number for `times` calls.
    pub(super) fn print_value(&self, op: &str, times: u64, value: u64) {
        let head = Head(self, op);
        say!("{head},{times},{value}.00,{value}.00,{value},{value},");
    }
}

/// What a row of `.1` is about.
struct Head<'r>(&'r Row, &'r str);

impl fmt::Display for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row {
            config,
            section,
            case,
            dir,
            size,
            live,
            place: _,
        } = self.0;
        let (op, way) = (self.1, Way(*dir));
        write!(f, "{config},{section},{case},{op},{way},{size},{live}")
    }
}

struct Hundredths(u64);

impl fmt::Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}
