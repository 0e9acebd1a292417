//! One stretch of the kernel's address space: what is seen there, and with which rights.
//!
//! Rights are one of six kinds, none of which both stores and executes. Areas are mapped in pieces
//! of 2 MiB at most, so that parts of them can be mapped otherwise later.

use core::fmt;
use hal::PhysRange;

/// Smallest block above a page: what one entry of a second-level table can map.
const BLOCK: u64 = 2 * hal::MIB;

/// Memory type and rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RAM of the linear map: write-back, read, write.
    Ram,
    /// RAM that devices share with the CPU: not cacheable, read, write.
    Uncached,
    /// Registers: Device-nGnRE, read, write.
    Device,
    /// The image's code: write-back, read, execute.
    Text,
    /// The image's constants: write-back, read.
    ReadOnly,
    /// The image's variables and stacks: write-back, read, write.
    Data,
}

/// Neighbouring pages of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// Address of the first byte, on a page.
    pub virt: u64,
    /// What is seen there, in whole pages.
    pub phys: PhysRange,
    /// How.
    pub kind: Kind,
}

impl Area {
    /// Last byte's address. Inclusive, as an area may end with the address space.
    pub const fn virt_last(&self) -> u64 {
        self.virt + (self.phys.len() - 1)
    }

    /// Do the two share addresses?
    pub(super) const fn meets(&self, other: &Self) -> bool {
        self.virt <= other.virt_last() && other.virt <= self.virt_last()
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} at {:#x}", self.kind, self.phys, self.virt)
    }
}

/// `area` cut at multiples of 2 MiB. Mapped piece by piece, it never becomes a block of 1 GiB, of
/// which no part could be made uncached later.
pub(super) fn pieces(area: Area) -> impl Iterator<Item = Area> {
    let mut offset = 0;
    core::iter::from_fn(move || {
        let rest = area.phys.len() - offset;
        let virt = area.virt.wrapping_add(offset);
        let phys = area.phys.slice(offset, rest.min(BLOCK - virt % BLOCK))?;
        offset += phys.len();
        Some(Area {
            virt,
            phys,
            kind: area.kind,
        })
    })
}

/// Does one entry of a second-level table map the piece?
pub(super) fn is_block(piece: &Area) -> bool {
    piece.virt.is_multiple_of(BLOCK) && piece.phys.is_aligned(BLOCK)
}
