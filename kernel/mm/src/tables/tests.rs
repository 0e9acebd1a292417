extern crate std;
use super::build::{Tables, fill};
use super::*;
use crate::testing::{ram, range};
use aarch64_paging::descriptor::El1Attributes;
use aarch64_paging::paging::MemoryRegion;
use hal::layout::{DEVICE_BASE, KERNEL_BASE, LINEAR_BASE, PERIPHERALS, UNCACHED_BASE};
use hal::{GIB, MIB, PAGE, PhysAddr, PhysRange};
use std::vec::Vec;

const LOAD: u64 = 0x20_0000;

fn image(plan: &mut Plan) {
    let parts = [
        (0, 0x8000, Kind::Text),
        (0x8000, 0x4000, Kind::ReadOnly),
        (0xC000, 0x10_0000, Kind::Data),
        (0x10_D000, 0x4000, Kind::Data), // behind a guard page
    ];
    for (offset, len, kind) in parts {
        plan.add_image(KERNEL_BASE + offset, range(LOAD + offset, len), kind)
            .expect("fits");
    }
}

/// An 8 GiB board: image cut out, VideoCore absent, registers.
fn board() -> Plan {
    let mut plan = Plan::new();
    let ram = [
        range(0, LOAD),
        range(LOAD + 0x11_1000, 0x3B40_0000 - LOAD - 0x11_1000),
        range(GIB, 0xBC00_0000),
        range(4 * GIB, 4 * GIB),
    ];
    ram.into_iter()
        .try_for_each(|bank| plan.add_ram(bank))
        .expect("fits");
    plan.add_device(PERIPHERALS).expect("fits");
    image(&mut plan);
    plan
}

fn built(plan: &Plan, pages: u64) -> Result<Tables, BuildError> {
    let phys = range(0x30_0000, pages * PAGE);
    let (_, linear) = ram(phys);
    #[expect(unsafe_code, reason = "memory for the tests")]
    // SAFETY: leaked memory of this test that plays `phys`.
    let memory = unsafe { TableMemory::new(phys, linear.pointer(phys.start())) };
    fill(plan, memory)
}

/// Level, physical address and flags of the leaf that maps `virt`.
fn leaf(tables: &Tables, virt: u64) -> Option<(usize, u64, El1Attributes)> {
    let mut found = None;
    let page = MemoryRegion::new(virt as usize, (virt + PAGE) as usize);
    tables
        .walk_range(&page, &mut |_, descriptor, level| {
            if descriptor.is_valid() {
                let phys = descriptor.output_address().0 as u64;
                found = Some((level, phys, descriptor.flags()));
            }
            Ok(())
        })
        .expect("in the upper half");
    found
}

#[test]
fn a_plan_has_no_address_twice_and_no_memory_twice() {
    let plan = board();
    for (index, a) in plan.areas().iter().enumerate() {
        for b in &plan.areas()[index + 1..] {
            assert!(a.virt_last() < b.virt || b.virt_last() < a.virt);
            assert!(!a.phys.overlaps(b.phys));
        }
    }
}

#[test]
fn a_second_address_for_the_image_is_refused() {
    let mut plan = Plan::new();
    image(&mut plan);
    let found = plan.add_ram(range(0, GIB));
    assert!(matches!(found, Err(PlanError::MemoryTwice { .. })));
}

#[test]
fn a_second_meaning_of_an_address_is_refused() {
    let mut plan = Plan::new();
    image(&mut plan);
    let found = plan.add_image(KERNEL_BASE, range(GIB, PAGE), Kind::Data);
    assert!(matches!(found, Err(PlanError::AddressTwice { .. })));
}

#[test]
fn what_is_unaligned_or_outside_is_refused() {
    let mut plan = Plan::new();
    let odd = [
        plan.add_ram(range(0x800, PAGE)),
        plan.add_ram(range(0, 0x800)),
    ];
    assert!(
        odd.iter()
            .all(|found| matches!(found, Err(PlanError::Unaligned { .. })))
    );
    let outside = [
        plan.add_ram(range(128 * GIB, PAGE)),
        plan.add_image(0, range(0, PAGE), Kind::Data),
        plan.add_image(!0xFFF, range(0, 2 * PAGE), Kind::Data),
    ];
    assert!(
        outside
            .iter()
            .all(|found| matches!(found, Err(PlanError::OutOfSpace { .. })))
    );
}

#[test]
fn the_tables_of_an_8_gib_board_fit_and_are_counted_exactly() {
    let plan = board();
    let wanted = plan.tables();
    assert!(wanted <= 24, "{wanted} tables");
    assert!(built(&plan, wanted as u64).is_ok());
    let pages = wanted - 1;
    let found = built(&plan, pages as u64).map(|_| ());
    assert_eq!(found, Err(BuildError::NoRoom { wanted, pages }));
}

#[test]
fn every_kind_of_memory_has_its_attributes() {
    let tables = built(&board(), 32).expect("fits");
    let flags = |virt| leaf(&tables, virt).expect("mapped").2;
    let (text, constant, data) = (
        flags(KERNEL_BASE),
        flags(KERNEL_BASE + 0x8000),
        flags(KERNEL_BASE + 0xC000),
    );
    let (ram, device) = (flags(LINEAR_BASE), flags(DEVICE_BASE + 0xFE20_1000));
    let (ro, pxn) = (El1Attributes::READ_ONLY, El1Attributes::PXN);
    assert!(text.contains(ro) && !text.contains(pxn));
    assert!(constant.contains(ro | pxn));
    assert!(!data.contains(ro) && data.contains(pxn));
    assert!(!ram.contains(ro) && ram.contains(pxn));
    assert!(!device.contains(ro) && device.contains(pxn));
    let kind = |flags: El1Attributes| flags.bits() >> 2 & 7;
    assert_eq!(
        [text, constant, data, ram, device].map(kind),
        [1, 1, 1, 1, 0]
    );
    let all = El1Attributes::UXN | El1Attributes::ACCESSED;
    assert!(
        [text, constant, data, ram, device]
            .iter()
            .all(|flags| flags.contains(all))
    );
}

#[test]
fn nothing_is_both_writable_and_executable_and_any_page_can_be_changed_alone() {
    let tables = built(&board(), 32).expect("fits");
    let all = MemoryRegion::new(LINEAR_BASE as usize, KERNEL_BASE as usize + 0x20_0000);
    let mut leaves = 0;
    tables
        .walk_range(&all, &mut |_, descriptor, level| {
            if descriptor.is_valid() && !descriptor.is_table_or_page_above(level) {
                let flags = descriptor.flags();
                leaves += 1;
                assert!(flags.contains(El1Attributes::UXN));
                assert!(!flags.contains(El1Attributes::CONTIGUOUS_OR_PROTECTED));
                assert!(
                    flags.contains(El1Attributes::READ_ONLY) || flags.contains(El1Attributes::PXN)
                );
            }
            Ok(())
        })
        .expect("in the upper half");
    assert!(leaves > 4000);
}

/// The highest 2 MiB below the VideoCore, as the image takes them.
const SHARED: u64 = 0x3B20_0000;

fn with_uncached() -> Plan {
    let mut plan = Plan::new();
    image(&mut plan);
    for bank in [
        range(LOAD + 0x11_1000, SHARED - LOAD - 0x11_1000),
        range(GIB, GIB),
    ] {
        plan.add_ram(bank).expect("fits");
    }
    plan.add_uncached(range(SHARED, 2 * MIB)).expect("fits");
    plan
}

#[test]
fn co_5_uncached_memory_has_one_address_which_is_not_cacheable_and_never_executes() {
    let tables = built(&with_uncached(), 32).expect("fits");
    let (level, phys, flags) = leaf(&tables, UNCACHED_BASE + SHARED).expect("mapped");
    assert_eq!((level, phys), (2, SHARED), "one block");
    assert_eq!(flags.bits() >> 2 & 7, 2, "MAIR index of non-cacheable");
    assert!(flags.contains(El1Attributes::PXN | El1Attributes::UXN | El1Attributes::ACCESSED));
    assert!(!flags.contains(El1Attributes::READ_ONLY));
    for beside in [SHARED - PAGE, SHARED + 2 * MIB] {
        assert_eq!(leaf(&tables, UNCACHED_BASE + beside), None);
    }
    assert_eq!(leaf(&tables, LINEAR_BASE + SHARED), None);
    assert!(leaf(&tables, LINEAR_BASE + SHARED - PAGE).is_some());
}

#[test]
fn co_5_what_is_cacheable_cannot_be_shown_uncached_too() {
    let mut plan = with_uncached();
    let found = plan.add_uncached(range(GIB, 2 * MIB));
    assert!(matches!(found, Err(PlanError::MemoryTwice { .. })));
    let found = plan.add_ram(range(SHARED, 2 * MIB));
    assert!(matches!(found, Err(PlanError::MemoryTwice { .. })));
    let found = plan.add_uncached(range(KERNEL_BASE - UNCACHED_BASE, PAGE));
    assert!(matches!(found, Err(PlanError::OutOfSpace { .. })));
}

trait Leaf {
    fn is_table_or_page_above(&self, level: usize) -> bool;
}

impl Leaf for aarch64_paging::descriptor::Descriptor<El1Attributes> {
    fn is_table_or_page_above(&self, level: usize) -> bool {
        level < 3 && self.is_table_or_page()
    }
}

#[test]
fn addresses_lead_where_the_plan_says() {
    let tables = built(&board(), 32).expect("fits");
    let at = |virt| leaf(&tables, virt).map(|(_, phys, _)| phys);
    assert_eq!(at(KERNEL_BASE + 0x9000), Some(LOAD + 0x9000));
    assert_eq!(at(LINEAR_BASE + 7 * GIB), Some(7 * GIB));
    assert_eq!(at(DEVICE_BASE + 0xFE20_1000), Some(0xFE20_0000)); // its 2 MiB block
}

#[test]
fn guard_pages_the_image_and_the_videocore_are_absent() {
    let tables = built(&board(), 32).expect("fits");
    let absent = [
        KERNEL_BASE + 0x10_C000,        // guard page
        KERNEL_BASE + 0x11_1000,        // behind the image
        LINEAR_BASE + LOAD,             // text
        LINEAR_BASE + LOAD + 0x10_C000, // guard page
        LINEAR_BASE + 0x3B40_0000,      // VideoCore
        LINEAR_BASE + 0xFC00_0000,      // registers
        DEVICE_BASE,
    ];
    for virt in absent {
        assert_eq!(leaf(&tables, virt), None, "{virt:#x}");
    }
}

#[test]
fn no_block_is_larger_than_two_mib() {
    let tables = built(&board(), 32).expect("fits");
    for virt in [LINEAR_BASE + 2 * GIB, LINEAR_BASE + 5 * GIB] {
        assert_eq!(leaf(&tables, virt).map(|(level, ..)| level), Some(2));
    }
}

#[test]
fn pieces_cover_an_area_without_gap_or_overlap() {
    let area = Area {
        virt: LINEAR_BASE + 0x1F_F000,
        phys: range(0x1F_F000, 5 * MIB),
        kind: Kind::Ram,
    };
    let pieces: Vec<PhysRange> = area::pieces(area).map(|piece| piece.phys).collect();
    assert_eq!(pieces[0], range(0x1F_F000, 0x1000));
    let joined = pieces
        .windows(2)
        .all(|pair| pair[0].end() == pair[1].start());
    assert!(joined && pieces.last().map(|p| p.end()) == Some(PhysAddr::new(0x6F_F000)));
}
