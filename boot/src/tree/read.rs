//! From a blob to a [`BootInfo`], and which blob.

use super::info::shortened;
use super::property::value;
use super::{BootInfo, TreeError, chosen, cpus, device, memory};
use dtoolkit::fdt::{Fdt, FdtNode};
use dtoolkit::standard::NodeStandard;

/// What the boot code maps for the firmware's tree, from a multiple of 2 MiB at or below its start.
pub const WINDOW_BYTES: usize = 4 << 20;

/// The machine that this kernel is for.
const MACHINE: &str = "brcm,bcm2711";

const MAGIC: u32 = 0xD00D_FEED;
/// Bytes of a header, of which the first two words are the magic number and the total size.
const HEADER_BYTES: usize = 40;

/// Where the boot information came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The tree in the first argument register.
    Firmware,
    /// The tree in the image.
    BuiltIn,
}

/// Reads `from_firmware` into `info`, or `built_in` if there is none or it cannot be used; in the
/// latter case the error says why.
///
/// `from_firmware` is everything from the tree's start to the end of what is mapped for it.
pub fn choose(
    from_firmware: Option<&[u8]>,
    built_in: &[u8],
    info: &mut BootInfo,
) -> (Source, Option<TreeError>) {
    let error = match from_firmware.map(|blob| read(blob, info)) {
        Some(Ok(())) => return (Source::Firmware, None),
        Some(Err(error)) => Some(error),
        None => None,
    };
    read(built_in, info).expect("the built-in tree is ours and tested");
    (Source::BuiltIn, error)
}

/// Reads the tree at the start of `blob` into `info`, whatever that held before; after an error it
/// holds some of the tree. Bytes behind the tree's own end are ignored.
pub fn read(blob: &[u8], info: &mut BootInfo) -> Result<(), TreeError> {
    info.clear();
    let fdt = Fdt::new(cut(blob)?)?;
    let root = fdt.root();
    check_machine(&root)?;
    info.model = shortened(value::<&str>(&root, "model")?.unwrap_or_default());
    info.revision = revision(fdt)?;
    info.banks = memory::banks(root)?;
    memory::reservations(fdt, info)?;
    chosen::read(fdt, info)?;
    cpus::collect(fdt, info)?;
    device::collect(root, info)
}

/// `blob` up to the end that its header names.
fn cut(blob: &[u8]) -> Result<&[u8], TreeError> {
    let short = TreeError::Short { len: blob.len() };
    let header = blob.first_chunk::<HEADER_BYTES>().ok_or(short)?;
    let word = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    if word(0) != MAGIC {
        return Err(TreeError::Magic { word: word(0) });
    }
    let (size, room) = (word(4) as usize, blob.len());
    blob.get(..size).ok_or(TreeError::TooLarge { size, room })
}

fn check_machine(root: &FdtNode<'_>) -> Result<(), TreeError> {
    if root.is_compatible(MACHINE) {
        return Ok(());
    }
    let first = root.compatible().and_then(|mut list| list.next());
    Err(TreeError::Foreign {
        compatible: shortened(first.unwrap_or("(nothing)")),
    })
}

fn revision(fdt: Fdt<'_>) -> Result<Option<u32>, TreeError> {
    let node = fdt.find_node("/system");
    node.map_or(Ok(None), |node| value(&node, "linux,revision"))
}
