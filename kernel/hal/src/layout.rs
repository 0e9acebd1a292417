//! Virtual addresses of the kernel.
//!
//! 39 bits of address and 4 KiB pages: three levels, the root's 512 entries are 1 GiB each. The
//! kernel has the upper half (TTBR1) alone; the lower half stays unmapped, so that null, and a
//! physical address used as a pointer, trap.
//!
//! | from | what | memory type |
//! |---|---|---|
//! | [`LINEAR_BASE`] + phys | all RAM, save the image and uncached memory | write-back, never executable |
//! | [`DEVICE_BASE`] + phys | registers | Device-nGnRE, never executable |
//! | [`UNCACHED_BASE`] + phys | RAM that devices share with the CPU | non-cacheable, never executable |
//! | [`KERNEL_BASE`] | the image, wherever it was loaded | write-back; text, read-only, read-write |
//! | [`FDT_WINDOW`] | the device tree that the boot loader passed | write-back, read-only |
//!
//! RAM has one address only: what the image holds is absent from the linear map, so that no second
//! mapping could write to text or to a guard page.

use crate::{GIB, KIB, MAX_CPUS, MIB, PhysAddr, PhysRange};

/// Bits of a kernel address that are translated.
pub const VA_BITS: u32 = 39;

/// RAM at phys appears at `LINEAR_BASE + phys`.
pub const LINEAR_BASE: u64 = 0xFFFF_FF80_0000_0000;

/// Registers at phys appear at `DEVICE_BASE + phys`.
pub const DEVICE_BASE: u64 = 0xFFFF_FFC0_0000_0000;

/// Non-cacheable RAM at phys appears at `UNCACHED_BASE + phys`.
pub const UNCACHED_BASE: u64 = 0xFFFF_FFE0_0000_0000;

/// First byte of the image; `linker.ld` says the same and is checked against it.
pub const KERNEL_BASE: u64 = 0xFFFF_FFFF_C000_0000;

/// Bytes of address space for the image.
pub const KERNEL_SPACE: u64 = 256 * MIB;

/// Where the 2 MiB block with the first byte of the loader's device tree appears.
pub const FDT_WINDOW: u64 = 0xFFFF_FFFF_E000_0000;

/// Bytes mapped there: a tree of up to 2 MiB (the boot protocol's limit) that starts anywhere in
/// the first block fits.
pub const FDT_WINDOW_LEN: u64 = 4 * MIB;

/// Bytes of physical space that each of the three `+ phys` areas can show.
pub const PHYS_SPACE: u64 = 128 * GIB;

/// Peripherals in the low-peripheral mode (BCM2711 ARM Peripherals, 1.2): mapped from the start.
pub const PERIPHERALS: PhysRange = match PhysRange::new(PhysAddr::new(0xFC00_0000), 64 * MIB) {
    Ok(range) => range,
    Err(_) => unreachable!(),
};

/// Index of Device-nGnRE in [`MAIR`].
pub const ATTR_DEVICE: u64 = 0;
/// Index of Normal write-back memory in [`MAIR`].
pub const ATTR_NORMAL: u64 = 1;
/// Index of Normal non-cacheable memory in [`MAIR`].
pub const ATTR_UNCACHED: u64 = 2;
/// MAIR_EL1: one byte for each index above.
pub const MAIR: u64 =
    0x04 << (8 * ATTR_DEVICE) | 0xFF << (8 * ATTR_NORMAL) | 0x44 << (8 * ATTR_UNCACHED);

/// Bytes below each stack that are never mapped: an overflow faults there.
pub const STACK_GUARD: u64 = 4 * KIB;
/// Bytes of a core's exception stack (SP_EL1).
pub const EXCEPTION_STACK: u64 = 16 * KIB;
/// Bytes of a core's main stack (SP_EL0).
pub const MAIN_STACK: u64 = 128 * KIB;
/// Bytes of a core's emergency stack, for faults in handlers: room for the report, in a debug build
/// too. It ends where the core's stacks end; the vectors count on that.
pub const EMERGENCY_STACK: u64 = 16 * KIB;
/// Bytes from one core's stacks to the next: exception, main and emergency stack, each above a guard.
pub const STACK_STRIDE: u64 = 3 * STACK_GUARD + EXCEPTION_STACK + MAIN_STACK + EMERGENCY_STACK;
/// Bytes of all stacks with their guards.
pub const STACKS_LEN: u64 = STACK_STRIDE * MAX_CPUS as u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_follow_one_another_and_end_with_the_address_space() {
        assert_eq!(LINEAR_BASE, u64::MAX << VA_BITS);
        for base in [LINEAR_BASE, DEVICE_BASE, UNCACHED_BASE] {
            assert_eq!(base % GIB, 0);
        }
        const { assert!(LINEAR_BASE + PHYS_SPACE <= DEVICE_BASE) }
        const { assert!(DEVICE_BASE + PHYS_SPACE <= UNCACHED_BASE) }
        // The uncached area is cut short by the last GiB: there is no such RAM on this chip.
        const { assert!(UNCACHED_BASE + 16 * GIB <= KERNEL_BASE) }
        const { assert!(KERNEL_BASE + KERNEL_SPACE <= FDT_WINDOW) }
        const { assert!(FDT_WINDOW.checked_add(FDT_WINDOW_LEN).is_some()) }
    }

    #[test]
    fn each_attribute_index_names_its_type() {
        let attribute = |index: u64| MAIR >> (8 * index) & 0xFF;
        assert_eq!(attribute(ATTR_DEVICE), 0b0000_0100);
        assert_eq!(attribute(ATTR_NORMAL), 0b1111_1111);
        assert_eq!(attribute(ATTR_UNCACHED), 0b0100_0100);
    }
}
