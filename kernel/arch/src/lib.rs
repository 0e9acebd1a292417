//! Everything that needs an AArch64 instruction.
//!
//! | file | what |
//! |---|---|
//! | `board`, `cache`, `copy` | [`Board`]: `hal`'s `Platform`, `Cpu` and `Irq` on the Cortex-A72 |
//! | `uncached` | copies to and from memory that no cache holds |
//! | `mmio` | [`MmioRegion`]: a register block in the device map |
//! | `exception` | vectors, interrupt dispatch, fatal report, caught traps |
//! | `esr`, `frame`, `backtrace`, `stack` | what an exception says, in words; pure, tested on the host |
//! | `irq`, `gic` | [`IrqChip`] and the GIC-400 |
//! | `timer` | [`Timer`]: clock, deadlines, sleep without lost wake-ups |
//! | `cpu`, `probe` | single instructions, page-table switch, exit, accesses that should trap |
//! | `pmu` | the cycle counter, for benchmarks |
//!
//! The kernel runs at EL1 with `SPSel` = 0: threads on `SP_EL0`, exceptions on `SP_EL1`, so that an
//! overflow of the former can still be reported. `boot` has set `VMPIDR_EL2`, `CPACR_EL1.FPEN`,
//! `CNTHCTL_EL2` and `SCTLR_EL1` (alignment checks off) before anything here runs.
//!
//! On a host only the pure files are built.

#![no_std]

mod backtrace;
mod esr;
mod frame;
mod irq;
mod stack;

#[cfg(target_os = "none")]
mod board;
#[cfg(target_os = "none")]
pub mod cache;
#[cfg(target_os = "none")]
mod copy;
#[cfg(target_os = "none")]
pub mod cpu;
#[cfg(target_os = "none")]
pub mod exception;
#[cfg(target_os = "none")]
mod gic;
#[cfg(target_os = "none")]
mod mmio;
#[cfg(target_os = "none")]
pub mod pmu;
#[cfg(target_os = "none")]
pub mod probe;
#[cfg(target_os = "none")]
mod timer;
#[cfg(target_os = "none")]
pub mod uncached;

pub use backtrace::Backtrace;
pub use esr::{Abort, Attempt, Class, Esr, FaultStatus};
pub use frame::{Frame, Spsr};
pub use irq::{Acknowledged, IrqChip, IrqError, IrqId};
pub use stack::Stack;

#[cfg(target_os = "none")]
pub use {
    board::Board,
    gic::{Gic400, GicError},
    mmio::{MmioError, MmioRegion},
    timer::Timer,
};
