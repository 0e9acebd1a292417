//! Intervals in order, in groups: a treap over nodes that were reserved before.
//!
//! Each node knows the highest end below it, so whatever overlaps an interval is found without looking
//! at the rest. Node `i` is entry `i`'s; the priorities are a mix of that number's bits, which makes the
//! tree as balanced as chance.

extern crate alloc;

use alloc::collections::TryReserveError;
use alloc::vec::Vec;

/// No node.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Node {
    group: u32,
    start: u64,
    last: u64,
    /// The highest `last` of this node and all below.
    highest: u64,
    left: u32,
    right: u32,
}

/// The tree.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    root: u32,
}

impl Tree {
    pub(super) fn with_capacity(entries: u32) -> Result<Self, TryReserveError> {
        let empty = Node {
            group: 0,
            start: 0,
            last: 0,
            highest: 0,
            left: NONE,
            right: NONE,
        };
        let mut nodes = Vec::new();
        nodes.try_reserve_exact(entries as usize)?;
        nodes.resize(entries as usize, empty);
        Ok(Self { nodes, root: NONE })
    }

    fn at(&self, at: u32) -> &Node {
        &self.nodes[at as usize]
    }

    fn key(&self, at: u32) -> (u32, u64, u32) {
        let node = self.at(at);
        (node.group, node.start, at)
    }

    /// Puts in entry `at`, which is not in.
    pub(super) fn insert(&mut self, at: u32, group: u32, start: u64, last: u64) {
        self.nodes[at as usize] = Node {
            group,
            start,
            last,
            highest: last,
            left: NONE,
            right: NONE,
        };
        let (below, above) = self.split(self.root, (group, start, at));
        let below = self.merge(below, at);
        self.root = self.merge(below, above);
    }

    /// Takes out entry `at`, which is in.
    pub(super) fn remove(&mut self, at: u32) {
        let key = self.key(at);
        let (below, rest) = self.split(self.root, key);
        let (_, above) = self.split(rest, (key.0, key.1, key.2 + 1));
        self.root = self.merge(below, above);
    }

    /// Everything below `key`, and the rest.
    fn split(&mut self, at: u32, key: (u32, u64, u32)) -> (u32, u32) {
        if at == NONE {
            return (NONE, NONE);
        }
        if self.key(at) < key {
            let (below, above) = self.split(self.at(at).right, key);
            self.nodes[at as usize].right = below;
            self.sum_up(at);
            (at, above)
        } else {
            let (below, above) = self.split(self.at(at).left, key);
            self.nodes[at as usize].left = above;
            self.sum_up(at);
            (below, at)
        }
    }

    /// Joins two trees, all of the first before all of the second.
    fn merge(&mut self, first: u32, second: u32) -> u32 {
        if first == NONE || second == NONE {
            return first.min(second);
        }
        if priority(first) > priority(second) {
            let right = self.merge(self.at(first).right, second);
            self.nodes[first as usize].right = right;
            self.sum_up(first);
            first
        } else {
            let left = self.merge(first, self.at(second).left);
            self.nodes[second as usize].left = left;
            self.sum_up(second);
            second
        }
    }

    fn sum_up(&mut self, at: u32) {
        let Node {
            left, right, last, ..
        } = *self.at(at);
        let below = self.highest(left).max(self.highest(right));
        self.nodes[at as usize].highest = last.max(below);
    }

    fn highest(&self, at: u32) -> u64 {
        if at == NONE { 0 } else { self.at(at).highest }
    }

    /// Shows `each` what of a group has a number in `start..=last`, in order.
    pub(super) fn overlapping(
        &self,
        group: u32,
        start: u64,
        last: u64,
        each: &mut impl FnMut(u32),
    ) {
        self.look(self.root, (group, start, last), each);
    }

    fn look(&self, at: u32, wanted: (u32, u64, u64), each: &mut impl FnMut(u32)) {
        let (group, start, last) = wanted;
        if at == NONE || self.highest(at) < start {
            return;
        }
        let node = self.at(at);
        if node.group >= group {
            self.look(node.left, wanted, each);
        }
        if node.group == group && node.start <= last && start <= node.last {
            each(at);
        }
        if (node.group, node.start) <= (group, last) {
            self.look(node.right, wanted, each);
        }
    }
}

/// Bits of a number, mixed (a multiplication by an odd constant, and its upper half).
fn priority(at: u32) -> u32 {
    (u64::from(at) + 1)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .swap_bytes() as u32
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn found(tree: &Tree, group: u32, start: u64, last: u64) -> Vec<u32> {
        let mut found = Vec::new();
        tree.overlapping(group, start, last, &mut |at| found.push(at));
        found.sort_unstable();
        found
    }

    #[test]
    fn a_long_interval_is_found_from_its_middle() {
        let mut tree = Tree::with_capacity(4).expect("memory");
        tree.insert(0, 1, 0, 1000);
        (1..4).for_each(|at| tree.insert(at, 1, u64::from(at) * 100, u64::from(at) * 100 + 9));
        assert_eq!(found(&tree, 1, 205, 205), [0, 2]);
        assert_eq!(found(&tree, 2, 0, u64::MAX), [], "another group");
        tree.remove(0);
        assert_eq!(found(&tree, 1, 0, 150), [1]);
    }

    #[test]
    fn a_tree_of_neighbours_stays_shallow() {
        let mut tree = Tree::with_capacity(4096).expect("memory");
        (0..4096).for_each(|at| tree.insert(at, 0, u64::from(at), u64::from(at)));
        fn depth(tree: &Tree, at: u32) -> u32 {
            if at == NONE {
                return 0;
            }
            let node = tree.at(at);
            1 + depth(tree, node.left).max(depth(tree, node.right))
        }
        assert!(depth(&tree, tree.root) < 48, "{}", depth(&tree, tree.root));
    }

    proptest! {
        #[test]
        #[cfg_attr(miri, ignore = "numbers alone, thousands of them")]
        fn it_agrees_with_a_list(
            steps in proptest::collection::vec((any::<bool>(), 0u32..16, 0u32..3, 0u64..60, 0u64..20), 1..80),
            wanted in (0u32..3, 0u64..80, 0u64..20),
        ) {
            let mut tree = Tree::with_capacity(16).expect("memory");
            let mut list: [Option<(u32, u64, u64)>; 16] = [None; 16];
            for (put, at, group, start, len) in steps {
                match (put, list[at as usize]) {
                    (true, None) => {
                        list[at as usize] = Some((group, start, start + len));
                        tree.insert(at, group, start, start + len);
                    }
                    (false, Some(_)) => {
                        list[at as usize] = None;
                        tree.remove(at);
                    }
                    _ => {}
                }
            }
            let (group, start, len) = wanted;
            let right: Vec<u32> = (0..16).filter(|at| list[*at as usize].is_some_and(|(g, s, l)| {
                g == group && s <= start + len && start <= l
            })).collect();
            prop_assert_eq!(found(&tree, group, start, start + len), right);
        }
    }
}
