//! RAM, and what of it is spoken for.

use super::board::{is_ram, merged};
use super::info::{push, shortened};
use super::property::{bad, check_cells, is_available, name, value};
use super::{Banks, BootInfo, Reservation, TreeError, pools};
use arrayvec::ArrayVec;
use dtoolkit::Node;
use dtoolkit::fdt::{Fdt, FdtNode};
use hal::{PhysAddr, PhysRange};

/// Entries of all `reg` properties together, before they are merged.
const MAX_ENTRIES: usize = 16;

/// All RAM: nodes are found by their `device_type`, since QEMU and firmware name them freely.
pub(super) fn banks(root: FdtNode<'_>) -> Result<Banks, TreeError> {
    check_cells(&root)?;
    let mut entries = ArrayVec::<PhysRange, MAX_ENTRIES>::new();
    for node in root.children().filter(is_memory) {
        for_each_range(&node, |range| push(&mut entries, range, "banks"))?;
    }
    let banks = merged(&mut entries)?;
    if banks.is_empty() {
        return Err(TreeError::NoRam);
    }
    match banks.iter().find(|bank| !is_ram(**bank)) {
        Some(&bank) => Err(TreeError::NotRam { bank }),
        None => Ok(banks),
    }
}

fn is_memory(node: &FdtNode<'_>) -> bool {
    let kind = value::<&str>(node, "device_type");
    matches!(kind, Ok(Some("memory"))) && is_available(node)
}

/// Adds what the blob's own list and `/reserved-memory` keep from us.
pub(super) fn reservations(fdt: Fdt<'_>, info: &mut BootInfo) -> Result<(), TreeError> {
    for entry in fdt.memory_reservations().filter(|entry| entry.size() != 0) {
        let range = PhysRange::new(PhysAddr::new(entry.address()), entry.size());
        info.reserve("memreserve", range.map_err(in_memreserve)?)?;
    }
    let Some(parent) = fdt.find_node("/reserved-memory") else {
        return Ok(());
    };
    check_cells(&parent)?;
    parent
        .children()
        .filter(is_available)
        .try_for_each(|node| add_node(info, &node))
}

fn in_memreserve(error: hal::RangeError) -> TreeError {
    TreeError::Range {
        node: shortened("/"),
        property: "memreserve",
        error,
    }
}

/// Nodes that only wish for memory of some size have no `reg` and reserve nothing.
fn add_node(info: &mut BootInfo, node: &FdtNode<'_>) -> Result<(), TreeError> {
    let (pool, mut ranges) = (pools::is_pool(node), ArrayVec::<_, MAX_ENTRIES>::new());
    for_each_range(node, |range| {
        push(&mut ranges, range, "ranges of a reservation")?;
        let reservation = Reservation {
            name: name(node),
            range,
            no_map: node.property("no-map").is_some(),
            reusable: node.property("reusable").is_some(),
            pool,
        };
        push(&mut info.reservations, reservation, "reservations")
    })?;
    if pool {
        pools::add(info, node, &ranges)?;
    }
    Ok(())
}

/// Calls `each` with the entries of `reg`; templates of the firmware may have empty ones.
fn for_each_range(
    node: &FdtNode<'_>,
    mut each: impl FnMut(PhysRange) -> Result<(), TreeError>,
) -> Result<(), TreeError> {
    for entry in node
        .reg()
        .map_err(|_| bad(node, "reg"))?
        .into_iter()
        .flatten()
    {
        let start = entry.address::<u64>().map_err(|_| bad(node, "reg"))?;
        let len = entry.size::<u64>().map_err(|_| bad(node, "reg"))?;
        if len != 0 {
            let range = PhysRange::new(PhysAddr::new(start), len);
            each(range.map_err(|error| TreeError::Range {
                node: name(node),
                property: "reg",
                error,
            })?)?;
        }
    }
    Ok(())
}
