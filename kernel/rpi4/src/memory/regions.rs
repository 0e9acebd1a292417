//! The memory of restricted pools: taken as the tree sets it aside, and split (RP-6).
//!
//! What makes no sense is told in a line and stays reserved. The devices that were to have it are refused
//! when they are described: given the shared pool instead, they would not be confined.

extern crate alloc;

use super::uncached::{Block, Unmapped};
use crate::information::Machine;
use alloc::boxed::Box;
use arch::Board;
use arrayvec::ArrayVec;
use boot::tree::{MAX_POOLS, Name, PoolNode};
use core::fmt::Display;
use dma::swiotlb::{Pool, Split};
use dma::{Dma, RestrictedPool};
use hal::RamRegion;
use log::{info, warn};
use mm::Ram;

/// One pool's memory, before there are tables that show all of it.
pub(super) struct Carved {
    index: usize,
    name: Name,
    slots: ArrayVec<RamRegion, 2>,
    uncached: Option<Unmapped>,
}

/// One pool's memory, of use.
pub(super) struct Region {
    index: usize,
    name: Name,
    slots: ArrayVec<RamRegion, 2>,
    uncached: Option<Block>,
}

/// All that are of use.
pub(super) type Regions = ArrayVec<Region, MAX_POOLS>;

/// The pools of the layer, by their places in the tree. `None`: refused.
pub(crate) type Pools = [Option<RestrictedPool>; MAX_POOLS];

/// Takes the memory of all pools.
pub(super) fn carve(ram: &mut Ram, machine: &Machine) -> ArrayVec<Carved, MAX_POOLS> {
    let nodes = machine.info.pools.iter().enumerate();
    nodes
        .filter_map(|(index, node)| carve_one(ram, index, node))
        .collect()
}

fn carve_one(ram: &mut Ram, index: usize, node: &PoolNode) -> Option<Carved> {
    let range = told(&node.name, node.memory)?;
    let split = told(&node.name, Split::of(range))?;
    let adopted = told(&node.name, ram.adopt(range, &split.slots, split.uncached))?;
    for remark in split.remarks() {
        warn!("{}: {remark}", node.name);
    }
    Some(Carved {
        index,
        name: node.name,
        slots: adopted.cached,
        uncached: adopted.uncached.map(Unmapped::new),
    })
}

/// What was asked for, or a warning.
fn told<T>(name: &Name, result: Result<T, impl Display>) -> Option<T> {
    result
        .map_err(|error| warn!("{name}: no restricted pool: {error}"))
        .ok()
}

impl Carved {
    /// The memory, of use from here on.
    ///
    /// # Safety
    /// As for [`Unmapped::show`].
    pub(super) unsafe fn show(self) -> Region {
        Region {
            index: self.index,
            name: self.name,
            slots: self.slots,
            // SAFETY: the caller's promise.
            uncached: self.uncached.map(|block| unsafe { block.show() }),
        }
    }
}

/// Adds the pools to the layer, each under the name of its node.
pub(super) fn add(regions: Regions, dma: &mut Dma<Board>) -> Pools {
    let mut pools = [None; MAX_POOLS];
    for mut region in regions {
        let name: &'static str = Box::leak(Box::<str>::from(region.name.as_str()));
        let pool = Pool::restricted(region.slots).expect("split as a pool needs it");
        // The rest of the block is kept for memory that these devices share with the CPU.
        let cells = region.uncached.as_mut().and_then(Block::take_cells);
        let added = dma.add_restricted(name, pool, cells);
        pools[region.index] = told(&region.name, added);
        if let Some(pool) = &pools[region.index] {
            info!("{name}: a restricted pool at {}", pool.region());
        }
    }
    pools
}
