//! Writes the flattened device trees of this project.
//!
//! Two are used for real: [`built_in`], which stands in where the firmware hands over none, and
//! [`emulator`], which `xtask` passes to QEMU. The others ([`Board`] with other settings,
//! [`foreign`]) are what the tests of `boot::tree` read. All of them follow the BCM2711 data sheet
//! and the device-tree bindings; nodes that the kernel never reads are left out.
//!
//! QEMU deletes every node whose name begins with `memory` and writes one of its own for low RAM.
//! Therefore RAM above 1 GiB is called `ram@..` here; its `device_type` says what it is.

mod board;
mod node;
mod pools;
mod scb;
mod soc;

pub use board::{Board, Chosen, Stepping};
pub use dtoolkit::model::{DeviceTree, DeviceTreeNode};
pub use node::Builder;
pub use pools::{Confined, Pool};

/// The tree that is part of the image: the largest board of the family.
///
/// Its banks hold only as far as the board's revision code says there is memory, and its low bank
/// ends where the VideoCore's share begins by default.
pub fn built_in() -> Vec<u8> {
    Board::default().blob()
}

/// The tree that goes with `-dtb`: two GiB, as QEMU's `raspi4b` always has.
///
/// QEMU replaces the low bank by one of 960 MiB and fills in `/chosen`.
pub fn emulator() -> Vec<u8> {
    emulated().blob()
}

/// As [`emulator`], with restricted pools.
pub fn confined(with: &Confined) -> Vec<u8> {
    pools::confined(&emulated(), with)
}

fn emulated() -> Board {
    Board {
        low: (0, 0x3C00_0000),
        high: vec![(0x4000_0000, 0x4000_0000)],
        ..Board::default()
    }
}

/// A valid tree of another machine, which the kernel has to decline.
pub fn foreign() -> Vec<u8> {
    let mut tree = DeviceTree::new();
    tree.root = Builder::new("")
        .strings("compatible", &["vendor,other-board", "vendor,other-soc"])
        .string("model", "Another machine")
        .cells("#address-cells", &[2])
        .cells("#size-cells", &[2])
        .child(
            Builder::new("memory@80000000")
                .string("device_type", "memory")
                .cells("reg", &[0, 0x8000_0000, 0, 0x4000_0000]),
        )
        .build();
    tree.to_dtb()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dtoolkit::fdt::Fdt;
    use dtoolkit::{Node, Property};

    fn all() -> Vec<Vec<u8>> {
        vec![built_in(), emulator(), foreign()]
    }

    #[test]
    fn every_blob_is_a_valid_flattened_tree() {
        for blob in all() {
            Fdt::new(&blob).expect("valid");
        }
    }

    #[test]
    fn high_banks_survive_what_qemu_deletes() {
        let blob = emulator();
        let tree = Fdt::new(&blob).expect("valid");
        let ram = tree
            .find_node("/ram@40000000")
            .expect("named so that QEMU leaves it");
        let kind = ram.property("device_type").expect("found by it");
        assert_eq!(kind.value(), b"memory\0");
    }

    #[test]
    fn phandles_are_unique_and_every_interrupt_parent_exists() {
        let blob = built_in();
        let tree = Fdt::new(&blob).expect("valid");
        let (mut handles, mut wanted) = (Vec::new(), Vec::new());
        let mut todo = vec![tree.root()];
        while let Some(node) = todo.pop() {
            let word = |name: &str| node.property(name).and_then(|p| p.value_as::<u32>().ok());
            handles.extend(word("phandle"));
            wanted.extend(word("interrupt-parent"));
            todo.extend(node.children());
        }
        let count = handles.len();
        handles.sort_unstable();
        handles.dedup();
        assert_eq!(handles.len(), count, "a phandle is used twice");
        assert!(wanted.iter().all(|w| handles.contains(w)));
        assert!(!wanted.is_empty());
    }
}
