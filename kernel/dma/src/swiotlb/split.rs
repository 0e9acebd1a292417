//! How the region of a restricted pool is split (RP-6). Pure.
//!
//! Memory that no cache holds must have no cacheable address (CO-5), and the page tables show 2 MiB at a
//! time: so one whole block of the region becomes uncached, for cells and for memory that devices share
//! with the CPU, and what is around it becomes slots. A region that would be left with fewer slots than
//! the block has room for is not split, and serves streaming mappings alone.

use super::{CHUNK, CHUNKS, SLOT};
use arrayvec::ArrayVec;
use core::fmt;
use hal::{GIB, KIB, PAGE, PhysAddr, PhysRange};

/// The parts of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// What becomes slots: before and behind the block, in whole pages.
    pub slots: ArrayVec<PhysRange, 2>,
    /// The block that no cache is to hold, if the region is large enough.
    pub uncached: Option<PhysRange>,
    region: PhysRange,
}

/// No pool can be made of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Some of it lies from 1 GiB on: where a slot lies is looked up in a table of the first GiB.
    Beyond {
        /// The region.
        region: PhysRange,
    },
    /// It has no whole page.
    NoPage {
        /// The region.
        region: PhysRange,
    },
}

/// What a user may not have expected of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Too small to be split.
    Whole {
        /// Its bytes.
        bytes: u64,
    },
    /// The ends are not on pages.
    Ends {
        /// Bytes there, which are not used.
        bytes: u64,
    },
    /// More than a pool can have.
    Rest {
        /// Bytes that are not used.
        bytes: u64,
    },
}

impl Split {
    /// Splits `region`.
    pub fn of(region: PhysRange) -> Result<Self, Unusable> {
        if region.end().get() > GIB {
            return Err(Unusable::Beyond { region });
        }
        let none = Unusable::NoPage { region };
        let pages = region.round_in(PAGE).ok_or(none)?;
        let uncached = block_of(pages);
        let parts = match uncached {
            None => [Some(pages), None],
            Some(block) => [
                PhysRange::between(pages.start(), block.start()).ok(),
                PhysRange::between(block.end(), pages.end()).ok(),
            ],
        };
        let mut room = CHUNKS as u64;
        let slots = parts.into_iter().flatten();
        let slots = slots.filter_map(|part| clipped(part, &mut room)).collect();
        Ok(Self {
            slots,
            uncached,
            region,
        })
    }

    /// What deserves a line.
    pub fn remarks(&self) -> impl Iterator<Item = Remark> + use<> {
        let bytes = self.region.len();
        let pages = self.region.round_in(PAGE).map_or(0, PhysRange::len);
        let parts = self.slots.iter().chain(&self.uncached);
        let used: u64 = parts.map(|part| part.len()).sum();
        let (ends, rest) = (bytes - pages, pages - used);
        let whole = self.uncached.is_none().then_some(Remark::Whole { bytes });
        let ends = (ends > 0).then_some(Remark::Ends { bytes: ends });
        let rest = (rest > 0).then_some(Remark::Rest { bytes: rest });
        [whole, ends, rest].into_iter().flatten()
    }
}

/// The block that becomes uncached: at an end of the region where one is whole there, so that the slots
/// stay in one piece.
fn block_of(pages: PhysRange) -> Option<PhysRange> {
    if pages.len() < 2 * CHUNK {
        return None;
    }
    let whole = pages.round_in(CHUNK)?;
    let at_end = whole.end() == pages.end() && whole.start() != pages.start();
    let start = if at_end {
        whole.end().get() - CHUNK
    } else {
        whole.start().get()
    };
    PhysRange::new(PhysAddr::new(start), CHUNK).ok()
}

/// As much of `part` as there is room for, in blocks.
fn clipped(part: PhysRange, room: &mut u64) -> Option<PhysRange> {
    let first = part.start().align_down(CHUNK);
    let blocks = part.end().offset_from(first)?.div_ceil(CHUNK);
    let taken = blocks.min(*room);
    *room -= taken;
    let end = first.checked_add(taken * CHUNK)?.min(part.end());
    PhysRange::between(part.start(), end).ok()
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beyond { region } => {
                write!(f, "{region} does not end below 1 GiB: move it there")
            }
            Self::NoPage { region } => write!(f, "{region} has no whole page: make it larger"),
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole { bytes } => write!(
                f,
                "{} KiB are too few to split (from {} KiB on, around a whole block of {}): slots alone, \
                 no cells",
                bytes / KIB,
                2 * CHUNK / KIB,
                CHUNK / KIB
            ),
            Self::Ends { bytes } => {
                write!(f, "{bytes} bytes at its ends are no whole pages: not used")
            }
            Self::Rest { bytes } => write!(
                f,
                "{} KiB are more than a pool can have ({} KiB of slots): not used",
                bytes / KIB,
                CHUNKS as u64 * CHUNK / KIB
            ),
        }
    }
}

const _: () = assert!(PAGE.is_multiple_of(SLOT));

#[cfg(test)]
mod tests;
