//! Taking possession of RAM, once.

#![expect(unsafe_code, reason = "ownership of all free RAM begins here")]

use crate::map::Pieces;
use crate::{MapError, MemoryMap};
use arrayvec::ArrayVec;
use hal::{PhysAddr, PhysRange, RamRegion};

/// Owner of all RAM that the memory map calls free. Not `Clone`: what it hands out, it has lost.
pub struct Ram {
    map: MemoryMap,
}

impl Ram {
    /// Takes possession of everything free in `map`.
    ///
    /// # Safety
    /// Called once. The map's banks are RAM, and everything in them that is in use (image, stacks,
    /// page tables, what the firmware or another core uses) has been claimed in the map. What was claimed
    /// as offered is in nobody's use.
    pub const unsafe fn new(map: MemoryMap) -> Self {
        Self { map }
    }

    /// The map, with all carve-outs so far.
    pub const fn map(&self) -> &MemoryMap {
        &self.map
    }

    /// Takes out `size` bytes (rounded up to pages) as [`MemoryMap::carve`] finds them.
    pub fn carve(
        &mut self,
        name: &str,
        size: u64,
        align: u64,
        below: PhysAddr,
    ) -> Result<RamRegion, MapError> {
        self.map.carve(name, size, align, below).map(own)
    }

    /// Takes out `size` bytes as [`MemoryMap::carve_uncached`] finds them: a region that the linear map
    /// will not show, of use to whoever maps it otherwise.
    pub fn carve_uncached(
        &mut self,
        name: &str,
        size: u64,
        align: u64,
        below: PhysAddr,
    ) -> Result<RamRegion, MapError> {
        self.map.carve_uncached(name, size, align, below).map(own)
    }

    /// Takes out parts of what was offered as `range`, as [`MemoryMap::adopt`] does: the linear map shows
    /// `cached`, and does not show `uncached`.
    pub fn adopt(
        &mut self,
        range: PhysRange,
        cached: &[PhysRange],
        uncached: Option<PhysRange>,
    ) -> Result<Adopted, MapError> {
        self.map.adopt(range, cached, uncached)?;
        Ok(Adopted {
            cached: cached.iter().copied().map(own).collect(),
            uncached: uncached.map(own),
        })
    }

    /// Everything that is left, and the map for the report.
    pub fn into_regions(self) -> (impl Iterator<Item = RamRegion>, MemoryMap) {
        let free: Pieces = self.map.free().iter().copied().collect();
        (free.into_iter().map(own), self.map)
    }
}

/// What was taken of memory that was offered.
#[derive(Debug)]
pub struct Adopted {
    /// What the linear map shows.
    pub cached: ArrayVec<RamRegion, 2>,
    /// What it does not.
    pub uncached: Option<RamRegion>,
}

/// Only for ranges that were free or offered in the map of a [`Ram`] and are so no longer.
fn own(range: PhysRange) -> RamRegion {
    // SAFETY: `Ram::new` vouches that free and offered ranges are unused RAM and that there is one `Ram`;
    // the map gives no byte twice: `carve` claims what it returns, `adopt` ends an offer and gives parts
    // that are apart, `into_regions` consumes the owner.
    unsafe { RamRegion::assume_owned(range) }
}
