//! Restricted pools: memory that some devices have for themselves (RP-1).
//!
//! A `restricted-dma-pool` is a node of `/reserved-memory`, and `memory-region` of a device leads to it.
//! A pool that makes no sense spoils no tree: it stays reserved, and whoever describes the devices that
//! were to have it is told why it is none.

use super::info::{Name, push};
use super::property::{cells, name, value};
use super::{BootInfo, TreeError};
use arrayvec::ArrayVec;
use core::fmt;
use dtoolkit::Node;
use dtoolkit::fdt::FdtNode;
use dtoolkit::standard::NodeStandard;
use hal::PhysRange;

/// Restricted pools, at most.
pub const MAX_POOLS: usize = 8;

const COMPATIBLE: &str = "restricted-dma-pool";

/// A restricted pool of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolNode {
    /// Its node.
    pub name: Name,
    /// Its memory, or why it has none that is of use.
    pub memory: Result<PhysRange, PoolDefect>,
    phandle: Option<u32>,
}

/// Why no pool can be made of a node. Each formats to one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolDefect {
    /// No `reg`, or one of no bytes.
    NoMemory,
    /// Several ranges.
    Ranges {
        /// How many.
        found: usize,
    },
    /// Memory that must not be mapped: the CPU copies to and from a pool by the linear map.
    NoMap,
    /// Memory that may be lent out meanwhile.
    Reusable,
}

/// What `memory-region` of a device comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// No restricted pool: it bounces as any other.
    None,
    /// This one of the tree's pools.
    Pool {
        /// Its place in [`BootInfo::pools`].
        index: usize,
        /// How many pools the device names: the first counts.
        of: usize,
    },
    /// Something that is no reserved memory.
    Nowhere {
        /// What its node should have for a phandle.
        phandle: u32,
    },
}

/// Is this reservation a pool?
pub(super) fn is_pool(node: &FdtNode<'_>) -> bool {
    node.is_compatible(COMPATIBLE)
}

/// Adds the pool of a node, which has these ranges.
pub(super) fn add(
    info: &mut BootInfo,
    node: &FdtNode<'_>,
    ranges: &[PhysRange],
) -> Result<(), TreeError> {
    let has = |flag| node.property(flag).is_some();
    let memory = match *ranges {
        _ if has("no-map") => Err(PoolDefect::NoMap),
        _ if has("reusable") => Err(PoolDefect::Reusable),
        [] => Err(PoolDefect::NoMemory),
        [range] => Ok(range),
        _ => Err(PoolDefect::Ranges {
            found: ranges.len(),
        }),
    };
    let pool = PoolNode {
        name: name(node),
        memory,
        phandle: value(node, "phandle")?,
    };
    push(&mut info.pools, pool, "restricted pools")
}

/// Which pool a device is to have. `root`: where reserved memory is found.
pub(super) fn of(
    info: &BootInfo,
    root: Option<FdtNode<'_>>,
    device: &FdtNode<'_>,
) -> Result<Region, TreeError> {
    let mut found = ArrayVec::<usize, MAX_POOLS>::new();
    for phandle in cells(device, "memory-region")? {
        let is = |pool: &PoolNode| pool.phandle == Some(phandle);
        match info.pools.iter().position(is) {
            Some(index) => push(&mut found, index, "memory regions of a device")?,
            None if is_reserved(root, phandle) => {}
            None => return Ok(Region::Nowhere { phandle }),
        }
    }
    let of = found.len();
    Ok(match found.first() {
        Some(&index) => Region::Pool { index, of },
        None => Region::None,
    })
}

/// Is there reserved memory by this handle, for other purposes or switched off?
fn is_reserved(root: Option<FdtNode<'_>>, phandle: u32) -> bool {
    let parent = root.and_then(|root| root.child("reserved-memory"));
    let handle = |node: FdtNode<'_>| value::<u32>(&node, "phandle").ok().flatten();
    parent.is_some_and(|parent| parent.children().any(|node| handle(node) == Some(phandle)))
}

impl fmt::Display for PoolDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMemory => write!(f, "0 bytes: give reg with a start and a length"),
            Self::Ranges { found } => write!(f, "{found} ranges in reg: give 1"),
            Self::NoMap => write!(f, "no-map, and the CPU copies by the linear map: remove it"),
            Self::Reusable => write!(f, "reusable, and a pool is lent to nobody: remove it"),
        }
    }
}
