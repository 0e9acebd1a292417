//! `/chosen`: what the boot loader decided.

use super::info::shortened;
use super::property::{bad, cells, value};
use super::{BootInfo, TreeError};
use arrayvec::ArrayString;
use dtoolkit::fdt::{Fdt, FdtNode};
use hal::{PhysAddr, PhysRange};

/// Adds command line, initial RAM disk and console. Needs the banks.
pub(super) fn read(fdt: Fdt<'_>, info: &mut BootInfo) -> Result<(), TreeError> {
    let Some(node) = fdt.find_node("/chosen") else {
        return Ok(());
    };
    bootargs(&node, info)?;
    info.stdout = stdout(&node)?;
    info.initrd = initrd(&node, info)?;
    Ok(())
}

/// A command line that does not fit is refused: half of one may say the opposite.
fn bootargs(node: &FdtNode<'_>, info: &mut BootInfo) -> Result<(), TreeError> {
    let text = value::<&str>(node, "bootargs")?.unwrap_or_default();
    let max = info.bootargs.capacity();
    let what = "bytes of bootargs";
    let pushed = info.bootargs.try_push_str(text);
    pushed.map_err(|_| TreeError::TooMany { what, max })
}

/// The console's path; what follows a colon are options.
fn stdout(node: &FdtNode<'_>) -> Result<ArrayString<64>, TreeError> {
    let text = value::<&str>(node, "stdout-path")?.unwrap_or_default();
    Ok(shortened(text.split(':').next().unwrap_or_default()))
}

/// Both ends or neither; equal ends say that there is none.
fn initrd(node: &FdtNode<'_>, info: &BootInfo) -> Result<Option<PhysRange>, TreeError> {
    let ends = (
        end(node, "linux,initrd-start")?,
        end(node, "linux,initrd-end")?,
    );
    let (start, end) = match ends {
        (None, None) => return Ok(None),
        (Some(start), Some(end)) if start == end => return Ok(None),
        (start, end) => (start.unwrap_or(0), end.unwrap_or(0)),
    };
    let range = PhysRange::between(PhysAddr::new(start), PhysAddr::new(end)).ok();
    let in_ram = |range: &PhysRange| info.banks.iter().any(|bank| bank.contains(*range));
    range
        .filter(in_ram)
        .map(Some)
        .ok_or(TreeError::Initrd { start, end })
}

/// One or two cells, as loaders differ.
fn end(node: &FdtNode<'_>, property: &'static str) -> Result<Option<u64>, TreeError> {
    let mut list = cells(node, property)?;
    match (list.next(), list.next(), list.next()) {
        (None, ..) => {
            value::<&[u8]>(node, property)?.map_or(Ok(None), |_| Err(bad(node, property)))
        }
        (Some(low), None, _) => Ok(Some(u64::from(low))),
        (Some(high), Some(low), None) => Ok(Some(u64::from(high) << 32 | u64::from(low))),
        _ => Err(bad(node, property)),
    }
}
