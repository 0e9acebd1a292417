//! RAM by zones, as a source of pages.
//!
//! Zone `Dma` ends at the smallest reach of any bus, zone `Normal` is the rest. Each has its own
//! buddies and lock, so that an ordinary request cannot eat what devices need: it gets pages of
//! zone `Dma` only when there are no others.
//!
//! Context: not for interrupt handlers. Lock order: zone (rank `Pages`)
//! -> reserve; one zone at a time.

#![expect(unsafe_code, reason = "pages are handed out as owned RAM")]

use crate::Reserve;
use crate::frames::Frames;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};
use hal::{
    Cpu, Irq, IrqLock, NoPages, PAGE, PageSource, PhysAddr, PhysRange, RamRegion, Rank, Zone,
};

/// How much a zone has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    /// Bytes it was ever given.
    pub total: u64,
    /// Bytes that nobody has.
    pub free: u64,
}

/// All pages of RAM.
pub struct Zones<C: 'static> {
    dma: IrqLock<Frames, C>,
    normal: IrqLock<Frames, C>,
    dma_frees: AtomicU64,
    dma_end: PhysAddr,
    reserve: &'static Reserve<C>,
}

impl<C: Cpu + Irq> Zones<C> {
    /// Empty zones that meet at `dma_end`; their bookkeeping lies in `reserve`.
    pub const fn new(dma_end: PhysAddr, reserve: &'static Reserve<C>) -> Self {
        Self {
            dma: IrqLock::new(Rank::Pages, "pages of zone Dma", Frames::new()),
            normal: IrqLock::new(Rank::Pages, "pages of zone Normal", Frames::new()),
            dma_frees: AtomicU64::new(0),
            dma_end,
            reserve,
        }
    }

    /// Where zone `Dma` ends and zone `Normal` begins.
    pub const fn dma_end(&self) -> PhysAddr {
        self.dma_end
    }

    /// Adds free RAM in whole pages to the zone it lies in, or to both. What is no whole page is
    /// given away for good.
    pub fn add(&self, region: RamRegion) {
        let Some(pages) = region.range().round_in(PAGE) else {
            return;
        };
        let low = PhysRange::between(pages.start(), pages.end().min(self.dma_end));
        let high = PhysRange::between(pages.start().max(self.dma_end), pages.end());
        for (zone, part) in [(&self.dma, low), (&self.normal, high)] {
            if let Ok(part) = part {
                let mut zone = zone.lock();
                self.reserve.enter(|| zone.add(frames_of(part)));
                // Either zone: one look too many does no harm.
                self.dma_frees.fetch_add(1, Ordering::Release);
            }
        }
    }

    /// How full zone `zone` is; `Normal` and `High` are the same pages.
    pub fn counters(&self, zone: Zone) -> Counters {
        let frames = self.zone(zone).lock();
        Counters {
            total: frames.total() as u64 * PAGE,
            free: frames.free_count() as u64 * PAGE,
        }
    }

    /// How often pages of zone `Dma` came back, modulo 2^64. What did before the number was read is there for an
    /// `alloc` behind that.
    ///
    /// Context: any.
    pub fn dma_frees(&self) -> u64 {
        // So that no look at the zone comes before.
        self.dma_frees.load(Ordering::Acquire)
    }

    const fn zone(&self, zone: Zone) -> &IrqLock<Frames, C> {
        match zone {
            Zone::Dma => &self.dma,
            Zone::Normal | Zone::High => &self.normal,
        }
    }

    fn take(&self, zone: Zone, count: usize, align: usize) -> Option<PhysRange> {
        let mut frames = self.zone(zone).lock();
        let start = self.reserve.enter(|| frames.alloc(count, align))?;
        range_of(start..start + count)
    }

    fn none_left(&self, wanted: u64, zone: Zone) -> NoPages {
        let fallback = if zone == Zone::Normal {
            self.counters(Zone::Dma).free
        } else {
            0
        };
        let free = self.counters(zone).free + fallback;
        NoPages { wanted, zone, free }
    }
}

// SAFETY: a frame is in the buddies exactly while no `RamRegion` covers it: `add` and `free` consume
// the region, `take` removes the frames before one is made (property test in `frames`). Zones are
// split at `dma_end`. All frames came from regions of RAM in the linear map; what was never written
// holds what the memory held at power-on, which is arbitrary but fixed.
unsafe impl<C: Cpu + Irq> PageSource for Zones<C> {
    fn alloc(&self, bytes: u64, align: u64, zone: Zone) -> Result<RamRegion, NoPages> {
        let none_left = || self.none_left(bytes, zone);
        let count = usize::try_from(bytes.div_ceil(PAGE)).map_err(|_| none_left())?;
        let align = usize::try_from(align.div_ceil(PAGE).max(1)).map_err(|_| none_left())?;
        let fallback = || (zone == Zone::Normal).then(|| self.take(Zone::Dma, count, align));
        let range = self
            .take(zone, count, align)
            .or_else(|| fallback().flatten());
        let range = range.ok_or_else(none_left)?;
        // SAFETY: `take` removed these frames from the zone, so nobody else has or gets them.
        Ok(unsafe { RamRegion::assume_owned(range) })
    }

    fn free(&self, region: RamRegion) {
        let range = region.range();
        let zone = if range.start() < self.dma_end {
            Zone::Dma
        } else {
            Zone::Normal
        };
        let mut frames = self.zone(zone).lock();
        self.reserve.enter(|| frames.free(frames_of(range)));
        if zone == Zone::Dma {
            // With the lock held: who sees the number finds the pages.
            self.dma_frees.fetch_add(1, Ordering::Release);
        }
    }
}

/// Numbers of the frames of `pages`, which are whole.
fn frames_of(pages: PhysRange) -> Range<usize> {
    let number = |addr: PhysAddr| (addr.get() / PAGE) as usize;
    number(pages.start())..number(pages.end())
}

fn range_of(frames: Range<usize>) -> Option<PhysRange> {
    let start = PhysAddr::new(frames.start as u64 * PAGE);
    PhysRange::new(start, frames.len() as u64 * PAGE).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Host, range, unused_reserve};
    use hal::{GIB, MIB};

    fn region(start: u64, len: u64) -> RamRegion {
        // SAFETY: no memory is touched in these tests; the numbers stand for themselves.
        unsafe { RamRegion::assume_owned(range(start, len)) }
    }

    fn zones() -> Zones<Host> {
        let zones = Zones::new(PhysAddr::new(GIB), unused_reserve());
        zones.add(region(GIB - 4 * MIB, 4 * MIB));
        zones.add(region(GIB, 2 * MIB));
        zones
    }

    #[test]
    fn each_zone_gives_only_its_own_and_normal_falls_back() {
        let zones = zones();
        let dma = zones.alloc(PAGE, PAGE, Zone::Dma).expect("room");
        assert!(dma.range().end().get() <= GIB);
        let high = zones.alloc(2 * MIB, PAGE, Zone::High).expect("room");
        assert_eq!(high.range().start().get(), GIB);
        assert!(zones.alloc(PAGE, PAGE, Zone::High).is_err());
        let fallen = zones
            .alloc(PAGE, PAGE, Zone::Normal)
            .expect("zone Dma has some");
        assert!(fallen.range().end().get() <= GIB);
    }

    #[test]
    fn a_region_across_the_border_is_split() {
        let zones = Zones::<Host>::new(PhysAddr::new(GIB), unused_reserve());
        zones.add(region(GIB - MIB, 3 * MIB));
        assert_eq!(zones.counters(Zone::Dma).total, MIB);
        assert_eq!(zones.counters(Zone::Normal).total, 2 * MIB);
        assert!(zones.alloc(2 * MIB, PAGE, Zone::Dma).is_err());
    }

    #[test]
    fn partial_pages_are_never_handed_out() {
        let zones = Zones::<Host>::new(PhysAddr::new(GIB), unused_reserve());
        zones.add(region(0x1010, 0x3000));
        zones.add(region(0x9010, 0x20));
        assert_eq!(zones.counters(Zone::Dma).total, 0x2000);
    }

    #[test]
    fn sizes_are_exact_alignments_hold_and_freeing_restores_the_counters() {
        let zones = zones();
        let before = zones.counters(Zone::Dma);
        let odd = zones.alloc(5 * PAGE - 1, PAGE, Zone::Dma).expect("room");
        assert_eq!(odd.range().len(), 5 * PAGE);
        let wide = zones.alloc(PAGE, 2 * MIB, Zone::Dma).expect("room");
        assert!(wide.range().start().is_aligned(2 * MIB));
        assert_eq!(before.free - zones.counters(Zone::Dma).free, 6 * PAGE);
        zones.free(odd);
        zones.free(wide);
        assert_eq!(zones.counters(Zone::Dma), before);
        assert!(zones.alloc(4 * MIB, PAGE, Zone::Dma).is_ok());
    }

    #[test]
    fn a_refusal_says_how_much_is_free() {
        let zones = zones();
        let refused = zones.alloc(GIB, PAGE, Zone::Normal);
        let (wanted, zone, free) = (GIB, Zone::Normal, 6 * MIB);
        assert_eq!(refused, Err(NoPages { wanted, zone, free }));
        assert!(zones.alloc(0, PAGE, Zone::Dma).is_err());
        assert!(zones.alloc(u64::MAX, PAGE, Zone::Dma).is_err());
        assert!(zones.alloc(PAGE, 1 << 63, Zone::Dma).is_err());
    }
}
