//! A short way to write nodes and properties.

use dtoolkit::ToPropertyValue;
use dtoolkit::model::{DeviceTreeNode, DeviceTreeProperty};

/// A node in the making. Names are literals of this crate, so a bad one is our own mistake.
pub struct Builder(DeviceTreeNode);

impl Builder {
    /// An empty node; the root has an empty name.
    pub fn new(name: &str) -> Self {
        Self(DeviceTreeNode::new(name).expect("node names are literals that follow the standard"))
    }

    fn property(mut self, name: &str, value: impl ToPropertyValue) -> Self {
        let property = DeviceTreeProperty::new(name, value);
        self.0
            .add_property(property.expect("property names are literals that follow the standard"));
        self
    }

    /// Adds a property without a value.
    pub fn flag(self, name: &str) -> Self {
        self.property(name, &[] as &[u32])
    }

    /// Adds a list of 32-bit cells.
    pub fn cells(self, name: &str, cells: &[u32]) -> Self {
        self.property(name, cells)
    }

    /// Adds a table of 32-bit cells, one entry per row.
    pub fn rows(self, name: &str, rows: &[&[u32]]) -> Self {
        self.cells(name, &rows.concat())
    }

    /// Adds a string.
    pub fn string(self, name: &str, value: &str) -> Self {
        self.property(name, value)
    }

    /// Adds a list of strings.
    pub fn strings(self, name: &str, values: &[&str]) -> Self {
        self.property(name, values)
    }

    /// Adds shared peripheral interrupts (numbers without the 32 of the GIC), level high.
    pub fn spis(self, numbers: &[u32]) -> Self {
        let cells: Vec<u32> = numbers.iter().flat_map(|&n| [0, n, 4]).collect();
        self.cells("interrupts", &cells)
    }

    /// Adds private peripheral interrupts (numbers without the 16 of the GIC) of all four cores,
    /// with these `flags`.
    pub fn ppis(self, numbers: &[u32], flags: u32) -> Self {
        let cells: Vec<u32> = numbers
            .iter()
            .flat_map(|&n| [1, n, 0xF00 | flags])
            .collect();
        self.cells("interrupts", &cells)
    }

    /// Makes the node a bus with these cell counts.
    pub fn bus(self, address_cells: u32, size_cells: u32) -> Self {
        self.cells("#address-cells", &[address_cells])
            .cells("#size-cells", &[size_cells])
    }

    /// Adds a child node.
    pub fn child(mut self, child: Builder) -> Self {
        self.0.add_child(child.0);
        self
    }

    /// Adds several child nodes.
    pub fn children(self, children: impl IntoIterator<Item = Builder>) -> Self {
        children.into_iter().fold(self, Self::child)
    }

    /// The finished node.
    pub fn build(self) -> DeviceTreeNode {
        self.0
    }
}
