//! The notes against the bytes of a mapping, one by one.

extern crate std;
use super::super::CHUNK;
use super::note::{DEVICE, low};
use super::*;
use crate::testing::BOARD;
use hal::LINE;
use proptest::prelude::*;
use std::string::ToString;
use std::sync::Barrier;
use std::thread;

const START: u64 = 0x1000_0000;
const ORIG: u64 = 0x2_0000_1804;

fn at(offset: u64) -> PhysAddr {
    PhysAddr::new(START + offset)
}

fn range(start: u64, len: u64) -> PhysRange {
    PhysRange::new(PhysAddr::new(start), len).expect("valid")
}

fn device(granule: u64) -> DmaDevice {
    let builder = DmaDevice::builder("notes").granule(granule);
    builder.build(&BOARD).expect("valid")
}

/// Sixteen slots at the start of place 3.
struct Sixteen;

impl Places for Sixteen {
    fn number(&self) -> PoolNumber {
        PoolNumber::SHARED
    }

    fn base(&self, place: usize) -> Option<PhysAddr> {
        (place == 3).then_some(PhysAddr::new(START))
    }

    fn slot_at(&self, at: PhysAddr) -> Option<(usize, u32)> {
        let slot = at.get().checked_sub(START)? / SLOT;
        (slot < 16).then_some((3, slot as u32))
    }
}

/// The places from 3 to 5, one behind the other.
struct Neighbours;

impl Places for Neighbours {
    fn number(&self) -> PoolNumber {
        PoolNumber::SHARED
    }

    fn base(&self, place: usize) -> Option<PhysAddr> {
        let before = (place as u64).checked_sub(3).filter(|before| *before < 3)?;
        Some(at(before * CHUNK))
    }

    fn slot_at(&self, at: PhysAddr) -> Option<(usize, u32)> {
        let offset = at.get().checked_sub(START)?;
        let place = 3 + (offset / CHUNK) as usize;
        (place < 6).then_some((place, (offset % CHUNK / SLOT) as u32))
    }
}

fn origins() -> Origins {
    let origins = Origins::new();
    origins.provide(3).expect("heap");
    origins
}

fn keep(notes: &Notes<'_>, slots: Slots, original: PhysRange, dir: Dir, device: DeviceId) {
    notes
        .keep(slots, original, dir, device)
        .expect("there are notes");
}

/// Slots from `first` on with `len` bytes of data, `skew` bytes into the first.
fn slots(first: u32, skew: u64, len: u64) -> Slots {
    Slots {
        pool: PoolNumber::SHARED,
        chunk: 3,
        first: first as u16,
        count: (skew + len).div_ceil(SLOT) as u32,
        data: range(START + u64::from(first) * SLOT + skew, len),
    }
}

/// Original address of the byte at `offset` of the slots, and how many follow.
fn found(origins: &Notes<'_>, offset: u64, device: &DmaDevice) -> Option<(u64, u64)> {
    let found = origins.find(at(offset), device)?;
    assert_eq!(
        found.slots.data(),
        range(START + offset, found.original.len())
    );
    Some((found.original.start().get(), found.original.len()))
}

#[test]
fn cp_1_each_slot_leads_to_the_original_of_its_first_byte_and_says_what_is_left() {
    let kept = origins();
    let (origins, device) = (kept.by_address(&Sixteen), device(1));
    let len = 2 * SLOT + 100;
    keep(
        &origins,
        slots(3, 0, len),
        range(ORIG, len),
        Dir::ToDevice,
        device.id(),
    );
    for slot in 0..3 {
        let here = found(&origins, (3 + slot) * SLOT, &device);
        assert_eq!(here, Some((ORIG + slot * SLOT, len - slot * SLOT)));
    }
    assert_eq!(found(&origins, 2 * SLOT, &device), None);
    assert_eq!(found(&origins, 6 * SLOT, &device), None);
}

#[test]
fn cp_2_a_byte_in_the_first_bytes_of_a_later_slot_is_found_where_it_came_from() {
    // The data start 4 bytes into their first slot: byte 2044 of them is byte 0 of the second.
    let kept = origins();
    let (origins, device) = (kept.by_address(&Sixteen), device(1));
    keep(
        &origins,
        slots(1, 4, 4096),
        range(ORIG, 4096),
        Dir::ToDevice,
        device.id(),
    );
    assert_eq!(found(&origins, SLOT + 4, &device), Some((ORIG, 4096)));
    assert_eq!(
        found(&origins, 2 * SLOT - 1, &device),
        Some((ORIG + 2043, 2053))
    );
    assert_eq!(
        found(&origins, 2 * SLOT, &device),
        Some((ORIG + 2044, 2052))
    );
    assert_eq!(
        found(&origins, 2 * SLOT + 3, &device),
        Some((ORIG + 2047, 2049))
    );
    assert_eq!(
        found(&origins, 2 * SLOT + 4, &device),
        Some((ORIG + 2048, 2048))
    );
    assert_eq!(
        found(&origins, 3 * SLOT + 3, &device),
        Some((ORIG + 4095, 1))
    );
    assert_eq!(
        found(&origins, 3 * SLOT + 4, &device),
        None,
        "behind the end"
    );
    assert_eq!(found(&origins, SLOT + 3, &device), None, "before the data");
}

#[test]
fn cp_2_a_run_across_chunks_is_noted_and_taken_in_all_of_them() {
    let (kept, device) = (Origins::new(), device(1));
    for place in [3, 4] {
        kept.provide(place).expect("heap");
    }
    let notes = kept.by_address(&Neighbours);
    let before = CHUNK_SLOTS - 1;
    // A slot of the first, all of the second, and two of the third.
    let start = u64::from(before) * SLOT;
    let len = CHUNK + 3 * SLOT;
    let run = || slots(before, 0, len);
    let (original, dir) = (range(ORIG, len), Dir::FromDevice);
    let none = notes.keep(run(), original, dir, device.id());
    assert_eq!(none, Err(run()), "the third has no notes");
    kept.provide(5).expect("heap");
    keep(&notes, run(), original, dir, device.id());
    let count = len / SLOT;
    for slot in 0..count {
        let here = found(&notes, start + slot * SLOT, &device);
        assert_eq!(
            here,
            Some((ORIG + slot * SLOT, len - slot * SLOT)),
            "{slot}"
        );
    }
    assert_eq!(found(&notes, start + len, &device), None);
    let taken = notes.take(at(start), &device).expect("kept");
    assert_eq!((taken.slots, taken.original), (run(), original));
    let mut gone = (0..count).map(|slot| found(&notes, start + slot * SLOT, &device));
    assert!(gone.all(|found| found.is_none()));
}

#[test]
fn dbg_17_the_mappings_of_a_device_are_known_by_their_first_bytes() {
    let kept = origins();
    let (notes, device, other) = (kept.by_address(&Sixteen), device(1), device(1));
    for (first, skew, whose) in [(2, 0, &device), (4, 100, &device), (7, 0, &other)] {
        let (slots, original) = (slots(first, skew, SLOT), range(ORIG, SLOT));
        keep(&notes, slots, original, Dir::ToDevice, whose.id());
    }
    let starts: Vec<_> = notes.of(device.id()).collect();
    assert_eq!(starts, [at(2 * SLOT), at(4 * SLOT + 100)]);
}

#[test]
fn notes_that_find_no_heap_say_how_much_they_want() {
    let none = NoOrigins { slots: CHUNK_SLOTS };
    assert_eq!(
        none.to_string(),
        "no 16384 bytes of heap for the address-only interface: boot with a smaller swiotlb="
    );
}

#[test]
fn a_mapping_is_taken_once_whole_and_by_its_own_device() {
    let kept = origins();
    let (origins, device, other) = (kept.by_address(&Sixteen), device(4), device(4));
    let kept = slots(2, 0, SLOT + 4);
    keep(
        &origins,
        kept,
        range(ORIG, SLOT + 1),
        Dir::FromDevice,
        device.id(),
    );
    assert!(origins.take(at(2 * SLOT), &other).is_none());
    assert!(origins.take(at(2 * SLOT + 1), &device).is_none());
    assert!(origins.take(at(3 * SLOT), &device).is_none());
    let all = slots(2, 0, SLOT + 4);
    let whole = origins.whole(at(2 * SLOT), &device).expect("kept");
    assert_eq!(*whole.slots, all, "the granule's bytes too");
    let taken = origins.take(at(2 * SLOT), &device).expect("kept");
    assert_eq!(taken.slots, all, "the granule's bytes too");
    assert_eq!(
        (taken.original, taken.dir),
        (range(ORIG, SLOT + 1), Dir::FromDevice)
    );
    assert!(origins.take(at(2 * SLOT), &device).is_none(), "once");
    assert_eq!(found(&origins, 3 * SLOT, &device), None);
}

#[test]
fn cp_4_the_slot_that_a_guard_took_is_taken_back_too() {
    let kept = origins();
    let untrusted = DmaDevice::builder("notes").untrusted().build(&BOARD);
    let (notes, device) = (kept.by_address(&Sixteen), untrusted.expect("valid"));
    for (skew, len, count) in [(0, SLOT, 2), (0, SLOT - LINE, 1), (4, SLOT - LINE, 2)] {
        let run = || Slots {
            count,
            ..slots(3, skew, len)
        };
        let (original, dir) = (range(ORIG, len), Dir::FromDevice);
        keep(&notes, run(), original, dir, device.id());
        let whole = notes.whole(at(3 * SLOT + skew), &device).expect("kept");
        assert_eq!(*whole.slots, run());
        let taken = notes.take(at(3 * SLOT + skew), &device).expect("kept");
        assert_eq!(taken.slots, run());
    }
}

#[test]
fn a_slot_of_nothing_but_rounding_stands_in_for_nothing() {
    let kept = origins();
    let (origins, device) = (kept.by_address(&Sixteen), device(64));
    let kept = slots(0, 0, SLOT + 64);
    keep(
        &origins,
        kept,
        range(ORIG, SLOT),
        Dir::ToDevice,
        device.id(),
    );
    assert_eq!(found(&origins, SLOT, &device), None);
}

#[test]
fn addresses_outside_of_the_slots_are_covered_by_no_note() {
    let kept = origins();
    let (origins, device) = (kept.by_address(&Sixteen), device(1));
    assert!(origins.covers(at(0)) && origins.covers(at(16 * SLOT - 1)));
    for outside in [START - 1, START + 16 * SLOT, 0, u64::MAX] {
        assert!(!origins.covers(PhysAddr::new(outside)));
        assert!(origins.find(PhysAddr::new(outside), &device).is_none());
    }
}

proptest! {
    #[test]
    fn a_word_says_what_was_packed(
        left in 1u64..=2 << 20, skew in 0u64..SLOT, dir in 0usize..3, first: bool, device: u32,
    ) {
        let dir = [Dir::ToDevice, Dir::FromDevice, Dir::Bidirectional][dir];
        let device = low(u64::from(device), DEVICE);
        let about = About { left, skew, dir, first, device };
        prop_assert_eq!(About::unpack(about.pack()), Some(about));
    }

    #[test]
    fn cp_2_every_byte_is_found_as_a_plain_addition_says(
        first in 0u32..4, skew in 0u64..SLOT, len in 1u64..5 * SLOT,
    ) {
        let kept = origins();
        let (origins, device) = (kept.by_address(&Sixteen), device(1));
        let kept = slots(first, skew, len);
        let start = u64::from(first) * SLOT + skew;
        keep(&origins, kept, range(ORIG, len), Dir::Bidirectional, device.id());
        for offset in (0..16 * SLOT).step_by(61).chain([start, start + len - 1, start + len]) {
            let inside = offset.checked_sub(start).filter(|byte| *byte < len);
            let expected = inside.map(|byte| (ORIG + byte, len - byte));
            prop_assert_eq!(found(&origins, offset, &device), expected);
        }
        let taken = origins.take(at(start), &device).expect("kept");
        prop_assert_eq!(taken.slots, slots(first, skew, len));
        prop_assert!((0..16).all(|slot| found(&origins, slot * SLOT + skew, &device).is_none()));
    }
}

#[test]
fn slots_of_a_chunk_without_notes_come_back() {
    let (bare, device) = (Origins::new(), device(1));
    let notes = bare.by_address(&Sixteen);
    let kept = notes.keep(slots(0, 0, 8), range(ORIG, 8), Dir::ToDevice, device.id());
    assert_eq!(kept, Err(slots(0, 0, 8)));
}

#[test]
fn inv_9_of_two_cores_that_end_a_mapping_at_once_one_gets_it() {
    let kept = origins();
    let (origins, device) = (kept.by_address(&Sixteen), device(1));
    for _ in 0..if cfg!(miri) { 3 } else { 300 } {
        let kept = slots(0, 0, 2 * SLOT);
        let original = range(ORIG, 2 * SLOT);
        keep(&origins, kept, original, Dir::ToDevice, device.id());
        let start = Barrier::new(2);
        let take = || {
            start.wait();
            origins.take(at(0), &device).is_some()
        };
        let both = thread::scope(|scope| {
            [scope.spawn(take), scope.spawn(take)].map(|core| core.join().expect("takes"))
        });
        assert_eq!(both.iter().filter(|got| **got).count(), 1);
    }
}
