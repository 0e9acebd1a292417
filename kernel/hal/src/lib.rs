//! Words and seams of the kernel.
//!
//! *Words*: [`PhysAddr`] (what a CPU puts on the bus), [`DmaAddr`] (what a device is programmed
//! with), [`PhysRange`], [`DmaWindow`], [`RamRegion`] (sole owner of RAM), [`UncachedRegion`] (of
//! memory that no cache holds) and [`DmaBuffer`] (what may be lent to a device). None converts into another by accident.
//!
//! *Seams*: what the layers above need from a machine, each as narrow as its users allow:
//!
//! | trait | is | on the board | on the host |
//! |---|---|---|---|
//! | [`Platform`] | cache maintenance, barriers, copies in RAM | `dc`, `dsb`, `ld1`/`st1` | `sim`'s hostile cache |
//! | [`Mmio`] | 32-bit registers | a pointer | a model with behaviour |
//! | [`PageSource`] | pages by zone | `mm` | `sim` |
//! | [`Clock`] | time | generic timer | counted steps |
//! | [`Defer`] | work for later | queue drained by idle cores | a queue that the test drains |
//! | [`Irq`], [`Cpu`] | interrupt mask, held locks, core number | `DAIF`, statics, `MPIDR` | thread-local |
//!
//! Everything above `hal` is generic over them and so runs on a host. The crate has no state.

#![no_std]

mod addr;
pub mod buffer;
mod clock;
mod cpu;
mod defer;
mod differs;
mod jobs;
pub mod layout;
pub mod lock;
mod mmio;
mod pages;
mod platform;
mod ram;
mod ram_map;
mod range;
mod tally;
mod uncached;
mod window;

pub use addr::{DmaAddr, PhysAddr};
pub use buffer::{DmaBuffer, View, ViewMut};
pub use clock::Clock;
pub use cpu::{Cpu, CpuId, Irq, MAX_CPUS};
pub use defer::{Defer, Job, QueueFull};
pub use jobs::JobQueue;
pub use lock::{HeldLocks, IrqLock, Rank};
pub use mmio::Mmio;
pub use pages::{NoPages, PageSource, Pages, Zone};
pub use platform::{Access, CacheLines, LINE, Platform, find_other_at};
pub use ram::RamRegion;
pub use ram_map::RamMap;
pub use range::{PhysRange, RangeError};
pub use tally::Tally;
pub use uncached::UncachedRegion;
pub use window::{DmaWindow, WindowError};

/// Bytes in a kibibyte.
pub const KIB: u64 = 1024;
/// Bytes in a mebibyte.
pub const MIB: u64 = 1024 * KIB;
/// Bytes in a gibibyte.
pub const GIB: u64 = 1024 * MIB;
/// Bytes in a page of the 4 KiB translation granule.
pub const PAGE: u64 = 4 * KIB;
