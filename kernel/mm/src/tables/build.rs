//! The plan as page tables.

#![expect(unsafe_code, reason = "tables are written through raw pointers")]

use super::area::{Area, Kind, pieces};
use super::plan::Plan;
use aarch64_paging::MapError;
use aarch64_paging::descriptor::{El1Attributes, PhysicalAddress};
use aarch64_paging::paging::{
    Constraints, El1And0, MemoryRegion, PageTable, RootTable, Translation, VaRange,
};
use core::fmt;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use hal::layout::{ATTR_DEVICE, ATTR_NORMAL, ATTR_UNCACHED};
use hal::{PAGE, PhysAddr, PhysRange};

/// With 39 bits of address, the root is a first-level table.
const ROOT_LEVEL: usize = 1;

/// Pages for tables: where they are, and where they can be written.
pub struct TableMemory {
    phys: PhysRange,
    start: NonNull<u8>,
    used: u64,
}

impl TableMemory {
    /// Pages at `phys` that can be written from `start` on.
    ///
    /// # Safety
    /// All of `phys` (whole pages) is mapped at `start`, write-back, belongs to nobody else, and is
    /// never used for anything else: the MMU will read it for as long as the kernel runs.
    pub const unsafe fn new(phys: PhysRange, start: NonNull<u8>) -> Self {
        Self {
            phys,
            start,
            used: 0,
        }
    }

    fn pages(&self) -> usize {
        (self.phys.len() / PAGE) as usize
    }

    fn at(&self, offset: u64) -> NonNull<PageTable<El1Attributes>> {
        assert!(
            offset < self.phys.len(),
            "a table outside of the memory for tables"
        );
        // SAFETY: inside the memory that `new` vouches for, by the line above.
        unsafe { self.start.add(offset as usize) }.cast()
    }
}

impl Translation<El1Attributes> for TableMemory {
    fn allocate_table(&mut self) -> (NonNull<PageTable<El1Attributes>>, PhysicalAddress) {
        let table = self.at(self.used);
        // SAFETY: a whole page of ours that holds no table yet.
        unsafe { table.cast::<u8>().write_bytes(0, PAGE as usize) };
        let phys = self.phys.start().get() + self.used;
        self.used += PAGE;
        (table, PhysicalAddress(phys as usize))
    }

    /// Tables are only ever added.
    unsafe fn deallocate_table(&mut self, _: NonNull<PageTable<El1Attributes>>) {}

    fn physical_to_virtual(&self, pa: PhysicalAddress) -> NonNull<PageTable<El1Attributes>> {
        let offset = PhysAddr::new(pa.0 as u64).offset_from(self.phys.start());
        self.at(offset.expect("tables lie in the memory for tables"))
    }
}

/// Why the tables could not be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildError {
    /// Too few pages for tables.
    NoRoom {
        /// Pages that the plan takes.
        wanted: usize,
        /// Pages there are.
        pages: usize,
    },
    /// The encoder refused an area.
    Refused {
        /// The area.
        area: Area,
        /// Its reason.
        error: MapError,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoom { wanted, pages } => {
                write!(f, "page tables take {wanted} pages, there are {pages}")
            }
            Self::Refused { area, error } => write!(f, "cannot map {area}: {error}"),
        }
    }
}

/// Writes `plan` into tables in `memory`, and gives the address of the root (for TTBR1, 39 bits).
///
/// The tables are for good. Switching to them is up to `arch`.
pub fn build(plan: &Plan, memory: TableMemory) -> Result<PhysAddr, BuildError> {
    fill(plan, memory).map(|tables| PhysAddr::new(tables.to_physical().0 as u64))
}

pub(super) type Tables = ManuallyDrop<RootTable<El1And0, TableMemory>>;

/// `ManuallyDrop`: the MMU reads the tables long after this value is gone.
pub(super) fn fill(plan: &Plan, memory: TableMemory) -> Result<Tables, BuildError> {
    let (wanted, pages) = (plan.tables(), memory.pages());
    if wanted > pages {
        return Err(BuildError::NoRoom { wanted, pages });
    }
    let root = RootTable::with_va_range(memory, ROOT_LEVEL, El1And0, VaRange::Upper);
    let mut tables = ManuallyDrop::new(root);
    for piece in plan.areas().iter().copied().flat_map(pieces) {
        map(&mut tables, piece)?;
    }
    Ok(tables)
}

fn map(tables: &mut Tables, area: Area) -> Result<(), BuildError> {
    let start = area.virt as usize;
    let range = MemoryRegion::new(start, start + area.phys.len() as usize);
    let phys = PhysicalAddress(area.phys.start().get() as usize);
    // A contiguous hint would have to be removed before one page of sixteen can change.
    let constraints = Constraints::NO_CONTIGUOUS_HINT;
    tables
        .map_range(&range, phys, attributes(area.kind), constraints)
        .map_err(|error| BuildError::Refused { area, error })
}

/// Attributes of a leaf. All are global, accessed (no access faults to handle), and nothing is for
/// EL0, which has no address here.
const fn attributes(kind: Kind) -> El1Attributes {
    let common = El1Attributes::VALID
        .union(El1Attributes::ACCESSED)
        .union(El1Attributes::UXN);
    let normal = El1Attributes::ATTRIBUTE_INDEX_1.union(El1Attributes::INNER_SHAREABLE);
    let rights = match kind {
        Kind::Ram | Kind::Data => normal.union(El1Attributes::PXN),
        // Non-cacheable memory is outer shareable, whatever is said here: say the same.
        Kind::Uncached => El1Attributes::ATTRIBUTE_INDEX_2
            .union(El1Attributes::OUTER_SHAREABLE)
            .union(El1Attributes::PXN),
        Kind::Device => El1Attributes::ATTRIBUTE_INDEX_0.union(El1Attributes::PXN),
        Kind::Text => normal.union(El1Attributes::READ_ONLY),
        Kind::ReadOnly => normal
            .union(El1Attributes::READ_ONLY)
            .union(El1Attributes::PXN),
    };
    common.union(rights)
}

// The indices above are those of `hal::layout::MAIR`.
const _: () = assert!(ATTR_DEVICE == 0 && ATTR_NORMAL == 1 && ATTR_UNCACHED == 2);
