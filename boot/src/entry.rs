//! From the loader's jump to `kernel_main`, in assembly.
//!
//! No Rust runs before the MMU is on: absolute pointers would be wrong, and unaligned accesses and
//! `dc zva` would fault.
//!
//! | file | does |
//! |---|---|
//! | `words.s` | constants and macros |
//! | `head.s` | Image header; parks other cores; EL3 or EL2 down to EL1, every register set |
//! | `el1.s` | registers of EL1, MMU and caches on, lower half off |
//! | `tables.s` | first page tables |
//! | `upper.s` | bss, [`Handoff`], stacks, [`KernelMain`] |
//! | `secondary.s` | the same way for the other cores, once [`secondary_start`] lets them, to [`SecondaryMain`] |

#![expect(unsafe_code, reason = "the assembly itself")]

use crate::{Handoff, Image};
use core::arch::global_asm;
use core::mem::{offset_of, size_of};
use core::ops::RangeInclusive;
use core::sync::atomic::{AtomicU64, Ordering};
use hal::{GIB, MAX_CPUS, MIB, PhysAddr, layout};

/// What the entry jumps to: the image defines `kernel_main`, unmangled. It runs at EL1 on core 0,
/// on the main stack (SP_EL0), with exceptions masked and a vector table that stands still.
pub type KernelMain = extern "C" fn(&'static Handoff) -> !;

/// What another core's entry jumps to with the core's number: the image defines `secondary_main`,
/// unmangled. It runs at EL1 on the kernel's own tables, on that core's main stack, with exceptions
/// masked and a vector table that stands still.
pub type SecondaryMain = extern "C" fn(u64) -> !;

/// Root of the kernel's tables, alone in its cache line.
#[repr(C, align(64))]
struct SecondaryRoot(AtomicU64);

static SECONDARY_ROOT: SecondaryRoot = SecondaryRoot(AtomicU64::new(0));

/// Where the loader puts the image, relative to a 2 MiB boundary (arm64 Image header). Firmware and
/// emulator turn 0 into 200000h, since page 0 is taken. The image finds its own place, so a tool may
/// write another offset into the finished header.
const TEXT_OFFSET: u64 = 0;

const BLOCK: u64 = 2 * MIB;

/// Index of the entry for `virt` in its level-1 table.
const fn level1(virt: u64) -> u64 {
    (virt / GIB) % 512
}

/// Index of the entry for `addr` in its level-2 table.
const fn level2(addr: u64) -> u64 {
    (addr / BLOCK) % 512
}

const PERIPHERALS: u64 = layout::PERIPHERALS.start().get();

global_asm!(
    include_str!("entry/words.s"),
    include_str!("entry/head.s"),
    include_str!("entry/el1.s"),
    include_str!("entry/tables.s"),
    include_str!("entry/upper.s"),
    include_str!("entry/secondary.s"),
    text_offset = const TEXT_OFFSET,
    kernel_base = const layout::KERNEL_BASE,
    stacks_len = const layout::STACKS_LEN,
    attr_normal = const layout::ATTR_NORMAL,
    attr_device = const layout::ATTR_DEVICE,
    mair = const layout::MAIR,
    exception_stack = const layout::EXCEPTION_STACK,
    main_stack = const layout::MAIN_STACK,
    emergency_stack = const layout::EMERGENCY_STACK,
    stack_guard = const layout::STACK_GUARD,
    stack_stride = const layout::STACK_STRIDE,
    cores_mask = const MAX_CPUS - 1,
    secondary_root = sym SECONDARY_ROOT,
    kernel_l1 = const level1(layout::KERNEL_BASE),
    kernel_l2 = const level2(layout::KERNEL_BASE),
    device_l1 = const level1(layout::DEVICE_BASE + PERIPHERALS),
    device_l2 = const level2(PERIPHERALS),
    peripherals = const PERIPHERALS,
    peripheral_blocks = const layout::PERIPHERALS.len() / BLOCK,
    fdt_window = const layout::FDT_WINDOW,
    fdt_window_len = const layout::FDT_WINDOW_LEN,
    fdt_l2 = const level2(layout::FDT_WINDOW),
    x0_at_entry = const offset_of!(Handoff, x0),
    fdt = const offset_of!(Handoff, fdt),
    load = const offset_of!(Handoff, load),
    entry_el = const offset_of!(Handoff, entry_el),
    sctlr_el2 = const offset_of!(Handoff, sctlr_el2),
    hcr_el2 = const offset_of!(Handoff, hcr_el2),
    cpuectlr = const offset_of!(Handoff, cpuectlr),
    l2ctlr = const offset_of!(Handoff, l2ctlr),
    cpuactlr_found = const offset_of!(Handoff, cpuactlr_found),
    cpuactlr = const offset_of!(Handoff, cpuactlr),
    midr = const offset_of!(Handoff, midr),
    mpidr = const offset_of!(Handoff, mpidr),
    cntfrq = const offset_of!(Handoff, cntfrq),
    ctr = const offset_of!(Handoff, ctr),
    mmfr0 = const offset_of!(Handoff, mmfr0),
    handoff_len = const size_of::<Handoff>(),
);

// linker.ld defines them; each has an address and no contents.
unsafe extern "C" {
    static __image_start: u8;
    static __text_end: u8;
    static __rodata_end: u8;
    static __stacks_start: u8;
    static __image_end: u8;
    static __build_id_start: u8;
    static __build_id_end: u8;
    static secondary_entry: u8;
}

/// Where another core enters, to arrive in `secondary_main` on the tables at `root`.
///
/// `clean` gets the addresses of what that core reads while its caches are off; it must have
/// written them back to memory, completely, when it returns.
pub fn secondary_start(
    handoff: &Handoff,
    root: PhysAddr,
    clean: impl FnOnce(RangeInclusive<u64>),
) -> PhysAddr {
    SECONDARY_ROOT.0.store(root.get(), Ordering::Relaxed);
    let start = (&raw const SECONDARY_ROOT).addr() as u64;
    clean(start..=start + size_of::<SecondaryRoot>() as u64 - 1);
    let entry = (&raw const secondary_entry).addr() as u64;
    PhysAddr::new(handoff.load + (entry - layout::KERNEL_BASE))
}

/// Borders of the running image. `handoff` tells where it was loaded.
pub fn image(handoff: &Handoff) -> Image {
    let offset = |symbol: *const u8| symbol.addr() as u64 - layout::KERNEL_BASE;
    Image {
        load: PhysAddr::new(handoff.load),
        text_end: offset(&raw const __text_end),
        rodata_end: offset(&raw const __rodata_end),
        stacks_start: offset(&raw const __stacks_start),
        end: offset(&raw const __image_end),
    }
}

/// The linker's build id: a hash over the image, to pair a log with the ELF file it came from.
pub fn build_id() -> &'static [u8] {
    // Name size, description size, type, then the name "GNU" with its NUL.
    const NOTE_HEADER: usize = 16;
    let start = (&raw const __build_id_start).wrapping_add(NOTE_HEADER);
    let len = (&raw const __build_id_end).addr() - start.addr();
    // SAFETY: linker.ld keeps one note between the two symbols in .rodata and asserts that it is
    // there; nothing ever writes to it.
    unsafe { core::slice::from_raw_parts(start, len) }
}
