//! Every available node of the tree, with the buses above it.

use super::property::is_available;
use super::{BusId, TreeError};
use arrayvec::ArrayVec;
use dtoolkit::Node;
use dtoolkit::fdt::FdtNode;

/// Levels below which no board has a device.
const MAX_DEPTH: usize = 12;

/// A node whose children are being visited.
pub(super) struct Level<'a> {
    pub(super) node: FdtNode<'a>,
    /// Number of the bus that this node is, once somebody asked for it.
    pub(super) bus: Option<BusId>,
    children: <FdtNode<'a> as Node>::Children<'a>,
}

/// Visits nodes depth first, parents before children. What is switched off by its `status` is
/// passed over with everything below it.
pub(super) struct Walk<'a> {
    levels: ArrayVec<Level<'a>, MAX_DEPTH>,
    visited: Option<FdtNode<'a>>,
}

impl<'a> Walk<'a> {
    /// A walk through everything below `root`.
    pub(super) fn new(root: FdtNode<'a>) -> Self {
        Self {
            levels: ArrayVec::new(),
            visited: Some(root),
        }
    }

    /// The next node.
    pub(super) fn next(&mut self) -> Result<Option<FdtNode<'a>>, TreeError> {
        if let Some(node) = self.visited.take() {
            self.enter(node)?;
        }
        while let Some(level) = self.levels.last_mut() {
            self.visited = level.children.find(is_available);
            if self.visited.is_some() {
                return Ok(self.visited);
            }
            self.levels.pop();
        }
        Ok(None)
    }

    fn enter(&mut self, node: FdtNode<'a>) -> Result<(), TreeError> {
        let level = Level {
            node,
            bus: None,
            children: node.children(),
        };
        self.levels
            .try_push(level)
            .map_err(|_| TreeError::Deep { max: MAX_DEPTH })
    }

    /// What is above the node that `next` gave last, the root first.
    pub(super) fn path(&mut self) -> &mut [Level<'a>] {
        &mut self.levels
    }
}
