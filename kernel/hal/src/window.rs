//! What a bus master sees of physical space: one entry of a `dma-ranges` property.

use crate::{DmaAddr, PhysAddr, PhysRange};
use core::fmt;

/// Why a window could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowError {
    /// The bus side, `bus + len`, passes the end of the 64-bit space.
    BusWraps {
        /// First bus address.
        bus: DmaAddr,
        /// Length in bytes.
        len: u64,
    },
}

impl fmt::Display for WindowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::BusWraps { bus, len } = self;
        write!(f, "window at bus address {bus} of {len:#x} bytes wraps")
    }
}

/// A stretch of physical space and where a bus master finds it.
///
/// # Invariants
/// Neither side wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DmaWindow {
    phys: PhysRange,
    bus: DmaAddr,
}

impl DmaWindow {
    /// The window that shows `phys` at bus address `bus` and up.
    pub const fn new(phys: PhysRange, bus: DmaAddr) -> Result<Self, WindowError> {
        match bus.checked_add(phys.len()) {
            // INVARIANT: `phys` cannot wrap by its own type, the bus side was tested here.
            Some(_) => Ok(Self { phys, bus }),
            None => Err(WindowError::BusWraps {
                bus,
                len: phys.len(),
            }),
        }
    }

    /// The physical side.
    pub const fn phys(&self) -> PhysRange {
        self.phys
    }

    /// First address of the bus side.
    pub const fn bus(&self) -> DmaAddr {
        self.bus
    }

    /// Last address of the bus side, inclusive.
    pub const fn bus_last(&self) -> DmaAddr {
        DmaAddr::new(self.bus.get() + (self.phys.len() - 1))
    }

    /// Where the master finds `block`, if the *whole* block lies in this window (TR-4).
    pub fn to_bus(&self, block: PhysRange) -> Option<DmaAddr> {
        if !self.phys.contains(block) {
            return None;
        }
        self.bus
            .checked_add(block.start().offset_from(self.phys.start())?)
    }

    /// What the master reaches at `addr`, if this window shows it.
    pub fn to_phys(&self, addr: DmaAddr) -> Option<PhysAddr> {
        let offset = addr.offset_from(self.bus)?;
        if offset >= self.phys.len() {
            return None;
        }
        self.phys.start().checked_add(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn window(phys: u64, bus: u64, len: u64) -> DmaWindow {
        let phys = PhysRange::new(PhysAddr::new(phys), len).expect("valid");
        DmaWindow::new(phys, DmaAddr::new(bus)).expect("valid")
    }

    fn block(start: u64, len: u64) -> PhysRange {
        PhysRange::new(PhysAddr::new(start), len).expect("valid")
    }

    #[test]
    fn tr_2_legacy_window_vectors() {
        let legacy = window(0, 0xC000_0000, 0x4000_0000);
        assert_eq!(legacy.to_bus(block(0, 1)), Some(DmaAddr::new(0xC000_0000)));
        assert_eq!(
            legacy.to_bus(block(0x3FFF_FFFF, 1)),
            Some(DmaAddr::new(0xFFFF_FFFF))
        );
        assert_eq!(legacy.to_bus(block(0x4000_0000, 1)), None);
        assert_eq!(
            legacy.to_phys(DmaAddr::new(0xC000_1000)),
            Some(PhysAddr::new(0x1000))
        );
        assert_eq!(legacy.to_phys(DmaAddr::new(0x1000)), None);
    }

    #[test]
    fn tr_4_a_block_that_leaves_the_window_has_no_address() {
        let low = window(0, 0, 0x4000_0000);
        assert_eq!(
            low.to_bus(block(0x3FFF_F000, 0x1000)),
            Some(DmaAddr::new(0x3FFF_F000))
        );
        assert_eq!(low.to_bus(block(0x3FFF_F000, 0x1001)), None);
    }

    #[test]
    fn a_window_cannot_wrap_on_the_bus_side() {
        let phys = block(0, 0x1000);
        assert!(DmaWindow::new(phys, DmaAddr::new(u64::MAX - 0xFFE)).is_err());
        assert!(DmaWindow::new(phys, DmaAddr::new(u64::MAX - 0x1000)).is_ok());
    }

    proptest! {
        #[test]
        fn translation_there_and_back_is_the_identity(
            phys in 0u64..0x1_0000, bus in 0u64..0x1_0000, len in 1u64..0x1000,
            at in 0u64..0x2_0000, n in 1u64..0x100,
        ) {
            let w = window(phys, bus, len);
            if let Some(addr) = w.to_bus(block(at, n)) {
                prop_assert_eq!(w.to_phys(addr), Some(PhysAddr::new(at)));
                let last = DmaAddr::new(addr.get() + n - 1);
                prop_assert_eq!(w.to_phys(last), Some(PhysAddr::new(at + n - 1)));
            } else {
                prop_assert!(at < phys || at + n > phys + len);
            }
        }
    }
}
