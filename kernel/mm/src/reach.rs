//! Where zone `Dma` ends.

use hal::{DmaWindow, PhysAddr, PhysRange};

/// The end of the RAM that *every* master reaches: zone `Dma` lies below it.
///
/// `buses` are the windows of each bus that has masters, `None` where a bus shows all RAM. `ram` is
/// in ascending order. A bus that shows no RAM at all has no say: whatever is on it does not master
/// memory. Without RAM the end is zero.
pub fn dma_zone_end<'a>(
    buses: impl IntoIterator<Item = Option<&'a [DmaWindow]>>,
    ram: &[PhysRange],
) -> PhysAddr {
    let all = ram.last().map_or(PhysAddr::new(0), |bank| bank.end());
    buses
        .into_iter()
        .flatten()
        .filter(|windows| ram.iter().any(|bank| shows_some(windows, *bank)))
        .filter_map(|windows| ram.iter().find_map(|bank| first_hidden(windows, *bank)))
        .fold(all, PhysAddr::min)
}

fn shows_some(windows: &[DmaWindow], bank: PhysRange) -> bool {
    windows.iter().any(|window| window.phys().overlaps(bank))
}

/// The lowest byte of `bank` that no window shows.
fn first_hidden(windows: &[DmaWindow], bank: PhysRange) -> Option<PhysAddr> {
    let mut seen = bank.start();
    // Each round moves past one window at least, or ends.
    while let Some(window) = windows.iter().find(|w| w.phys().contains_addr(seen)) {
        seen = window.phys().end();
        if seen >= bank.end() {
            return None;
        }
    }
    Some(seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::range;
    use hal::{DmaAddr, GIB};

    fn window(phys: PhysRange) -> DmaWindow {
        DmaWindow::new(phys, DmaAddr::new(0xC000_0000)).expect("valid")
    }

    const LOW: PhysRange = range(0, 0x3B40_0000);
    const HIGH: PhysRange = range(GIB, GIB);

    #[test]
    fn the_smallest_reach_of_any_bus_counts() {
        let (legacy, pcie) = ([window(range(0, GIB))], [window(range(0, 3 * GIB))]);
        let wide = [window(range(0, GIB + 0x1000))];
        let buses = [None, Some(&wide[..]), Some(&legacy[..]), Some(&pcie[..])];
        assert_eq!(dma_zone_end(buses, &[LOW, HIGH]).get(), GIB);
        let turned = buses.into_iter().rev();
        assert_eq!(dma_zone_end(turned, &[LOW, HIGH]).get(), GIB);
    }

    #[test]
    fn ram_that_all_reach_is_all_zone_dma() {
        let legacy = [window(range(0, GIB))];
        assert_eq!(dma_zone_end([Some(&legacy[..])], &[LOW]), LOW.end());
        assert_eq!(dma_zone_end([None], &[LOW, HIGH]), HIGH.end());
        assert_eq!(dma_zone_end([None], &[]).get(), 0);
    }

    #[test]
    fn windows_that_touch_are_followed_and_gaps_end_the_zone() {
        let touching = [
            window(range(0, 0x1000_0000)),
            window(range(0x1000_0000, 0x1000_0000)),
        ];
        assert_eq!(
            dma_zone_end([Some(&touching[..])], &[LOW]).get(),
            0x2000_0000
        );
        let gap = [window(range(0, 0x1000)), window(range(0x2000, GIB))];
        assert_eq!(dma_zone_end([Some(&gap[..])], &[LOW]).get(), 0x1000);
    }

    #[test]
    fn a_bus_that_shows_only_registers_has_no_say() {
        let registers = [window(range(0xFC00_0000, 0x1000))];
        assert_eq!(dma_zone_end([Some(&registers[..])], &[LOW]), LOW.end());
    }
}
