//! The devices of interest and what their nodes say.

use super::info::push;
use super::property::{bad, name, value};
use super::walk::{Level, Walk};
use super::{BootInfo, Device, Kind, Translation, TreeError, bus, interrupt, kind, pools};
use arrayvec::ArrayVec;
use dtoolkit::fdt::FdtNode;
use dtoolkit::standard::NodeStandard;
use hal::{DmaAddr, PhysRange};

/// Adds every device that the kernel knows, and the buses these are on.
pub(super) fn collect(root: FdtNode<'_>, info: &mut BootInfo) -> Result<(), TreeError> {
    let gic = interrupt::controller(root)?;
    let mut walk = Walk::new(root);
    while let Some(node) = walk.next()? {
        if let Some(kind) = kind::of(&node) {
            let device = device(info, &node, kind, walk.path(), gic)?;
            push(&mut info.devices, device, "devices")?;
        }
    }
    Ok(())
}

fn device(
    info: &mut BootInfo,
    node: &FdtNode<'_>,
    kind: Kind,
    path: &mut [Level<'_>],
    gic: Option<u32>,
) -> Result<Device, TreeError> {
    let bus = bus::of(info, path)?;
    let below = bus::opens_bus(node).then(|| bus::add(info, path, Some(*node)));
    let root = path.first().map(|level| level.node);
    Ok(Device {
        name: name(node),
        kind,
        registers: registers(node, &info.bus(bus).registers)?,
        interrupts: interrupt::of(node, path, gic)?,
        channel_mask: value(node, "brcm,dma-channel-mask")?,
        coherent: is_coherent(node, path),
        bus,
        below: below.transpose()?,
        region: pools::of(info, root, node)?,
    })
}

/// The node's `reg`, where the CPU finds it.
fn registers(node: &FdtNode<'_>, above: &Translation) -> Result<ArrayVec<PhysRange, 4>, TreeError> {
    let mut blocks = ArrayVec::new();
    for entry in node
        .reg()
        .map_err(|_| bad(node, "reg"))?
        .into_iter()
        .flatten()
    {
        let address = entry.address::<u64>().map_err(|_| bad(node, "reg"))?;
        let len = entry.size::<u64>().map_err(|_| bad(node, "reg"))?;
        let block = above.to_phys(DmaAddr::new(address), len);
        let hidden = TreeError::Hidden {
            node: name(node),
            address,
            len,
        };
        push(
            &mut blocks,
            block.ok_or(hidden)?,
            "register blocks of a device",
        )?;
    }
    Ok(blocks)
}

/// The property on a device or on any bus above it.
fn is_coherent(node: &FdtNode<'_>, path: &[Level<'_>]) -> bool {
    node.dma_coherent() || path.iter().any(|level| level.node.dma_coherent())
}
