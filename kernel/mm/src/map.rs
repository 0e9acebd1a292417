//! What each byte of RAM is for.
//!
//! Banks say what exists; claims say what is spoken for. Banks are rounded to whole pages inwards
//! and claims outwards, so that a page is free only if all of it is. Pure: owning the RAM that is
//! free is `ram`'s business.

mod adopt;
mod claim;
mod error;
mod pieces;

use arrayvec::ArrayVec;
use hal::{PAGE, PhysAddr, PhysRange};
use pieces::{highest, push, without};

pub use claim::{Claim, ClaimKind, Name, Named};
pub use error::MapError;
pub(crate) use pieces::Pieces;

const MAX_BANKS: usize = 8;
const MAX_NAMED: usize = 48;

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
        let name = claim::shortened(claim.name);
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
        self.carve_as(ClaimKind::Carved, name, (size, align), below)
    }

    /// As [`carve`](Self::carve), and the range is not part of the linear map: for memory that must
    /// have no cacheable address (CO-5).
    pub fn carve_uncached(
        &mut self,
        name: &str,
        size: u64,
        align: u64,
        below: PhysAddr,
    ) -> Result<PhysRange, MapError> {
        self.carve_as(ClaimKind::Uncached, name, (size, align), below)
    }

    fn carve_as(
        &mut self,
        kind: ClaimKind,
        name: &str,
        (size, align): (u64, u64),
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

    /// RAM for the linear map: all of it, save the image, what is uncached, and what must not be mapped.
    pub fn linear(&self) -> Result<Pieces, MapError> {
        let absent = |named: &&Named| {
            use ClaimKind::{Image, NoMap, Uncached};
            matches!(named.kind, NoMap | Image | Uncached)
        };
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

#[cfg(test)]
mod tests;
