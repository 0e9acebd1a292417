//! What one bus master can address: windows and limits, and nothing else.
//!
//! A mask alone never tells (CAP-3): the legacy masters of this chip emit all 32 bits and still see
//! only the first GiB of RAM, because their bus has one window.

use crate::swiotlb::CHUNK;
use arrayvec::ArrayVec;
use hal::{DmaAddr, DmaWindow, PhysAddr, PhysRange};

/// Windows that one master can have. The longest `dma-ranges` of this chip has two entries.
pub const MAX_WINDOWS: usize = 4;

/// The highest address that a master can emit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DmaMask(u64);

impl DmaMask {
    /// A mask of `bits` bits: `2^bits - 1`. 64 and more are all ones, as in `DMA_BIT_MASK`.
    pub const fn bits(bits: u32) -> Self {
        if bits >= 64 {
            Self(u64::MAX)
        } else {
            Self((1 << bits) - 1)
        }
    }

    /// The highest address, inclusive.
    pub const fn last(self) -> DmaAddr {
        DmaAddr::new(self.0)
    }
}

/// The addressing limits of one master.
#[derive(Clone, Debug)]
pub struct Reach {
    pub(crate) windows: ArrayVec<DmaWindow, MAX_WINDOWS>,
    pub(crate) mask: DmaMask,
    pub(crate) bus_limit: DmaMask,
}

impl Reach {
    /// The windows onto RAM. None: RAM is seen at the CPU's own addresses.
    pub fn windows(&self) -> &[DmaWindow] {
        &self.windows
    }

    /// The bus address of `block`, if one window shows all of it (TR-2, TR-4). Without windows the
    /// bus is the CPU's own (TR-1).
    pub fn translate(&self, block: PhysRange) -> Option<DmaAddr> {
        if self.windows.is_empty() {
            return Some(DmaAddr::new(block.start().get()));
        }
        self.windows.iter().find_map(|window| window.to_bus(block))
    }

    /// `translate` backwards: the bytes at `addr`, if one window shows all of them.
    pub(crate) fn resolve(&self, addr: DmaAddr, len: u64) -> Option<PhysRange> {
        let block = |start| PhysRange::new(start, len).ok();
        if self.windows.is_empty() {
            return block(PhysAddr::new(addr.get()));
        }
        self.windows.iter().find_map(|window| {
            let block = block(window.to_phys(addr)?)?;
            window.phys().contains(block).then_some(block)
        })
    }

    /// As `translate`, and the master can emit every address of the result (CAP-1, CAP-2).
    pub fn reach(&self, block: PhysRange) -> Option<DmaAddr> {
        let bus = self.translate(block)?;
        let last = bus.checked_add(block.len() - 1)?;
        (last <= self.limit().last()).then_some(bus)
    }

    /// As `reach`, for a bounce buffer. Alignment is a matter of bits that bus and CPU addresses must
    /// have in common: a window whose offset is no multiple of a chunk does not count.
    pub(crate) fn reach_slots(&self, slots: PhysRange) -> Option<DmaAddr> {
        let bus = self.reach(slots)?;
        let differing = bus.get() ^ slots.start().get();
        (differing & (CHUNK - 1) == 0).then_some(bus)
    }

    /// The first byte of `range` that is out of reach, if any is. With a `unit` other than 1 (a power
    /// of two), that a naturally aligned block of as many bytes must be in one window with, at an
    /// offset that is a multiple.
    pub fn first_hidden(&self, range: PhysRange, unit: u64) -> Option<PhysAddr> {
        let mut at = range.start();
        while let Some(last) = self.reachable_from(at, unit) {
            if last >= range.last() {
                return None;
            }
            at = last.checked_add(1)?;
            if !at.is_aligned(unit) {
                return Some(at.align_down(unit).max(range.start()));
            }
        }
        Some(at)
    }

    /// The last byte that is shown in one piece with the one at `at`.
    fn reachable_from(&self, at: PhysAddr, unit: u64) -> Option<PhysAddr> {
        let limit = self.limit().last();
        if self.windows.is_empty() {
            let last = PhysAddr::new(limit.get());
            return (at <= last).then_some(last);
        }
        let fits = |window: &&DmaWindow| {
            let differing = window.phys().start().get() ^ window.bus().get();
            window.phys().contains_addr(at) && differing & (unit - 1) == 0
        };
        let window = self.windows.iter().find(fits)?;
        let last = window.to_phys(window.bus_last().min(limit))?;
        (at <= last).then_some(last)
    }

    /// The smaller of mask and bus limit.
    pub(crate) fn limit(&self) -> DmaMask {
        self.mask.min(self.bus_limit)
    }

    /// The last byte of physical space that some window and the limits let through, if any: how far
    /// up RAM is useful to this master.
    pub fn last_reachable(&self) -> Option<PhysAddr> {
        if self.windows.is_empty() {
            return Some(PhysAddr::new(self.limit().last().get()));
        }
        let last_of = |window: &DmaWindow| {
            let bus = window.bus_last().min(self.limit().last());
            window.to_phys(bus)
        };
        self.windows.iter().filter_map(last_of).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(start: u64, len: u64) -> PhysRange {
        PhysRange::new(PhysAddr::new(start), len).expect("valid")
    }

    fn window(phys: u64, bus: u64, len: u64) -> DmaWindow {
        DmaWindow::new(block(phys, len), DmaAddr::new(bus)).expect("valid")
    }

    fn reach(windows: &[DmaWindow], bits: u32) -> Reach {
        Reach {
            windows: windows.iter().copied().collect(),
            mask: DmaMask::bits(bits),
            bus_limit: DmaMask::bits(64),
        }
    }

    #[test]
    fn tr_1_without_windows_the_bus_is_the_cpus_own() {
        let identity = reach(&[], 64);
        assert_eq!(
            identity.translate(block(0x1234, 1)),
            Some(DmaAddr::new(0x1234))
        );
        assert_eq!(identity.translate(block(0, 1)), Some(DmaAddr::new(0)));
    }

    #[test]
    fn tr_3_several_windows_with_different_offsets() {
        let two = reach(
            &[
                window(0, 0, 1 << 30),
                window(1 << 30, 0x4_0000_0000, 1 << 30),
            ],
            64,
        );
        assert_eq!(
            two.translate(block(0x3FFF_FFFF, 1)),
            Some(DmaAddr::new(0x3FFF_FFFF))
        );
        assert_eq!(
            two.translate(block(0x4000_0000, 1)),
            Some(DmaAddr::new(0x4_0000_0000))
        );
    }

    #[test]
    fn tr_4_a_block_across_two_windows_is_not_reachable() {
        let two = reach(
            &[
                window(0, 0, 1 << 30),
                window(1 << 30, 0x4_0000_0000, 1 << 30),
            ],
            64,
        );
        assert_eq!(two.translate(block(0x3FFF_F000, 0x2000)), None);
        assert_eq!(
            two.translate(block(0x3FFF_F000, 0x1000)),
            Some(DmaAddr::new(0x3FFF_F000))
        );
    }

    #[test]
    fn cap_1_and_2_the_inclusive_end_counts() {
        let wide = reach(&[], 32);
        assert!(wide.reach(block(0xFFFF_F000, 0x1000)).is_some());
        assert!(wide.reach(block(0xFFFF_F000, 0x1001)).is_none());
    }

    #[test]
    fn cap_3_the_window_limits_a_legacy_master_where_its_mask_does_not() {
        let legacy = reach(&[window(0, 0xC000_0000, 0x4000_0000)], 32);
        assert_eq!(
            legacy.reach(block(0x3FFF_F000, 0x1000)),
            Some(DmaAddr::new(0xFFFF_F000))
        );
        assert_eq!(legacy.reach(block(0x4000_0000, 1)), None);
        assert_eq!(legacy.last_reachable(), Some(PhysAddr::new(0x3FFF_FFFF)));
    }

    #[test]
    fn the_smaller_of_mask_and_bus_limit_counts() {
        let mut both = reach(&[], 40);
        both.bus_limit = DmaMask::bits(30);
        assert!(both.reach(block(0x3FFF_FFFF, 1)).is_some());
        assert!(both.reach(block(0x4000_0000, 1)).is_none());
        assert_eq!(both.last_reachable(), Some(PhysAddr::new(0x3FFF_FFFF)));
    }

    #[test]
    fn a_mask_below_the_window_reaches_nothing() {
        let blind = reach(&[window(0, 0xC000_0000, 0x4000_0000)], 30);
        assert_eq!(blind.reach(block(0, 1)), None);
        assert_eq!(blind.last_reachable(), None);
    }

    #[test]
    fn slots_are_reached_where_bus_and_cpu_agree_below_a_chunk() {
        let slots = block(2 * CHUNK, CHUNK);
        for (offset, agrees) in [
            (CHUNK, true),
            (0x1000, false),
            (CHUNK / 2, false),
            (1, false),
        ] {
            let shifted = reach(&[window(0, offset, 8 * CHUNK)], 64);
            let bus = DmaAddr::new(2 * CHUNK + offset);
            assert_eq!(
                shifted.reach_slots(slots),
                agrees.then_some(bus),
                "{offset:#x}"
            );
        }
    }

    #[test]
    fn a_window_may_start_anywhere_as_long_as_its_offset_is_whole_units() {
        let start = CHUNK / 2;
        let even = reach(&[window(start, start + CHUNK, 8 * CHUNK)], 64);
        assert_eq!(even.first_hidden(block(start, CHUNK), CHUNK), None);
        let odd = reach(&[window(start, start + 1, 8 * CHUNK)], 64);
        let first = Some(PhysAddr::new(start));
        assert_eq!(odd.first_hidden(block(start, CHUNK), CHUNK), first);
    }

    proptest! {
        #[test]
        fn reach_agrees_with_a_byte_by_byte_version(
            phys in 0u64..64, bus in 0u64..64, len in 1u64..64, bits in 1u32..8,
            at in 0u64..128, n in 1u64..16,
        ) {
            let master = reach(&[window(phys, bus, len)], bits);
            let byte = |addr: u64| {
                let inside = addr >= phys && addr < phys + len;
                inside && addr - phys + bus < (1 << bits)
            };
            let all = (at..at + n).all(byte);
            prop_assert_eq!(master.reach(block(at, n)).is_some(), all);
            let there = master.translate(block(at, n));
            let back = there.and_then(|addr| master.resolve(addr, n));
            prop_assert_eq!(back, there.map(|_| block(at, n)));
            let addr = DmaAddr::new(at);
            let shown = (at..at + n).all(|addr| addr >= bus && addr < bus + len);
            prop_assert_eq!(master.resolve(addr, n).is_some(), shown);
            let last = (0..256).filter(|&a| byte(a)).max();
            prop_assert_eq!(master.last_reachable().map(PhysAddr::get), last);
        }
    }
}
