//! The chunk against an obvious model: a plain array of slots.

extern crate std;

mod bounds;

use super::*;
use crate::limits::Limits;
use hal::PhysAddr;
use proptest::prelude::*;
use std::vec::Vec;

fn plain(slots: u32) -> Layout {
    Layout::of(slots, (1, 0), CHUNK_SLOTS, 0)
}

fn drain(chunk: &mut Chunk, slots: u32) -> Vec<u32> {
    core::iter::from_fn(|| chunk.alloc(&plain(slots))).collect()
}

#[test]
fn geo_3_nothing_behind_the_end_is_handed_out() {
    let mut chunk = Chunk::new(0, 3);
    assert_eq!(chunk.alloc(&plain(4)), None);
    assert_eq!((chunk.free_slots(), chunk.longest(Kind::Any)), (3, 3));
    assert_eq!(chunk.alloc(&plain(3)), Some(0));
    assert!(chunk.alloc(&plain(1)).is_none());
    // Slot 10 of each word: the second one would be slot 74.
    let (mut chunk, tenth) = (Chunk::new(0, 70), Layout::of(1, (64, 10), CHUNK_SLOTS, 0));
    assert_eq!(chunk.alloc(&tenth), Some(10));
    assert!(chunk.alloc(&tenth).is_none());
}

#[test]
fn the_whole_chunk_is_one_run() {
    let mut chunk = Chunk::new(0, CHUNK_SLOTS);
    assert_eq!(chunk.alloc(&plain(CHUNK_SLOTS)), Some(0));
    assert_eq!(chunk.free_slots(), 0);
    chunk.release(0, CHUNK_SLOTS);
    assert_eq!(chunk.alloc(&plain(CHUNK_SLOTS)), Some(0));
}

#[test]
fn a_run_across_two_words_is_found_when_no_single_word_has_it() {
    let mut chunk = Chunk::new(0, 128);
    let firsts = drain(&mut chunk, 16);
    assert_eq!(firsts.len(), 8);
    chunk.release(firsts[3], 16);
    chunk.release(firsts[4], 16);
    assert_eq!(chunk.alloc(&plain(32)), Some(48));
}

#[test]
fn every_slot_can_be_taken_and_the_refusal_afterwards_is_exact() {
    let mut chunk = Chunk::new(0, CHUNK_SLOTS);
    assert_eq!(drain(&mut chunk, 1).len(), CHUNK_SLOTS as usize);
    assert_eq!(chunk.alloc(&plain(1)), None);
    assert_eq!((chunk.free_slots(), chunk.longest(Kind::Any)), (0, 0));
}

#[test]
fn an_odd_free_slot_does_not_serve_a_page_but_serves_a_slot() {
    let mut chunk = Chunk::new(0, 64);
    drain(&mut chunk, 1);
    chunk.release(7, 2);
    let page = Layout::of(2, (2, 0), CHUNK_SLOTS, 0);
    assert!(chunk.alloc(&page).is_none());
    assert_eq!(chunk.alloc(&plain(2)), Some(7));
    chunk.release(7, 1);
    chunk.release(6, 1);
    assert_eq!(chunk.alloc(&page), Some(6));
}

#[test]
fn a_release_is_found_again_in_its_word() {
    let mut chunk = Chunk::new(0, 128);
    drain(&mut chunk, 1);
    chunk.release(10, 1);
    let found = chunk.find_in_word(&plain(1), Kind::Any);
    assert_eq!(found, Some(10), "found by the scan at best");
}

#[test]
#[should_panic(expected = "were free already")]
fn a_run_that_is_released_twice_is_our_own_bug() {
    let mut chunk = Chunk::new(0, 64);
    chunk.release(3, 1);
}

/// What the chunk should do, slot by slot.
struct Model(Vec<bool>);

impl Model {
    fn find(&self, layout: &Layout) -> bool {
        let slots = layout.slots as usize;
        (0..CHUNK_SLOTS as usize).any(|first| {
            layout.allows(first as u32)
                && first + slots <= self.0.len()
                && self.0[first..first + slots].iter().all(|free| *free)
        })
    }

    fn set(&mut self, first: u32, slots: u32, free: bool) {
        for slot in &mut self.0[first as usize..(first + slots) as usize] {
            assert_ne!(
                *slot, free,
                "slot {first}+{slots} handed out or released twice"
            );
            *slot = free;
        }
    }
}

fn shape(len: u64, mask: u32, boundary: u32, orig: u64) -> Option<Layout> {
    let limits = Limits {
        min_align_mask: (1 << mask) - 1,
        seg_boundary_mask: (1 << boundary) - 1,
        ..Limits::DEFAULT
    };
    Layout::new(PhysAddr::new(orig), len, &limits, 0, CHUNK_SLOTS).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 200 }))]

    #[test]
    fn inv_5_any_sequence_agrees_with_the_model_and_ends_as_it_began(
        slots in 1u32..=CHUNK_SLOTS,
        steps in proptest::collection::vec(
            (any::<bool>(), 1u64..0x2_8000, 0u32..22, 12u32..24, 0u64..0x10_0000, any::<u16>()),
            1..if cfg!(miri) { 20 } else { 300 },
        ),
    ) {
        let mut chunk = Chunk::new(0, slots);
        let mut model = Model(std::vec![true; slots as usize]);
        let mut live: Vec<(u32, u32)> = Vec::new();
        for (alloc, len, mask, boundary, orig, pick) in steps {
            if alloc {
                // Small lengths are the common case: shrink most of them.
                let len = if pick % 4 == 0 { len } else { 1 + len % 0x2000 };
                let mask = if pick % 3 == 0 { mask } else { 0 };
                let boundary = if pick % 5 == 0 { boundary } else { 40 };
                let Some(layout) = shape(len, mask, boundary, orig) else { continue };
                let possible = model.find(&layout);
                match chunk.alloc(&layout) {
                    Some(first) => {
                        prop_assert!(layout.allows(first));
                        model.set(first, layout.slots, false);
                        live.push((first, layout.slots));
                    }
                    None => prop_assert!(!possible, "refused {layout:?}"),
                }
            } else if !live.is_empty() {
                let (first, count) = live.swap_remove(pick as usize % live.len());
                chunk.release(first, count);
                model.set(first, count, true);
            }
            let used: u32 = live.iter().map(|(_, count)| count).sum();
            prop_assert_eq!(chunk.free_slots(), slots - used);
        }
        for (first, count) in live {
            chunk.release(first, count);
        }
        prop_assert_eq!(chunk.alloc(&plain(slots)), Some(0));
    }
}
