//! The final page tables of this image: the image as it is, RAM linearly or uncached, registers as
//! such, and nothing else.

#![expect(
    unsafe_code,
    reason = "page tables are memory that the MMU reads, and switching to them"
)]

use boot::{Image, Rights};
use core::cell::UnsafeCell;
use core::ptr::NonNull;
use hal::layout::PERIPHERALS;
use hal::{PAGE, PhysRange};
use mm::tables::{Kind, Plan, PlanError, TableMemory, build};
use mm::{ClaimKind, Ram};

/// Pages of the image that become page tables; the largest board takes 20.
const TABLE_PAGES: usize = 64;

#[repr(C, align(4096))]
struct Tables(UnsafeCell<[u8; TABLE_PAGES * PAGE as usize]>);

// SAFETY: `switch` hands the contents to the MMU, once; Rust never looks at them again.
unsafe impl Sync for Tables {}

static TABLES: Tables = Tables(UnsafeCell::new([0; TABLE_PAGES * PAGE as usize]));

/// Switches to the final page tables. Called once; panics where they cannot be built.
pub(super) fn switch(ram: &Ram, image: &Image) {
    let plan = plan(ram, image).unwrap_or_else(|error| panic!("page tables: {error}"));
    let memory = table_memory(image);
    let root = build(&plan, memory).unwrap_or_else(|error| panic!("page tables: {error}"));
    #[cfg(feature = "planted")]
    enter_alias(image, root);
    // SAFETY: the plan maps every part of the image where it is now, with the rights that it has,
    // and the registers that are in use; the window on the tree is not read any more.
    unsafe { arch::cpu::switch_tables(root) };
}

#[cfg(feature = "planted")]
fn enter_alias(image: &Image, root: hal::PhysAddr) {
    let first = image.to_phys(TABLES.0.get() as u64);
    assert_eq!(first, Some(root), "the root is the first of the tables");
    // SAFETY: the root of tables that were just built, by the line above; `switch` comes next.
    unsafe { crate::planted::alias::enter(TABLES.0.get().cast()) };
}

/// The static, as memory for tables.
fn table_memory(image: &Image) -> TableMemory {
    let start = NonNull::new(TABLES.0.get().cast::<u8>()).expect("a static has an address");
    let phys = image
        .to_phys(start.addr().get() as u64)
        .expect("a static is part of the image");
    let phys = PhysRange::new(phys, TABLE_PAGES as u64 * PAGE).expect("statics do not wrap");
    // SAFETY: the static, mapped write-back in the image; `switch` alone uses it, once.
    unsafe { TableMemory::new(phys, start) }
}

fn plan(ram: &Ram, image: &Image) -> Result<Plan, PlanError> {
    let mut plan = Plan::new();
    for part in image.parts() {
        plan.add_image(part.virt, part.phys, kind(part.rights))?;
    }
    let linear = ram.map().linear();
    let linear = linear.unwrap_or_else(|error| panic!("memory map: {error}"));
    for range in linear {
        plan.add_ram(range)?;
    }
    for range in uncached(ram) {
        plan.add_uncached(range)?;
    }
    plan.add_device(PERIPHERALS)?;
    Ok(plan)
}

/// What the linear map does not show because it must not be cached.
fn uncached(ram: &Ram) -> impl Iterator<Item = PhysRange> {
    let named = ram.map().named().iter();
    named
        .filter(|named| named.kind == ClaimKind::Uncached)
        .map(|named| named.range)
}

const fn kind(rights: Rights) -> Kind {
    match rights {
        Rights::Text => Kind::Text,
        Rights::ReadOnly => Kind::ReadOnly,
        Rights::ReadWrite => Kind::Data,
    }
}
