//! What `ranges` and `dma-ranges` of the buses above a device add up to.

use super::info::push;
use super::property::{self, check_cells};
use super::walk::Level;
use super::{BootInfo, Bus, BusId, Translation, TreeError};
use dtoolkit::Node;
use dtoolkit::error::PropertyError;
use dtoolkit::fdt::FdtNode;
use dtoolkit::standard::Range;
use hal::{DmaAddr, DmaWindow, PhysAddr, PhysRange};

/// The number of the bus that `path` ends with; it is composed when somebody first asks.
pub(super) fn of(info: &mut BootInfo, path: &mut [Level<'_>]) -> Result<BusId, TreeError> {
    if let Some(known) = path.last().and_then(|parent| parent.bus) {
        return Ok(known);
    }
    let id = add(info, path, None)?;
    if let Some(parent) = path.last_mut() {
        parent.bus = Some(id);
    }
    Ok(id)
}

/// Adds the bus that is `below` the last one of `path`, or that one itself.
pub(super) fn add(
    info: &mut BootInfo,
    path: &[Level<'_>],
    below: Option<FdtNode<'_>>,
) -> Result<BusId, TreeError> {
    // The root is the CPU's own view: its cells count, but it translates nothing.
    let root = path.first().map(|level| level.node);
    let inner = path.iter().skip(1).map(|level| level.node).chain(below);
    let mut bus = Bus {
        name: super::Name::new(),
        dma: Translation::Identity,
        registers: Translation::Identity,
    };
    for node in root.iter() {
        check_cells(node)?;
        bus.name = property::name(node);
    }
    for node in inner {
        bus = child(&bus, &node)?;
    }
    let id = BusId(info.buses.len() as u8);
    push(&mut info.buses, bus, "buses")?;
    Ok(id)
}

/// The bus `node`, whose parent is `above`.
fn child(above: &Bus, node: &FdtNode<'_>) -> Result<Bus, TreeError> {
    check_cells(node)?;
    Ok(Bus {
        name: property::name(node),
        dma: dma(node)?.through(&above.dma)?,
        registers: registers(node)?.through(&above.registers)?,
    })
}

/// An absent list describes no translation, and an empty one none either: both mean identity.
fn dma(node: &FdtNode<'_>) -> Result<Translation, TreeError> {
    let list = node
        .dma_ranges()
        .map_err(|_: PropertyError| property::bad(node, "dma-ranges"))?;
    list.map_or(Ok(Translation::Identity), |list| {
        windows(node, "dma-ranges", list)
    })
}

/// An absent list means that nothing on the bus has an address above it, an empty one identity.
fn registers(node: &FdtNode<'_>) -> Result<Translation, TreeError> {
    let list = node
        .ranges()
        .map_err(|_: PropertyError| property::bad(node, "ranges"))?;
    list.map_or(Ok(Translation::nothing()), |list| {
        windows(node, "ranges", list)
    })
}

fn windows<'a>(
    node: &FdtNode<'a>,
    property: &'static str,
    list: impl Iterator<Item = Range<'a>>,
) -> Result<Translation, TreeError> {
    let mut translation = Translation::Identity;
    for entry in list {
        // Even if all entries are passed over, there was a list: no identity.
        if translation == Translation::Identity {
            translation = Translation::nothing();
        }
        if let Some(window) = window(node, property, &entry)? {
            translation.add(window)?;
        }
    }
    Ok(translation)
}

/// One entry, or `None` if it is not about memory (PCI has other spaces as well).
fn window(
    node: &FdtNode<'_>,
    property: &'static str,
    entry: &Range<'_>,
) -> Result<Option<DmaWindow>, TreeError> {
    let wrong = |_| property::bad(node, property);
    let child = entry.child_bus_address::<u128>().map_err(wrong)?;
    if entry.child_bus_address.as_ref().len() == 3 && !is_memory(child) {
        return Ok(None);
    }
    let parent = entry.parent_bus_address::<u128>().map_err(wrong)?;
    let len = entry.length::<u64>().map_err(wrong)?;
    // Above 64 bits there is only the first cell of a PCI address, which is no part of the number.
    let phys = PhysRange::new(PhysAddr::new(parent as u64), len);
    let phys = phys.map_err(|error| TreeError::Range {
        node: property::name(node),
        property,
        error,
    })?;
    DmaWindow::new(phys, DmaAddr::new(child as u64))
        .map(Some)
        .map_err(|error| TreeError::Window {
            node: property::name(node),
            property,
            error,
        })
}

/// Space code of a PCI address (bits 25:24 of its first cell): 2 and 3 are memory.
fn is_memory(pci: u128) -> bool {
    (pci >> 64) & 0x0200_0000 != 0
}

/// Does `node` describe how masters behind it see RAM?
pub(super) fn opens_bus(node: &FdtNode<'_>) -> bool {
    node.property("dma-ranges").is_some()
}
