//! The pool's rules one by one.

use super::super::{CHUNK_SLOTS, CHUNKS, Full, Slots};
use super::*;
use std::vec::Vec;

fn take(pool: &Pool<Core>, len: u64) -> Slots {
    pool.alloc(&plain(pool, len), len).expect("room")
}

fn drain(pool: &Pool<Core>, len: u64) -> Vec<Slots> {
    core::iter::from_fn(|| pool.alloc(&plain(pool, len), len).ok()).collect()
}

#[test]
fn geo_3_cve_2023_52790_a_pool_of_three_slots_refuses_four() {
    let pool = pool(3);
    let four = Layout::of(4, (1, 0), CHUNK_SLOTS, 0);
    let full = Full {
        wanted: 4,
        free: 3,
        largest_run: 3,
    };
    assert_eq!(pool.alloc(&four, 4 * SLOT), Err(full));
    let three = take(&pool, 3 * SLOT);
    assert_eq!(three.data().end().get(), BASE + 3 * SLOT);
    assert!(pool.alloc(&plain(&pool, 1), 1).is_err());
}

#[test]
fn al_6_cve_2024_35814_two_masks_together_neither_overlap_nor_lose_an_alignment() {
    let pool = pool(64);
    let limits = Limits {
        min_align_mask: 0xFFF,
        ..Limits::DEFAULT
    };
    // 512 bytes at an odd half page, in areas of 16 KiB: the vector of AL-5, until the pool is full. A
    // page at the start keeps the first area, and no run begins behind it in the middle of one.
    let page = take(&pool, hal::PAGE);
    let layout = shape(&pool, 0x2_0000_1804, 512, &limits, 0x3FFF).expect("fits");
    let all: Vec<_> = core::iter::from_fn(|| pool.alloc(&layout, 512).ok()).collect();
    assert_eq!((page.data().start().get(), all.len()), (BASE, 7));
    for (i, slots) in all.iter().enumerate() {
        let data = slots.data().start().get();
        assert_eq!(data & 0xFFF, 0x804, "the bits of the device's mask");
        assert_eq!(
            data & !0x3FFF,
            BASE + (i as u64 + 1) * 0x4000,
            "an area of its own each"
        );
    }
}

#[test]
fn a_run_is_as_long_as_a_chunk_and_longer_over_neighbours() {
    let pool = pool(3 * 1024);
    let whole = take(&pool, CHUNK);
    assert_eq!(whole.data().start().get(), BASE);
    let long = take(&pool, CHUNK + 1);
    assert_eq!(long.data().start().get(), BASE + CHUNK);
    assert_eq!(long.count, CHUNK_SLOTS + 1);
    assert_eq!(pool.usage().used, 2 * CHUNK_SLOTS + 1);
    pool.release(long);
    pool.release(whole);
    assert_eq!(pool.usage().used, 0);
    assert_eq!(take(&pool, 3 * CHUNK).data().start().get(), BASE);
}

#[test]
fn inv_6_a_long_run_that_fails_midway_gives_all_of_it_back() {
    let pool = pool(3 * 1024);
    let blocker = Layout::of(1, (CHUNK_SLOTS, 500), CHUNK_SLOTS, 0);
    let mut held: Vec<_> = (0..3)
        .map(|_| pool.alloc(&blocker, 1).expect("room"))
        .collect();
    assert_eq!(held[1].chunk, 1);
    let one = held.remove(1);
    pool.release(one);
    // The second chunk could give all its slots; its neighbours cannot.
    let two = plain(&pool, 2 * CHUNK);
    assert!(pool.alloc(&two, 2 * CHUNK).is_err());
    assert_eq!(pool.usage().used, 2);
    let last = held.pop().expect("two are held");
    pool.release(last);
    assert!(pool.alloc(&two, 2 * CHUNK).is_ok());
}

#[test]
fn an_area_is_preferred_and_no_partition() {
    let pool = pool(2 * 1024);
    let _first = pool.open(0);
    // The preferred chunk is locked: another serves, without waiting.
    assert_eq!(take(&pool, 1).chunk, 1);
    drop(_first);
    let all = drain(&pool, 1);
    assert_eq!(
        all.len(),
        2 * 1024 - 1,
        "nobody is refused while there is room"
    );
}

#[test]
fn requests_go_to_the_lowest_chunk_that_may_serve() {
    let pool = pool(3 * 1024);
    let mut all = drain(&pool, CHUNK);
    let (second, third) = (all.swap_remove(1), all.swap_remove(1));
    assert_eq!((second.chunk, third.chunk), (1, 2));
    pool.release(third);
    pool.release(second);
    drop(all);
    // The area is the chunk that served last, the third.
    let whole = plain(&pool, CHUNK);
    assert_eq!(pool.alloc(&whole, CHUNK).expect("room").chunk, 2);
    assert_eq!(pool.alloc(&whole, CHUNK).expect("room").chunk, 1);
}

#[test]
fn a_refusal_by_a_full_pool_takes_no_lock() {
    let pool = pool(1024);
    let all = drain(&pool, 1);
    let locked = pool.open(0);
    // With the lock held, a look into the chunk would wait for ever.
    let full = pool.alloc(&plain(&pool, 1), 1);
    assert_eq!(full.map_err(|full| full.free), Err(0));
    drop((locked, all));
}

#[test]
fn the_last_slot_again_and_again_tells_the_classes_nothing() {
    let pool = pool(1024);
    let mut all = drain(&pool, 1);
    pool.release(all.pop().expect("full"));
    let last = take(&pool, 1);
    let told = pool.open(0).state().published;
    pool.release(last);
    assert_eq!(pool.open(0).state().published, told);
    let last = take(&pool, 1);
    assert_eq!(pool.open(0).state().published, told);
    drop((last, all));
}

#[test]
fn a_rare_shape_that_was_refused_is_served_once_slots_are_back() {
    let pool = pool(2 * 1024);
    // Where a page of every 128 KiB may start.
    let rare = Layout::of(2, (64, 30), CHUNK_SLOTS, 0);
    let all: Vec<_> = core::iter::from_fn(|| pool.alloc(&rare, 4096).ok()).collect();
    assert_eq!(all.len(), 32);
    for slots in all {
        assert!(pool.alloc(&rare, 4096).is_err());
        pool.release(slots);
        let again = pool.alloc(&rare, 4096).expect("it just came back");
        drop(again);
    }
}

#[test]
fn a_refusal_of_a_rare_shape_is_remembered_and_takes_no_lock() {
    let pool = pool(1024);
    let rare = Layout::of(2, (64, 30), CHUNK_SLOTS, 0);
    let all: Vec<_> = core::iter::from_fn(|| pool.alloc(&rare, 4096).ok()).collect();
    let elsewhere = Layout::of(2, (64, 32), CHUNK_SLOTS, 0);
    assert!(pool.alloc(&elsewhere, 4096).is_ok());
    assert!(pool.alloc(&rare, 4096).is_err());
    let locked = pool.open(0);
    // With the lock held, a look into the chunk would wait for ever.
    assert!(pool.alloc(&rare, 4096).is_err());
    drop((locked, all));
}

#[test]
fn st_1_the_high_water_mark_stays_when_slots_return() {
    let pool = pool(2 * 1024);
    let all: Vec<_> = (0..5).map(|_| take(&pool, 4096)).collect();
    all.into_iter().for_each(|slots| pool.release(slots));
    let usage = pool.usage();
    assert_eq!((usage.total, usage.used, usage.high_water), (2048, 0, 10));
    assert_eq!((usage.runs, usage.bytes), (5, 5 * 4096));
    pool.reset_high_water();
    assert_eq!(pool.usage().high_water, 0);
    let _slots = take(&pool, 1);
    assert_eq!(pool.usage().high_water, 1);
}

#[test]
fn memory_that_cannot_be_a_pool_comes_back() {
    let most = CHUNKS as u64 * CHUNK;
    for (start, len) in [
        (BASE + SLOT, CHUNK),
        (BASE, SLOT - 1),
        (BASE, most + 4096),
        (hal::GIB - CHUNK, 2 * CHUNK),
    ] {
        let bad = Pool::<Core>::new(region(start, len))
            .err()
            .expect("refused");
        assert_eq!(bad.region, region(start, len));
    }
    assert!(Pool::<Core>::new(region(BASE, most)).is_ok());
    assert_eq!(
        [1, 3, 1024].map(|slots| pool(slots).capacity()),
        [1, 3, 1024]
    );
}

#[test]
fn st_2_a_chunk_tells_how_full_each_part_is() {
    let pool = pool(1024 + 40);
    let _live = drain(&pool, CHUNK);
    let _one = take(&pool, SLOT);
    let (first, second) = (pool.chunk_usage(0), pool.chunk_usage(1));
    assert_eq!(first.map(|chunk| chunk.parts), Some([Some(32); 32]));
    let second = second.expect("there is a part of it");
    assert_eq!(second.parts[..3], [Some(1), Some(0), None]);
    assert_eq!((second.total, second.used, second.stays), (40, 1, true));
    assert_eq!(pool.chunk_usage(2), None);
    assert_eq!(pool.chunk_usage(64), None);
    let half = region(BASE + CHUNK / 2, CHUNK / 4);
    let half = Pool::<Core>::restricted([half]).expect("low, and aligned");
    let parts = half.chunk_usage(0).map(|chunk| chunk.parts);
    let there = |part| (16..24).contains(&part).then_some(0);
    assert_eq!(parts, Some(core::array::from_fn(there)));
    let extent = pool.extent();
    assert_eq!(
        (extent.chunks, extent.floor, extent.ceiling),
        (2, 1064, 1064)
    );
}
