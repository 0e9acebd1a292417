//! What a driver may ask about its device before it builds a request. None of it depends on the moment
//! and none tells whether a mapping bounced.

use crate::device::DmaDevice;
use crate::layer::Dma;
use crate::reach::{DmaMask, Reach};
use crate::swiotlb::max_len;
use hal::{PAGE, PhysRange, Platform, RamMap};

/// How a device's reach compares with the machine's RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Addressing {
    /// See [`DmaDevice::required_mask`].
    pub(crate) required: DmaMask,
    /// See [`DmaDevice::addressing_limited`].
    pub(crate) limited: bool,
}

impl Addressing {
    pub(crate) fn of(reach: &Reach, ram: &RamMap<'_>) -> Self {
        let required = required_mask(reach, ram);
        let hidden = |bank: &PhysRange| reach.first_hidden(*bank, 1).is_some();
        Self {
            required,
            limited: reach.limit() < required || ram.banks.iter().any(hidden),
        }
    }
}

/// The smallest mask that holds the bus address of the last page of RAM; all ones if that page
/// has none.
fn required_mask(reach: &Reach, ram: &RamMap<'_>) -> DmaMask {
    let page = ram
        .last()
        .and_then(|last| PhysRange::new(last.align_down(PAGE), 1).ok());
    match page.and_then(|page| reach.translate(page)) {
        Some(bus) => DmaMask::bits(u64::BITS - bus.get().leading_zeros()),
        None => DmaMask::bits(64),
    }
}

impl DmaDevice {
    /// The smallest mask with which this device, on its bus, could address all of RAM.
    pub fn required_mask(&self) -> DmaMask {
        self.addressing().required
    }

    /// Is there RAM that this device does not reach?
    pub fn addressing_limited(&self) -> bool {
        self.addressing().limited
    }
}

impl<P: Platform> Dma<P> {
    /// Bytes that `device` can always map at once, if slots are free, wherever in RAM they lie, in a
    /// buffer that owns its lines: a constant, never the state of the moment. `u64::MAX` for a
    /// device that reaches all RAM.
    pub fn max_mapping_size(&self, device: &DmaDevice) -> u64 {
        let bounces = device.is_restricted() || device.addressing_limited() || self.policy().force;
        match self.pool_of(device) {
            Some(pool) if bounces => {
                let quota = device.quota().unwrap_or(u32::MAX);
                max_len(device.limits(), pool.capacity().min(quota))
            }
            _ => u64::MAX,
        }
    }

    /// Bytes that are mapped at the least cost per byte: as much at once as can be.
    pub fn opt_mapping_size(&self, device: &DmaDevice) -> u64 {
        self.max_mapping_size(device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hal::{DmaAddr, DmaWindow, GIB, PhysAddr};

    fn range(start: u64, end: u64) -> PhysRange {
        PhysRange::between(PhysAddr::new(start), PhysAddr::new(end)).expect("valid")
    }

    fn addressing(windows: &[DmaWindow], bits: u32, banks: &[PhysRange]) -> Addressing {
        let reach = Reach {
            windows: windows.iter().copied().collect(),
            mask: DmaMask::bits(bits),
            bus_limit: DmaMask::bits(64),
        };
        let dma_end = PhysAddr::new(GIB);
        Addressing::of(&reach, &RamMap { banks, dma_end })
    }

    fn legacy(banks: &[PhysRange]) -> Addressing {
        let window = DmaWindow::new(range(0, GIB), DmaAddr::new(0xC000_0000));
        addressing(&[window.expect("valid")], 32, banks)
    }

    #[test]
    fn q_1_the_mask_that_the_last_page_of_ram_needs() {
        let required = |end| addressing(&[], 64, &[range(0, end)]).required;
        assert_eq!(required(0x1_0000_0000), DmaMask::bits(32));
        assert_eq!(required(0x2_0000_0000), DmaMask::bits(33));
        assert_eq!(legacy(&[range(0, 2 * GIB)]).required, DmaMask::bits(64));
        assert_eq!(legacy(&[range(0, GIB)]).required, DmaMask::bits(32));
    }

    #[test]
    fn q_2_legacy_masters_are_limited_on_every_board_above_1_gib() {
        assert!(!legacy(&[range(0, GIB)]).limited);
        assert!(legacy(&[range(0, GIB), range(GIB, 2 * GIB)]).limited);
        assert!(legacy(&[range(0, 0xFC00_0000)]).limited);
        let eight = [range(0, 0xFC00_0000), range(0x1_0000_0000, 0x2_0000_0000)];
        assert!(legacy(&eight).limited);
        assert!(addressing(&[], 32, &eight).limited, "a mask alone");
        assert!(!addressing(&[], 33, &eight).limited);
        let window = |start, end, bus| DmaWindow::new(range(start, end), DmaAddr::new(bus));
        let gap = [window(0, GIB, 0), window(2 * GIB, 3 * GIB, GIB)].map(|w| w.expect("valid"));
        assert!(
            addressing(&gap, 64, &[range(0, 3 * GIB)]).limited,
            "RAM between two windows"
        );
    }
}
