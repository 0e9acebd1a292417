//! `interrupts` properties, as numbers of the interrupt controller.

use super::info::push;
use super::property::{bad, cells, value};
use super::walk::{Level, Walk};
use super::{Kind, TreeError, kind};
use arrayvec::ArrayVec;
use dtoolkit::fdt::FdtNode;

const SHARED: u32 = 0;
const PRIVATE: u32 = 1;

/// First numbers and counts of the two kinds (GIC architecture specification, version 2).
const FIRST_SHARED: u32 = 32;
const FIRST_PRIVATE: u32 = 16;
const SHARED_COUNT: u32 = 988;
const PRIVATE_COUNT: u32 = 16;

/// By which handle devices name the GIC, if there is one.
pub(super) fn controller(root: FdtNode<'_>) -> Result<Option<u32>, TreeError> {
    let mut walk = Walk::new(root);
    while let Some(node) = walk.next()? {
        if kind::of(&node) == Some(Kind::Gic) {
            return value(&node, "phandle");
        }
    }
    Ok(None)
}

/// The interrupts of `node`; none if they go to another controller than `gic`.
pub(super) fn of(
    node: &FdtNode<'_>,
    path: &[Level<'_>],
    gic: Option<u32>,
) -> Result<ArrayVec<u16, 16>, TreeError> {
    let mut numbers = ArrayVec::new();
    if gic.is_none() || parent(node, path)? != gic {
        return Ok(numbers);
    }
    let mut list = cells(node, "interrupts")?;
    while let Some(class) = list.next() {
        // Three cells each: class, number, trigger flags.
        let (Some(number), Some(_flags)) = (list.next(), list.next()) else {
            return Err(bad(node, "interrupts"));
        };
        let id = id(class, number).ok_or_else(|| bad(node, "interrupts"))?;
        push(&mut numbers, id, "interrupts of a device")?;
    }
    Ok(numbers)
}

fn id(class: u32, number: u32) -> Option<u16> {
    let (first, count) = match class {
        SHARED => (FIRST_SHARED, SHARED_COUNT),
        PRIVATE => (FIRST_PRIVATE, PRIVATE_COUNT),
        _ => return None,
    };
    if number >= count {
        return None;
    }
    u16::try_from(first + number).ok()
}

/// The node's own `interrupt-parent`, else that of the nearest node above.
fn parent(node: &FdtNode<'_>, path: &[Level<'_>]) -> Result<Option<u32>, TreeError> {
    let above = path.iter().rev().map(|level| level.node);
    for candidate in core::iter::once(*node).chain(above) {
        if let Some(handle) = value(&candidate, "interrupt-parent")? {
            return Ok(Some(handle));
        }
    }
    Ok(None)
}
