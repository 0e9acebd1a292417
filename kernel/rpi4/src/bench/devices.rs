//! The masters that the calls are counted for: those of the measurements that ours stand beside.

use dma::{DmaDevice, DmaMask, LimitError};
use hal::{DmaAddr, DmaWindow, GIB, PhysAddr, PhysRange, RamMap};

/// Bits of address that each of them can emit on its own bus: 1 GiB.
const BITS: u32 = 30;
/// Where the legacy masters' bus shows RAM.
const LEGACY_BUS: DmaAddr = DmaAddr::new(0xC000_0000);

/// An alignment that few slots have.
const MASK: u64 = 0xFFFF;

/// Masters that exist for the benchmark alone. None of them is ever started.
pub(super) struct Devices {
    /// On the CPU's own bus.
    pub(super) plain: DmaDevice,
    /// Behind a window, as the legacy masters.
    pub(super) windowed: DmaDevice,
    /// As `plain`, and snoops: what is counted is software alone.
    pub(super) coherent: DmaDevice,
    /// As `plain`, and wants bounce buffers at the same place in 64 KiB as their originals.
    pub(super) masked: DmaDevice,
}

impl Devices {
    pub(super) fn describe(ram: &RamMap<'_>) -> Result<Self, LimitError> {
        let low = PhysRange::new(PhysAddr::new(0), GIB).expect("a GiB at 0");
        let window = DmaWindow::new(low, LEGACY_BUS).expect("ends at 4 GiB");
        let narrow = |name| DmaDevice::builder(name).mask(DmaMask::bits(BITS));
        let windowed = DmaDevice::builder("bench-soc").windows(&[window]);
        Ok(Self {
            plain: narrow("bench").build(ram)?,
            windowed: windowed.build(ram)?,
            coherent: narrow("bench-coherent").coherent().build(ram)?,
            masked: narrow("bench-masked").min_align_mask(MASK).build(ram)?,
        })
    }
}
