//! The other cores, and how each is let out of the firmware's loop.
//!
//! Source: Devicetree Specification 0.4, 3.8 (`/cpus`), `enable-method` "spin-table".

use super::info::push;
use super::property::{cells, value};
use super::{BootInfo, TreeError};
use dtoolkit::fdt::{Fdt, FdtNode};
use dtoolkit::{Node, Property};
use hal::{CpuId, PhysAddr};

/// A core that waits until its release word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParkedCpu {
    /// Its number.
    pub id: CpuId,
    /// Where it polls for the address at which it is to enter.
    pub release: PhysAddr,
}

/// Adds every core but the boot core that can be started by a release word.
pub(super) fn collect(fdt: Fdt<'_>, info: &mut BootInfo) -> Result<(), TreeError> {
    let Some(parent) = fdt.find_node("/cpus") else {
        return Ok(());
    };
    for node in parent.children().filter(|node| !has_failed(node)) {
        if let Some(cpu) = parked(&node)? {
            push(&mut info.cpus, cpu, "cores")?;
        }
    }
    Ok(())
}

/// The core of a node; none for other nodes, other methods, the boot core, and numbers beyond ours.
fn parked(node: &FdtNode<'_>) -> Result<Option<ParkedCpu>, TreeError> {
    if value::<&str>(node, "enable-method")? != Some("spin-table") {
        return Ok(None);
    }
    let release = value::<u64>(node, "cpu-release-addr")?;
    let id = cells(node, "reg")?.last().and_then(known);
    Ok(id.zip(release).map(|(id, release)| ParkedCpu {
        id,
        release: PhysAddr::new(release),
    }))
}

/// `disabled` only means that the core does not run yet; what broke is not to be touched.
fn has_failed(node: &FdtNode<'_>) -> bool {
    let status = node.property("status");
    status.is_some_and(|status| status.value().starts_with(b"fail"))
}

fn known(number: u32) -> Option<CpuId> {
    CpuId::new(number as usize).filter(|id| *id != CpuId::BOOT)
}
