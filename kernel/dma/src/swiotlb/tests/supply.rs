//! A supply that gives what it should not, and places that came after somebody mapped by address.

use super::super::supply::{Growth, Supply};
use super::growth::{PLENTY, growing, take, total};
use super::*;
use crate::device::DeviceId;
use crate::direction::Dir;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use hal::{MIB, RamRegion};
use std::boxed::Box;

/// Gives what starts at `start`, however it is to be aligned, and counts no frees.
struct Crooked {
    start: u64,
    given: AtomicU64,
    back: AtomicU64,
}

impl Supply for Crooked {
    fn take(&self, bytes: u64, _: u64) -> Option<RamRegion> {
        self.given.fetch_add(1, Relaxed);
        Some(region(self.start, bytes))
    }

    fn give_back(&self, _: RamRegion) {
        self.back.fetch_add(1, Relaxed);
    }

    fn micros(&self) -> u64 {
        0
    }

    fn tend_soon(&self) {}

    fn tend_in(&self, _: u64) {}
}

#[test]
fn geo_3_memory_that_no_chunk_can_be_made_of_goes_back_and_is_asked_for_again() {
    for start in [SLOT / 2, CHUNK - SLOT] {
        let supply: &'static Crooked = Box::leak(Box::new(Crooked {
            start: BASE + CHUNK + start,
            given: AtomicU64::new(0),
            back: AtomicU64::new(0),
        }));
        let growth = Growth {
            supply,
            ceiling: 2,
            idle_us: 1,
        };
        let pool = Pool::growing(region(BASE, MIB), growth, 1).expect("low, and aligned");
        let _floor = take(&pool, MIB).expect("room");
        for _ in 0..2 {
            let before = supply.given.load(Relaxed);
            assert!(take(&pool, SLOT).is_none());
            let given = supply.given.load(Relaxed);
            assert_eq!(given, supply.back.load(Relaxed));
            assert!(given > before, "asked for each time");
        }
        assert_eq!(total(&pool), 512);
    }
}

#[test]
fn cp_1_a_chunk_that_comes_while_somebody_maps_by_address_has_notes() {
    let (pool, _) = growing(PLENTY, 64);
    assert!(!pool.shared().origins.in_use(), "no heap for nobody");
    let notes = pool.notes().expect("heap");
    let original = region(BASE, CHUNK).range();
    for len in [CHUNK, 3 * CHUNK] {
        let slots = take(&pool, len).expect("it grows");
        let kept = notes.keep(slots, original, Dir::ToDevice, DeviceId::for_tests(1));
        assert!(kept.is_ok(), "{len} bytes");
    }
}
