//! Claims about whole trees, built with the same tool that writes the project's own.

extern crate std;

mod board;
mod buses;
mod chosen;
mod cpus;
mod defects;
mod memory;
mod pools;
mod windows;

use super::{BootInfo, TreeError};
use devicetree::{Board, Builder, DeviceTree, DeviceTreeNode};
use dtoolkit::model::DeviceTreeProperty;
use hal::{PhysAddr, PhysRange};
use std::vec::Vec;

fn range(start: u64, len: u64) -> PhysRange {
    PhysRange::new(PhysAddr::new(start), len).expect("test ranges are valid")
}

fn read(blob: &[u8]) -> Result<BootInfo, TreeError> {
    let mut info = BootInfo::new();
    super::read(blob, &mut info).map(|()| info)
}

/// The default board's tree after `change`.
fn changed(change: impl FnOnce(&mut DeviceTree)) -> Vec<u8> {
    let mut tree = Board::default().tree();
    change(&mut tree);
    tree.to_dtb()
}

/// What comes of the default board's tree when `node` has `property` with these cells.
fn with_cells(node: &str, property: &str, cells: &[u32]) -> Result<BootInfo, TreeError> {
    read(&changed(|tree| set(at(tree, node), property, cells)))
}

fn at<'t>(tree: &'t mut DeviceTree, path: &str) -> &'t mut DeviceTreeNode {
    tree.find_node_mut(path).expect("the tree has this node")
}

fn set(node: &mut DeviceTreeNode, property: &str, cells: &[u32]) {
    node.add_property(DeviceTreeProperty::new(property, cells).expect("a valid name"));
}

fn set_text(node: &mut DeviceTreeNode, property: &str, text: &str) {
    node.add_property(DeviceTreeProperty::new(property, text).expect("a valid name"));
}

fn default_info() -> BootInfo {
    read(&Board::default().blob()).expect("valid")
}

fn add(tree: &mut DeviceTree, path: &str, child: Builder) {
    at(tree, path).add_child(child.build());
}
