//! What each byte of RAM is for.
//!
//! Banks say what exists; claims say what is spoken for. Banks are rounded to whole pages inwards
//! and claims outwards, so that a page is free only if all of it is. Pure: owning the RAM that is
//! free is `ram`'s business.

use arrayvec::{ArrayString, ArrayVec};
use core::fmt;
use hal::{PAGE, PhysAddr, PhysRange};

const MAX_BANKS: usize = 8;
const MAX_NAMED: usize = 48;
const MAX_PIECES: usize = 64;

/// Name of a range in the boot report, cut off where it is longer.
pub type Name = ArrayString<32>;

/// How a claim treats its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimKind {
    /// Not for us, but harmless to have mapped. May overlap other claims.
    Reserved,
    /// Not for us, and not to be mapped at all.
    NoMap,
    /// Put there by the loader: image, initial RAM disk, device tree. Must not overlap its like.
    Loaded,
    /// Put there by the loader and mapped elsewhere: the image itself.
    Image,
    /// Set aside by [`MemoryMap::carve`].
    Carved,
}

/// RAM that is spoken for.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Who wants it.
    pub name: &'a str,
    /// The bytes, not necessarily whole pages, not necessarily in a bank.
    pub range: PhysRange,
    /// What that means.
    pub kind: ClaimKind,
}

/// A line of the boot report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Who has it.
    pub name: Name,
    /// What they have.
    pub range: PhysRange,
    /// Why.
    pub kind: ClaimKind,
}

/// Why there is no map, or no carve-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MapError {
    /// Two things that were both loaded share bytes: one has overwritten the other.
    Overlap {
        /// The earlier claim.
        first: Name,
        /// The later claim.
        second: Name,
        /// What they share.
        shared: PhysRange,
    },
    /// A claim's end cannot be rounded up to a page.
    Unroundable {
        /// The claim.
        range: PhysRange,
    },
    /// More of something than there is room for.
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        max: usize,
    },
    /// No free stretch of RAM for a carve-out.
    NoRoom {
        /// Bytes asked for.
        wanted: u64,
        /// Their alignment.
        align: u64,
        /// They were to end at or below this.
        below: PhysAddr,
        /// Longest free stretch below that, in bytes.
        largest: u64,
    },
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlap {
                first,
                second,
                shared,
            } => {
                write!(f, "{first} and {second} were both loaded to {shared}")
            }
            Self::Unroundable { range } => write!(f, "claim {range} ends beyond the last page"),
            Self::TooMany { what, max } => write!(f, "memory map has more than {max} {what}"),
            Self::NoRoom {
                wanted,
                align,
                below,
                largest,
            } => write!(
                f,
                "no {wanted:#x} free bytes aligned to {align:#x} below {below} (longest: {largest:#x})"
            ),
        }
    }
}

type Pieces = ArrayVec<PhysRange, MAX_PIECES>;

/// RAM, what of it is spoken for, and what is free.
#[derive(Clone, Debug)]
pub struct MemoryMap {
    banks: ArrayVec<PhysRange, MAX_BANKS>,
    named: ArrayVec<Named, MAX_NAMED>,
    free: Pieces,
}

impl MemoryMap {
    /// The map of `banks` (ascending, disjoint) with `claims`.
    pub fn new<'a>(
        banks: &[PhysRange],
        claims: impl IntoIterator<Item = Claim<'a>>,
    ) -> Result<Self, MapError> {
        let mut map = Self {
            banks: ArrayVec::new(),
            named: ArrayVec::new(),
            free: Pieces::new(),
        };
        for bank in banks.iter().filter_map(|bank| bank.round_in(PAGE)) {
            push(&mut map.banks, bank, "banks")?;
            push(&mut map.free, bank, "pieces")?;
        }
        claims.into_iter().try_for_each(|claim| map.claim(claim))?;
        Ok(map)
    }

    fn claim(&mut self, claim: Claim<'_>) -> Result<(), MapError> {
        let Claim { range, kind, .. } = claim;
        let pages = range
            .round_out(PAGE)
            .ok_or(MapError::Unroundable { range })?;
        let name = shortened(claim.name);
        self.check_overlap(&Named { name, range, kind })?;
        self.free = without(&self.free, pages)?;
        push(&mut self.named, Named { name, range, kind }, "claims")
    }

    /// Things that were loaded must not share bytes (pages they may share).
    fn check_overlap(&self, claim: &Named) -> Result<(), MapError> {
        let loaded = |kind| matches!(kind, ClaimKind::Loaded | ClaimKind::Image);
        let rivals = self
            .named
            .iter()
            .filter(|n| loaded(n.kind) && loaded(claim.kind));
        for rival in rivals {
            if let Some(shared) = rival.range.intersection(claim.range) {
                let (first, second) = (rival.name, claim.name);
                return Err(MapError::Overlap {
                    first,
                    second,
                    shared,
                });
            }
        }
        Ok(())
    }

    /// Sets aside `size` bytes aligned to `align` (a power of two), in the highest free place that
    /// ends at or below `below`.
    pub fn carve(
        &mut self,
        name: &str,
        size: u64,
        align: u64,
        below: PhysAddr,
    ) -> Result<PhysRange, MapError> {
        let align = align.max(PAGE);
        let size = size.next_multiple_of(PAGE);
        let places = self
            .free
            .iter()
            .filter_map(|free| highest(*free, size, align, below));
        let range = places.max_by_key(|place| place.start());
        let range = range.ok_or_else(|| self.no_room(size, align, below))?;
        let kind = ClaimKind::Carved;
        self.claim(Claim { name, range, kind })?;
        Ok(range)
    }

    fn no_room(&self, wanted: u64, align: u64, below: PhysAddr) -> MapError {
        let reachable = PhysRange::between(PhysAddr::new(0), below).ok();
        let parts = self
            .free
            .iter()
            .filter_map(|free| free.intersection(reachable?));
        let largest = parts.map(PhysRange::len).max().unwrap_or(0);
        MapError::NoRoom {
            wanted,
            align,
            below,
            largest,
        }
    }

    /// RAM, in whole pages.
    pub fn banks(&self) -> &[PhysRange] {
        &self.banks
    }

    /// Everything that is spoken for, in the order of claiming; for the boot report.
    pub fn named(&self) -> &[Named] {
        &self.named
    }

    /// What nobody has claimed, ascending, in whole pages.
    pub fn free(&self) -> &[PhysRange] {
        &self.free
    }

    /// RAM for the linear map: all of it, save the image and what must not be mapped.
    pub fn linear(&self) -> Result<ArrayVec<PhysRange, MAX_PIECES>, MapError> {
        let absent = |named: &&Named| matches!(named.kind, ClaimKind::NoMap | ClaimKind::Image);
        let mut mapped: Pieces = self.banks.iter().copied().collect();
        for named in self.named.iter().filter(absent) {
            let range = named.range;
            let pages = range
                .round_out(PAGE)
                .ok_or(MapError::Unroundable { range })?;
            mapped = without(&mapped, pages)?;
        }
        Ok(mapped)
    }
}

/// The highest `size` bytes of `free` that are aligned and end at or below `below`.
fn highest(free: PhysRange, size: u64, align: u64, below: PhysAddr) -> Option<PhysRange> {
    let end = free.end().min(below).get();
    let start = PhysAddr::new(end.checked_sub(size)?).align_down(align);
    let place = PhysRange::new(start, size).ok()?;
    free.contains(place).then_some(place)
}

/// `pieces` without the bytes of `hole`.
fn without(pieces: &[PhysRange], hole: PhysRange) -> Result<Pieces, MapError> {
    let mut left = Pieces::new();
    for piece in pieces {
        let (start, end) = (piece.start(), piece.end());
        let before = PhysRange::between(start, end.min(hole.start()));
        let after = PhysRange::between(start.max(hole.end()), end);
        for part in [before, after].into_iter().flatten() {
            push(&mut left, part, "pieces")?;
        }
    }
    Ok(left)
}

fn push<T, const N: usize>(
    list: &mut ArrayVec<T, N>,
    item: T,
    what: &'static str,
) -> Result<(), MapError> {
    list.try_push(item)
        .map_err(|_| MapError::TooMany { what, max: N })
}

fn shortened(text: &str) -> Name {
    let mut name = Name::new();
    for letter in text.chars() {
        if name.try_push(letter).is_err() {
            break;
        }
    }
    name
}

#[cfg(test)]
mod tests;
