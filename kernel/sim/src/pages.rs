//! Who owns which page: first fit, with every mistake a panic.

use hal::{NoPages, PAGE, PhysAddr, PhysRange, Zone};
use std::collections::BTreeMap;

/// Live allocations by start address.
pub(crate) struct PageMap {
    banks: Vec<PhysRange>,
    dma_limit: PhysAddr,
    live: BTreeMap<PhysAddr, PhysRange>,
}

impl PageMap {
    /// Nothing is owned yet. Zone `Dma` ends at `dma_limit`.
    pub(crate) fn new(banks: Vec<PhysRange>, dma_limit: PhysAddr) -> Self {
        Self {
            banks,
            dma_limit,
            live: BTreeMap::new(),
        }
    }

    /// The lowest free stretch that fits, now owned.
    pub(crate) fn alloc(
        &mut self,
        bytes: u64,
        align: u64,
        zone: Zone,
    ) -> Result<PhysRange, NoPages> {
        let found = match zone {
            Zone::Normal => self
                .find(bytes, align, Zone::High)
                .or_else(|| self.find(bytes, align, Zone::Dma)),
            Zone::Dma | Zone::High => self.find(bytes, align, zone),
        };
        let range = found.ok_or_else(|| NoPages {
            wanted: bytes,
            zone,
            free: self.free_bytes(zone),
        })?;
        self.live.insert(range.start(), range);
        Ok(range)
    }

    /// Makes `range` owned. Panics unless it is whole pages of RAM, all of them free.
    pub(crate) fn take(&mut self, range: PhysRange) {
        assert!(range.is_aligned(PAGE), "{range} is not whole pages");
        let ram = self.banks.iter().any(|bank| bank.contains(range));
        assert!(ram, "{range} is not RAM of one bank");
        assert!(self.obstacle(range).is_none(), "{range} is owned already");
        self.live.insert(range.start(), range);
    }

    /// Makes `range` free. Panics unless it is one allocation, whole.
    pub(crate) fn free(&mut self, range: PhysRange) {
        let known = self.live.get(&range.start()) == Some(&range);
        assert!(
            known,
            "{range} freed, but it is no live allocation (double free, or a part of one?)"
        );
        self.live.remove(&range.start());
    }

    /// Is every byte of `range` owned by somebody?
    pub(crate) fn is_live(&self, range: PhysRange) -> bool {
        let Some((_, holder)) = self.live.range(..=range.start()).next_back() else {
            return false;
        };
        if !holder.contains_addr(range.start()) {
            return false;
        }
        // The rest may lie in the next allocation.
        PhysRange::between(holder.end(), range.end()).map_or(true, |rest| self.is_live(rest))
    }

    pub(crate) fn live_bytes(&self) -> u64 {
        self.live.values().map(|range| range.len()).sum()
    }

    fn find(&self, bytes: u64, align: u64, zone: Zone) -> Option<PhysRange> {
        let bytes = bytes.checked_next_multiple_of(PAGE)?;
        let mut spans = self.banks.iter().filter_map(|bank| self.part(*bank, zone));
        spans.find_map(|span| self.first_fit(span, bytes, align.max(PAGE)))
    }

    fn first_fit(&self, span: PhysRange, bytes: u64, align: u64) -> Option<PhysRange> {
        let mut start = span.start().align_up(align)?;
        loop {
            let range = PhysRange::new(start, bytes).ok()?;
            if !span.contains(range) {
                return None;
            }
            match self.obstacle(range) {
                None => return Some(range),
                Some(taken) => start = taken.end().align_up(align)?,
            }
        }
    }

    fn obstacle(&self, range: PhysRange) -> Option<PhysRange> {
        let below = self.live.range(..range.end()).next_back()?.1;
        below.overlaps(range).then_some(*below)
    }

    /// The part of a bank that lies in `zone`.
    fn part(&self, bank: PhysRange, zone: Zone) -> Option<PhysRange> {
        match zone {
            Zone::Dma => PhysRange::between(bank.start(), bank.end().min(self.dma_limit)).ok(),
            Zone::High => PhysRange::between(bank.start().max(self.dma_limit), bank.end()).ok(),
            Zone::Normal => Some(bank),
        }
    }

    fn free_bytes(&self, zone: Zone) -> u64 {
        let parts = self.banks.iter().filter_map(|bank| self.part(*bank, zone));
        parts.map(|part| part.len() - self.used_in(part)).sum()
    }

    fn used_in(&self, part: PhysRange) -> u64 {
        let live = self.live.values();
        live.filter_map(|range| range.intersection(part))
            .map(PhysRange::len)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hal::GIB;

    fn range(start: u64, pages: u64) -> PhysRange {
        PhysRange::new(PhysAddr::new(start), pages * PAGE).expect("valid")
    }

    fn map() -> PageMap {
        let banks = vec![range(0x1000_0000, 4), range(GIB, 2)];
        PageMap::new(banks, PhysAddr::new(GIB))
    }

    #[test]
    fn zones_are_kept_apart_and_normal_prefers_high() {
        let mut map = map();
        assert_eq!(map.alloc(1, 1, Zone::Dma), Ok(range(0x1000_0000, 1)));
        assert_eq!(map.alloc(2 * PAGE, 1, Zone::Normal), Ok(range(GIB, 2)));
        assert_eq!(map.alloc(1, 1, Zone::Normal), Ok(range(0x1000_1000, 1)));
        let refused = map.alloc(1, 1, Zone::High).expect_err("full");
        assert_eq!((refused.wanted, refused.free), (1, 0));
    }

    #[test]
    fn alignment_is_honoured_and_gaps_are_filled() {
        let mut map = map();
        map.alloc(1, 1, Zone::Dma).expect("room");
        assert_eq!(map.alloc(1, 2 * PAGE, Zone::Dma), Ok(range(0x1000_2000, 1)));
        assert_eq!(map.alloc(1, 1, Zone::Dma), Ok(range(0x1000_1000, 1)));
    }

    #[test]
    fn a_range_over_two_allocations_is_live_and_one_into_a_gap_is_not() {
        let mut map = map();
        map.take(range(0x1000_0000, 1));
        map.take(range(0x1000_1000, 1));
        assert!(map.is_live(range(0x1000_0000, 2)));
        assert!(!map.is_live(range(0x1000_0000, 3)));
        assert_eq!(map.live_bytes(), 2 * PAGE);
    }

    #[test]
    #[should_panic(expected = "double free")]
    fn freeing_twice_panics() {
        let mut map = map();
        map.take(range(0x1000_0000, 1));
        map.free(range(0x1000_0000, 1));
        map.free(range(0x1000_0000, 1));
    }

    #[test]
    #[should_panic(expected = "owned already")]
    fn taking_owned_pages_panics() {
        let mut map = map();
        map.take(range(0x1000_0000, 2));
        map.take(range(0x1000_1000, 1));
    }
}
