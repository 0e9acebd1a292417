//! RAM as bus masters have to reach it.

use crate::{PhysAddr, PhysRange};

/// Where RAM is, and the part of it that is meant for devices.
#[derive(Clone, Copy, Debug)]
pub struct RamMap<'a> {
    /// All of it, in ascending order.
    pub banks: &'a [PhysRange],
    /// Where zone `Dma` ends: bounce buffers, and memory that devices share with the CPU, lie below,
    /// today's and whatever is added later.
    pub dma_end: PhysAddr,
}

impl RamMap<'_> {
    /// The parts of RAM in zone `Dma`.
    pub fn dma_zone(&self) -> impl Iterator<Item = PhysRange> {
        let below =
            |bank: &PhysRange| PhysRange::between(bank.start(), bank.end().min(self.dma_end)).ok();
        self.banks.iter().filter_map(below)
    }

    /// The last byte of RAM, if there is any.
    pub fn last(&self) -> Option<PhysAddr> {
        self.banks.iter().map(|bank| bank.last()).max()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::GIB;
    use std::vec::Vec;

    fn range(start: u64, end: u64) -> PhysRange {
        PhysRange::between(PhysAddr::new(start), PhysAddr::new(end)).expect("valid")
    }

    #[test]
    fn the_zone_is_cut_out_of_the_banks() {
        let banks = [
            range(0, 0x1000),
            range(0x3FFF_F000, 0x4000_1000),
            range(2 * GIB, 3 * GIB),
        ];
        let ram = RamMap {
            banks: &banks,
            dma_end: PhysAddr::new(GIB),
        };
        let zone: Vec<_> = ram.dma_zone().collect();
        assert_eq!(zone, [range(0, 0x1000), range(0x3FFF_F000, GIB)]);
        assert_eq!(ram.last(), Some(PhysAddr::new(3 * GIB - 1)));
    }
}
