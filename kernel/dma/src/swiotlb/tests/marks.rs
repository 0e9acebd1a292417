//! What is told when a chunk passes a mark, and what is not: searches that have begun, whoever looks after
//! the pool, and cores that wait for a lock.

use super::super::model::{explore, intrude, nobody_came, play};
use super::super::{CHUNK_SLOTS, Slots};
use super::growth::{IDLE_US, PLENTY, growing, rest, take, total};
use super::*;
use hal::MIB;
use std::boxed::Box;

/// Slots of one chunk, which need not be the one that a request would take them of.
fn take_of(pool: &Pool<Core>, chunk: usize, slots: u64) -> Slots {
    let layout = plain(pool, slots * SLOT);
    pool.open(chunk).alloc(&layout, slots * SLOT).expect("room")
}

#[test]
fn a_chunk_that_another_core_has_locked_is_waited_for() {
    let pool: &Pool<Core> = Box::leak(Box::new(pool(2 * 1024)));
    let _first = take_of(pool, 0, 1024);
    let locked = pool.open(1);
    // Long after the search has seen that it is locked.
    intrude(200, move || drop(locked));
    let slots = pool.alloc(&plain(pool, SLOT), SLOT);
    assert_eq!(slots.map(|slots| slots.chunk), Ok(1));
    assert!(!nobody_came());
}

#[test]
fn a_search_that_has_begun_is_told_of_a_longer_run_and_of_no_shorter_one() {
    let pool = pool(1024);
    let all = take_of(&pool, 0, 1024);
    let before = pool.shared().rises();
    assert!(pool.open(0).alloc(&plain(&pool, SLOT), SLOT).is_none());
    assert_eq!(pool.shared().rises(), before, "the longest run is shorter");
    pool.release(all);
    assert_ne!(pool.shared().rises(), before);
}

#[test]
fn dy_2_low_water_is_left_an_eighth_above_where_it_was_reached() {
    let pool = pool(1024);
    let _most = take_of(&pool, 0, 1024 - 384);
    let [nearly, last, below] = [127, 1, 1].map(|slots| take_of(&pool, 0, slots));
    assert_eq!(pool.shared().roomy(), 0, "255 are free");
    let roomy_after = |slots| {
        pool.release(slots);
        pool.shared().roomy() == 1
    };
    assert_eq!([below, nearly, last].map(roomy_after), [false, false, true]);
}

#[test]
fn bp_4_the_end_of_a_chunk_is_told_to_whoever_waits_for_it_and_told_once() {
    let (pool, store) = growing(PLENTY, 64);
    let whole = take(&pool, CHUNK).expect("it grows");
    pool.tend();
    store.asked();
    pool.release(whole);
    assert!(!store.asked(), "nobody has seen it in use and at rest");
    let held = take_of(&pool, 1, 1);
    (0..2).for_each(|_| pool.tend());
    // Past both marks, and no end yet.
    let most = take_of(&pool, 1, 1000);
    pool.release(most);
    assert!(!store.asked());
    pool.release(held);
    assert!(store.asked());
    pool.tend();
    let again = take_of(&pool, 1, 1);
    pool.release(again);
    assert!(!store.asked(), "nobody waits any more");
}

#[test]
fn bp_4_a_chunk_goes_when_it_was_idle_for_the_time_and_no_earlier() {
    let (pool, store) = growing(PLENTY, 2);
    for _ in 0..2 {
        let whole = take(&pool, CHUNK).expect("the place is free");
        pool.release(whole);
        pool.tend();
        store.wait(IDLE_US - 1);
        pool.tend();
        assert_eq!(total(&pool), 512 + CHUNK_SLOTS);
        store.wait(1);
        pool.tend();
        assert_eq!(total(&pool), 512);
    }
}

#[test]
fn bp_4_a_spare_goes_when_it_was_calm_for_the_time_and_its_place_with_it() {
    let (pool, store) = growing(PLENTY, 2);
    for _ in 0..2 {
        let floor = take_of(&pool, 0, 512);
        pool.tend();
        assert!(pool.extent().spare, "its place is free");
        pool.release(floor);
        store.wait(IDLE_US - 1);
        pool.tend();
        assert!(pool.extent().spare);
        store.wait(1);
        pool.tend();
        assert!(!pool.extent().spare);
    }
    rest(&pool, store);
    assert_eq!(store.free(), store.all);
}

#[test]
fn each_core_prefers_a_chunk_of_its_own() {
    explore(1, || {
        let pool = pool(4 * 1024);
        for core in 0..4 {
            play(core);
            assert_eq!(usize::from(take_of_any(&pool).chunk), core);
        }
    });
}

#[test]
fn a_core_comes_back_to_the_lowest_chunk_when_the_pool_is_looked_after() {
    let (pool, _) = growing(PLENTY, 64);
    let large = take(&pool, MIB + SLOT).expect("it grows");
    assert_eq!((large.chunk, take_of_any(&pool).chunk), (1, 1));
    pool.tend();
    assert_eq!(take_of_any(&pool).chunk, 0);
}

fn take_of_any(pool: &Pool<Core>) -> Slots {
    take(pool, SLOT).expect("room")
}
