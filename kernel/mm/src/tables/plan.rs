//! What the kernel sees where.
//!
//! Rights are one of five kinds, none of which both stores and executes. No address has two
//! meanings, and no byte of RAM two addresses: a second one with other rights or another memory type
//! would undo the first.

use arrayvec::ArrayVec;
use core::fmt;
use hal::layout::{DEVICE_BASE, LINEAR_BASE, PHYS_SPACE};
use hal::{PAGE, PhysAddr, PhysRange};

const MAX_AREAS: usize = 96;

/// Smallest block above a page: what one entry of a second-level table can map.
pub(super) const BLOCK: u64 = 2 * hal::MIB;

/// Memory type and rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RAM of the linear map: write-back, read, write.
    Ram,
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

    const fn meets(&self, other: &Self) -> bool {
        self.virt <= other.virt_last() && other.virt <= self.virt_last()
    }
}

/// Why something cannot be part of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// An end is not on a page boundary.
    Unaligned {
        /// The area.
        area: Area,
    },
    /// Outside of what the address space has for it.
    OutOfSpace {
        /// The area.
        area: Area,
    },
    /// Two areas at the same address.
    AddressTwice {
        /// The earlier one.
        first: Area,
        /// The later one.
        second: Area,
    },
    /// The same memory in two areas.
    MemoryTwice {
        /// The earlier one.
        first: Area,
        /// The later one.
        second: Area,
    },
    /// More areas than there is room for.
    TooMany {
        /// How many there may be.
        max: usize,
    },
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unaligned { area } => write!(f, "{area} is not in whole pages"),
            Self::OutOfSpace { area } => write!(f, "{area} is outside of its address space"),
            Self::AddressTwice { first, second } => {
                write!(f, "{first} and {second} share addresses")
            }
            Self::MemoryTwice { first, second } => write!(f, "{first} and {second} share memory"),
            Self::TooMany { max } => write!(f, "more than {max} areas to map"),
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} at {:#x}", self.kind, self.phys, self.virt)
    }
}

/// Everything that is to be mapped.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    areas: ArrayVec<Area, MAX_AREAS>,
}

impl Plan {
    /// An empty plan.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds RAM to the linear map.
    pub fn add_ram(&mut self, phys: PhysRange) -> Result<(), PlanError> {
        self.add_offset(LINEAR_BASE, phys, Kind::Ram)
    }

    /// Adds registers to the device window.
    pub fn add_device(&mut self, phys: PhysRange) -> Result<(), PlanError> {
        self.add_offset(DEVICE_BASE, phys, Kind::Device)
    }

    fn add_offset(&mut self, base: u64, phys: PhysRange, kind: Kind) -> Result<(), PlanError> {
        let virt = base.wrapping_add(phys.start().get());
        let area = Area { virt, phys, kind };
        if phys.end() > PhysAddr::new(PHYS_SPACE) {
            return Err(PlanError::OutOfSpace { area });
        }
        self.add(area)
    }

    /// Adds a part of the image. What is between parts stays absent: guard pages.
    pub fn add_image(&mut self, virt: u64, phys: PhysRange, kind: Kind) -> Result<(), PlanError> {
        self.add(Area { virt, phys, kind })
    }

    fn add(&mut self, area: Area) -> Result<(), PlanError> {
        if !area.virt.is_multiple_of(PAGE) || !area.phys.is_aligned(PAGE) {
            return Err(PlanError::Unaligned { area });
        }
        if area.virt < LINEAR_BASE || area.virt.checked_add(area.phys.len() - 1).is_none() {
            return Err(PlanError::OutOfSpace { area });
        }
        self.areas
            .iter()
            .try_for_each(|first| apart(*first, area))?;
        let max = MAX_AREAS;
        self.areas
            .try_push(area)
            .map_err(|_| PlanError::TooMany { max })
    }

    /// What has been added.
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// Pages of tables that the plan takes: the root, one second-level table for each GiB that
    /// holds something, one third-level table for each 2 MiB that cannot be a block.
    pub fn tables(&self) -> usize {
        1 + self.units(30, |_| true) + self.units(21, |piece| !is_block(piece))
    }

    /// How many different units of `2^shift` bytes hold a piece that `counts`.
    fn units(&self, shift: u32, counts: impl Fn(&Area) -> bool) -> usize {
        let mut total = 0;
        for (index, area) in self.areas.iter().enumerate() {
            let mut last = None;
            for unit in pieces(*area)
                .filter(&counts)
                .map(|piece| piece.virt >> shift)
            {
                let earlier = self.areas[..index].iter().any(|other| {
                    pieces(*other).any(|piece| piece.virt >> shift == unit && counts(&piece))
                });
                total += usize::from(last != Some(unit) && !earlier);
                last = Some(unit);
            }
        }
        total
    }
}

fn apart(first: Area, second: Area) -> Result<(), PlanError> {
    if first.meets(&second) {
        return Err(PlanError::AddressTwice { first, second });
    }
    if first.phys.overlaps(second.phys) {
        return Err(PlanError::MemoryTwice { first, second });
    }
    Ok(())
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
