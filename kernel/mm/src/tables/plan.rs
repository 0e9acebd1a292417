//! What the kernel sees where: the areas that are to be mapped, and what must not be among them.
//!
//! No address has two meanings, and no byte of RAM two addresses: a second one with other rights or
//! another memory type would undo the first.

use super::area::{Area, Kind, is_block, pieces};
use arrayvec::ArrayVec;
use core::fmt;
use hal::layout::{DEVICE_BASE, KERNEL_BASE, LINEAR_BASE, PHYS_SPACE, UNCACHED_BASE};
use hal::{PAGE, PhysAddr, PhysRange};

const MAX_AREAS: usize = 96;

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

    /// Adds RAM to the uncached window; it must not be in the linear map.
    pub fn add_uncached(&mut self, phys: PhysRange) -> Result<(), PlanError> {
        let virt = UNCACHED_BASE.wrapping_add(phys.start().get());
        if phys.end() > PhysAddr::new(KERNEL_BASE - UNCACHED_BASE) {
            let kind = Kind::Uncached;
            let area = Area { virt, phys, kind };
            return Err(PlanError::OutOfSpace { area });
        }
        self.add_offset(UNCACHED_BASE, phys, Kind::Uncached)
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
