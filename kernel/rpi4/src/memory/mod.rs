//! RAM, from banks to a heap, in the one order that works: the bounce pool is set aside before any
//! allocator has a byte, and the heap's alignment follows from whether there is one (KM-5).
//!
//! | file | what |
//! |---|---|
//! | `early` | memory for the heap before all this |
//! | `claims` | what of RAM is spoken for |
//! | `pool` | `swiotlb=`, and the memory for the bounce pool's floor |
//! | `regions` | the memory of restricted pools |
//! | `growth` | what the pool grows by, and who looks after it |
//! | `grants` | who serves those who wait for slots |
//! | `uncached` | memory that no cache holds |
//! | `tables` | the final page tables |
//!
//! Context: the boot core, once, with interrupts masked.

#![expect(unsafe_code, reason = "takes possession of RAM")]

mod claims;
mod early;
pub(crate) mod grants;
pub(crate) mod growth;
mod pool;
mod regions;
mod tables;
mod uncached;

use crate::file::{self, File};
use crate::information::Machine;
use arch::Board;
use boot::{Handoff, Image};
use dma::Dma;
use dma::cells::Cells;
use dma::swiotlb::{Options, Pool};
use hal::layout::LINEAR_BASE;
use hal::{IrqLock, PAGE, PhysAddr, PhysRange, RamMap, RamRegion, Rank};
use log::warn;
use mm::{Floor, Heap, LinearMap, MemoryMap, Ram, Reserve, Zones};
use regions::Regions;
use spin::Once;

pub(crate) use early::early_heap;
pub(crate) use regions::Pools;

#[global_allocator]
static HEAP: Heap<Board> = Heap::new();
static ZONES: Once<Zones<Board>> = Once::new();

/// What was made of RAM.
pub(crate) struct Memory {
    /// Banks, and who has what of them.
    pub(crate) map: MemoryMap,
    /// Whole pages.
    pub(crate) zones: &'static Zones<Board>,
    /// Objects smaller than a page.
    pub(crate) heap: &'static Heap<Board>,
    /// Where the image was loaded.
    pub(crate) image: PhysRange,
    /// What `swiotlb=` asks for.
    pub(crate) options: Options,
    /// Where the bounce pool's floor lies, if there is a pool.
    pub(crate) pool: Option<PhysRange>,
    /// The file to carry.
    pub(crate) file: File,
    // Lock order: outermost, and nothing under them; never held together.
    pool_memory: IrqLock<Option<RamRegion>, Board>,
    uncached: IrqLock<Option<uncached::Block>, Board>,
    regions: IrqLock<Regions, Board>,
}

impl Memory {
    /// RAM as bus masters have to reach it.
    pub(crate) fn ram(&self) -> RamMap<'_> {
        RamMap {
            banks: self.map.banks(),
            dma_end: self.zones.dma_end(),
        }
    }

    /// The pool over the memory that was set aside. The first call has it.
    pub(crate) fn take_pool(&self) -> Option<Pool<Board>> {
        let memory = self.pool_memory.lock().take()?;
        let pool = growth::pool(memory, &self.options, self.zones);
        Some(pool.expect("carved on a chunk's boundary, below the reach of every bus"))
    }

    /// Bounce cells over a part of the uncached memory, if some was set aside. The first call has them.
    pub(crate) fn take_cells(&self) -> Option<Cells> {
        self.uncached.lock().as_mut()?.take_cells()
    }

    /// Gives the layer its restricted pools. The first call has them.
    pub(crate) fn add_restricted(&self, dma: &mut Dma<Board>) -> Pools {
        let regions = core::mem::take(&mut *self.regions.lock());
        regions::add(regions, dma)
    }
}

/// Brings memory up.
///
/// Panics where the machine has no usable RAM: there is nothing to go on with.
pub(crate) fn bring_up(handoff: &Handoff, machine: &Machine) -> Memory {
    let image = boot::image(handoff);
    let line = machine.command_line();
    let (options, file) = (pool::options(line), File::find(machine.info, line));
    let mut ram = take_ram(machine, &image, file);
    let dma_end = dma_end(machine);
    let regions = regions::carve(&mut ram, machine);
    let pool = pool::carve(&mut ram, &options, dma_end);
    let uncached = pool
        .as_ref()
        .and_then(|_| uncached::carve(&mut ram, dma_end));
    let reserve = carve_reserve(&mut ram, machine);
    tables::switch(&ram, &image);
    // SAFETY: just switched to tables of this map; other cores come up with them.
    let uncached = uncached.map(|block| unsafe { block.show() });
    // SAFETY: as above.
    let show = |region: regions::Carved| unsafe { region.show() };
    let regions: Regions = regions.into_iter().map(show).collect();
    // SAFETY: the tables that were just switched to map all RAM but the image there, and whatever
    // `Ram` owns is no part of the image.
    let linear = unsafe { LinearMap::new(LINEAR_BASE) };
    HEAP.reserve().init(reserve, linear);
    let (zones, map) = fill_zones(ram, dma_end);
    if let Some(range) = file.range() {
        // SAFETY: claimed in the map above, mapped linearly just now; this is the only call.
        unsafe { file::own(range, &map) };
    }
    let floor = Floor::for_pool(pool.is_some());
    if let Err(error) = HEAP.start(zones, linear, floor) {
        warn!("{error}");
    }
    Memory {
        map,
        zones,
        heap: &HEAP,
        image: image.phys(),
        options,
        pool: pool.as_ref().map(RamRegion::range),
        file,
        pool_memory: IrqLock::new(Rank::Outermost, "memory of the pool", pool),
        uncached: IrqLock::new(Rank::Outermost, "uncached memory", uncached),
        regions: IrqLock::new(Rank::Outermost, "restricted pools", regions),
    }
}

/// All RAM that nobody has claimed.
fn take_ram(machine: &Machine, image: &Image, file: File) -> Ram {
    let map = MemoryMap::new(&machine.banks, claims::all(machine, image, file));
    let map = map.unwrap_or_else(|error| panic!("memory map: {error}"));
    // SAFETY: called once, by `bring_up`; image, tree, RAM disk, parking page and everything that
    // the tree reserves were claimed.
    unsafe { Ram::new(map) }
}

/// Where zone `Dma` ends: below the smallest reach of any bus.
fn dma_end(machine: &Machine) -> PhysAddr {
    let buses = machine.info.buses().iter().map(|bus| bus.dma.windows());
    mm::dma_zone_end(buses, &machine.banks)
}

/// Memory for the frame allocator's bookkeeping, as high as it can be had.
fn carve_reserve(ram: &mut Ram, machine: &Machine) -> RamRegion {
    let total = machine.banks.iter().map(|bank| bank.len()).sum();
    let top = machine.banks.last().map(|bank| bank.end());
    let top = top.unwrap_or(PhysAddr::new(0));
    let size = Reserve::<Board>::bytes_for(total);
    ram.carve("frame metadata", size, PAGE, top)
        .unwrap_or_else(|error| panic!("frame metadata: {error}"))
}

/// The zones, with everything that is left; and the map, for the report.
fn fill_zones(ram: Ram, dma_end: PhysAddr) -> (&'static Zones<Board>, MemoryMap) {
    let zones = ZONES.call_once(|| Zones::new(dma_end, HEAP.reserve()));
    let (regions, map) = ram.into_regions();
    regions.for_each(|region| zones.add(region));
    (zones, map)
}
