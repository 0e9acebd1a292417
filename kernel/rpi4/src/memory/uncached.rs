//! The block of memory that no cache holds: 2 MiB of the low GiB, below the reach of every bus.
//!
//! It is taken out of RAM before the final tables are made, so the linear map never shows it, and they
//! show it by the uncached window alone: one block, Normal non-cacheable, never executed (CO-5). There is
//! no moment at which it has two addresses. The caches are searched once, after the switch: the loader
//! may have left lines, and the first tables showed what is near the device tree.
//!
//! Small bounce cells have a part of it. The rest is meant for memory that devices share with the CPU for
//! good, which asks for just this.
//!
//! Context: the boot core, once, with interrupts masked.

#![expect(unsafe_code, reason = "RAM becomes uncached memory")]

use dma::cells::{Cells, MOST_MEMORY};
use hal::{MIB, PhysAddr, RamRegion, UncachedRegion};
use log::warn;
use mm::Ram;

/// Bytes: what one entry of a second-level table shows.
const BLOCK: u64 = 2 * MIB;

/// Memory that was set aside, before there are tables that show it.
pub(super) struct Unmapped(RamRegion);

/// Sets the block aside. Without it small objects take slots of the pool.
pub(super) fn carve(ram: &mut Ram, below: PhysAddr) -> Option<Unmapped> {
    match ram.carve_uncached("uncached memory", BLOCK, BLOCK, below) {
        Ok(region) => Some(Unmapped(region)),
        Err(error) => {
            warn!("no uncached memory: {error}");
            None
        }
    }
}

impl Unmapped {
    /// A block that the linear map will not show.
    pub(super) fn new(region: RamRegion) -> Self {
        Self(region)
    }
}

/// The block, in use.
pub(super) struct Block {
    cells: Option<Cells>,
    #[expect(dead_code, reason = "kept for memory that devices share with the CPU")]
    rest: UncachedRegion,
}

impl Block {
    fn new(memory: UncachedRegion) -> Self {
        let cut = memory.split_at(MOST_MEMORY);
        let (cells, rest) = cut.expect("a block is larger than a set of cells");
        let cells = Cells::new(cells).expect("a block starts on a page");
        let cells = Some(cells);
        Self { cells, rest }
    }

    /// The bounce cells. The first call has them.
    pub(super) fn take_cells(&mut self) -> Option<Cells> {
        self.cells.take()
    }
}

impl Unmapped {
    /// The memory, of use from here on.
    ///
    /// # Safety
    /// The tables in use are those that `tables` has made of the map that this was carved from, on every
    /// core that will run.
    pub(super) unsafe fn show(self) -> Block {
        let range = self.0.range();
        // SAFETY: the plan of those tables shows all that was carved uncached.
        unsafe { arch::uncached::forget_lines(range) };
        // SAFETY: they show it nowhere else, so nothing can be fetched after that.
        Block::new(unsafe { UncachedRegion::assume_uncached(self.0) })
    }
}
