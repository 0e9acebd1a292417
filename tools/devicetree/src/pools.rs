//! Restricted pools, and devices that are bound to them: for trees that confine, well or badly.

use crate::Board;
use crate::node::Builder;
use dtoolkit::model::DeviceTreeProperty;

/// A node of reserved memory.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// Its name with its unit address.
    pub name: &'static str,
    /// Its `reg`: two cells of address and one of length for each range.
    pub reg: &'static [u32],
    /// A property without a value, or none.
    pub flag: Option<&'static str>,
    /// By which devices name it.
    pub phandle: u32,
}

/// What is added to a tree: pools, and the `memory-region` of devices, by their paths.
#[derive(Clone, Copy, Debug)]
pub struct Confined {
    /// In the order of the tree.
    pub pools: &'static [Pool],
    /// Paths, and what they are bound to.
    pub devices: &'static [(&'static str, &'static [u32])],
}

/// The tree of `board` with these pools.
///
/// # Panics
/// If it has no such device.
pub(crate) fn confined(board: &Board, confined: &Confined) -> Vec<u8> {
    let mut tree = board.tree();
    let pools = confined.pools.iter().map(node);
    let parent = Builder::new("reserved-memory").bus(2, 1).flag("ranges");
    tree.root.add_child(parent.children(pools).build());
    for (path, region) in confined.devices {
        let device = tree.find_node_mut(path);
        let device = device.unwrap_or_else(|| panic!("the tree has no {path}"));
        let region = DeviceTreeProperty::new("memory-region", *region);
        device.add_property(region.expect("a name that follows the standard"));
    }
    tree.to_dtb()
}

fn node(pool: &Pool) -> Builder {
    let node = Builder::new(pool.name)
        .string("compatible", "restricted-dma-pool")
        .cells("reg", pool.reg)
        .cells("phandle", &[pool.phandle]);
    pool.flag.into_iter().fold(node, Builder::flag)
}
