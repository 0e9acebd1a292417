//! What the entry found.
//!
//! The entry sets every register that EL2 may write and assumes none. What only EL3 can set, and what
//! tells how the image was started, is recorded here; `finding` judges it.

/// Registers and addresses as the entry found them, before it changed anything.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handoff {
    /// x0: the physical address of a device tree, if the loader has one.
    pub x0: u64,
    /// Where the byte at `x0` is mapped, read-only, in `hal::layout::FDT_WINDOW`; 0 if `x0` cannot
    /// be a tree's address.
    pub fdt: u64,
    /// Physical address of the image.
    pub load: u64,
    /// Exception level: 3, 2 or 1.
    pub entry_el: u64,
    /// SCTLR_EL2; 0 when entered at EL1.
    pub sctlr_el2: u64,
    /// HCR_EL2; 0 when entered at EL1.
    pub hcr_el2: u64,
    /// CPUECTLR_EL1; like the next three 0 when entered at EL1 or on another core than an A72 r0.
    pub cpuectlr: u64,
    /// L2CTLR_EL1.
    pub l2ctlr: u64,
    /// CPUACTLR_EL1.
    pub cpuactlr_found: u64,
    /// CPUACTLR_EL1 with the remedy of erratum 859971, as read back.
    pub cpuactlr: u64,
    /// MIDR_EL1.
    pub midr: u64,
    /// MPIDR_EL1.
    pub mpidr: u64,
    /// CNTFRQ_EL0: ticks per second of the generic timer.
    pub cntfrq: u64,
    /// CTR_EL0.
    pub ctr: u64,
    /// ID_AA64MMFR0_EL1.
    pub mmfr0: u64,
}
