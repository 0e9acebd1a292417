//! Properties, read with the errors of this module.

use super::info::shortened;
use super::{Name, TreeError};
use dtoolkit::fdt::{FdtNode, FdtProperty};
use dtoolkit::standard::NodeStandard;
use dtoolkit::{FromPropertyValue, Node, Property};

/// The node's name; the root's is empty and shown as a slash.
pub(super) fn name(node: &FdtNode<'_>) -> Name {
    let name = node.name();
    shortened(if name.is_empty() { "/" } else { name })
}

/// The value of `property` as a `T`, if the node has it.
pub(super) fn value<'a, T: FromPropertyValue<'a>>(
    node: &FdtNode<'a>,
    property: &'static str,
) -> Result<Option<T>, TreeError> {
    let Some(found) = node.property(property) else {
        return Ok(None);
    };
    found
        .value_as::<T>()
        .map(Some)
        .map_err(|_| bad(node, property))
}

/// The cells of `property` one by one; none if the node does not have it.
pub(super) fn cells<'a>(
    node: &FdtNode<'a>,
    property: &'static str,
) -> Result<impl Iterator<Item = u32> + use<'a>, TreeError> {
    let bytes = value::<&'a [u8]>(node, property)?.unwrap_or_default();
    let (cells, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(bad(node, property));
    }
    Ok(cells.iter().map(|cell| u32::from_be_bytes(*cell)))
}

/// That `property` of `node` has a value it must not have.
pub(super) fn bad(node: &FdtNode<'_>, property: &'static str) -> TreeError {
    TreeError::Property {
        node: name(node),
        property,
        len: node
            .property(property)
            .map_or(0, |p: FdtProperty<'_>| p.value().len()),
    }
}

/// May the node be used? Absent means yes; anything but the two words for it means no.
pub(super) fn is_available(node: &FdtNode<'_>) -> bool {
    match node.property("status") {
        None => true,
        Some(status) => matches!(status.value_as::<&str>(), Ok("okay" | "ok")),
    }
}

/// Checks how `bus` counts cells, before anything is read by these counts.
///
/// Addresses have one to three cells (three on PCI), sizes one or two.
pub(super) fn check_cells(bus: &FdtNode<'_>) -> Result<(), TreeError> {
    let address = bus
        .address_cells()
        .map_err(|_| bad(bus, "#address-cells"))?;
    let size = bus.size_cells().map_err(|_| bad(bus, "#size-cells"))?;
    if (1..=3).contains(&address) && (1..=2).contains(&size) {
        return Ok(());
    }
    Err(TreeError::Cells {
        node: name(bus),
        address,
        size,
    })
}
