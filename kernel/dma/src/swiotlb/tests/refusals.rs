//! Refusals of a pool that grows: told at once, and no later than memory comes back.

use super::super::layout::Kind;
use super::super::supply::{Growth, Supply};
use super::growth::{IDLE_US, PLENTY, Store, growing, masked, take, total};
use super::*;
use hal::{MIB, RamRegion};
use std::boxed::Box;
use std::vec::Vec;

/// Takes all there is here and now.
fn exhaust(pool: &Pool<Core>) -> usize {
    let taken: Vec<_> = core::iter::from_fn(|| masked(|| take(pool, SLOT))).collect();
    taken.len()
}

#[test]
fn a_refusal_is_told_at_once_where_nothing_can_be_had_here_and_now() {
    let (pool, store) = growing(PLENTY, 3);
    let wanted = plain(&pool, SLOT);
    assert!(!pool.is_full_for(&wanted), "there is room");
    assert_eq!(exhaust(&pool), 512);
    assert!(!pool.is_full_for(&wanted), "it fetches a chunk");
    assert!(masked(|| pool.is_full_for(&wanted)), "nothing is kept");
    let full = pool.full_of(&wanted);
    assert_eq!((full.wanted, full.free, full.largest_run), (1, 0, 0));
    pool.tend();
    assert!(!masked(|| pool.is_full_for(&wanted)), "the spare serves");
    assert_eq!(exhaust(&pool), 1024);
    pool.tend();
    assert_eq!(exhaust(&pool), 1024);
    store.asked();
    assert!(pool.is_full_for(&wanted), "the ceiling");
    assert!(!store.asked(), "there will be no more");
}

#[test]
fn memory_that_there_is_none_of_is_asked_for_again_when_some_came_back() {
    // Of the one place that there is nothing is lost in vain.
    let (pool, store) = growing(&[], 2);
    let wanted = plain(&pool, SLOT);
    exhaust(&pool);
    assert!(!pool.is_full_for(&wanted), "nobody has asked yet");
    assert!(take(&pool, SLOT).is_none());
    let asked = store.taken();
    assert!(asked > 0 && (0..10).all(|_| take(&pool, SLOT).is_none()));
    assert!(pool.is_full_for(&wanted));
    assert_eq!(store.taken(), asked, "in vain once, and not again");
    store.give_back(region(BASE + CHUNK, CHUNK));
    assert!(!pool.is_full_for(&wanted));
    assert!(take(&pool, SLOT).is_some());
}

#[test]
fn what_is_too_little_for_one_request_serves_a_shorter_one() {
    let (pool, _) = growing(&[(BASE + CHUNK, 64 * SLOT)], 64);
    exhaust(&pool);
    assert!(take(&pool, 65 * SLOT).is_none());
    assert_eq!(total(&pool), 512, "it would be of no use");
    assert!(!pool.is_full_for(&plain(&pool, SLOT)));
    assert!(take(&pool, SLOT).is_some());
}

/// As the store, of which it counts nothing.
struct Uncounted(&'static Store);

impl Supply for Uncounted {
    fn take(&self, bytes: u64, align: u64) -> Option<RamRegion> {
        self.0.take(bytes, align)
    }
    fn give_back(&self, region: RamRegion) {
        self.0.give_back(region);
    }
    fn micros(&self) -> u64 {
        self.0.micros()
    }
    fn tend_soon(&self) {
        self.0.tend_soon();
    }
    fn tend_in(&self, micros: u64) {
        self.0.tend_in(micros);
    }
}

#[test]
fn where_nobody_counts_what_comes_back_memory_is_asked_for_each_time() {
    let store = Store::new(&[]);
    let growth = Growth {
        supply: Box::leak(Box::new(Uncounted(store))),
        ceiling: 2,
        idle_us: IDLE_US,
    };
    let pool = Pool::growing(region(BASE, MIB), growth, 4).expect("low, and aligned");
    exhaust(&pool);
    for _ in 0..3 {
        let asked = store.taken();
        assert!(take(&pool, SLOT).is_none());
        assert!(store.taken() > asked);
    }
    store.give_back(region(BASE + CHUNK, CHUNK));
    assert!(take(&pool, SLOT).is_some());
}

#[test]
fn a_refusal_tells_of_no_run_that_would_have_served() {
    let pool = pool(1024);
    // Three slots that may start at any, since the place of the bytes in the first is given. Whether a chunk's
    // longest run is of two or of three its class does not say.
    let limits = Limits {
        min_align_mask: SLOT - 1,
        ..Limits::DEFAULT
    };
    let len = 2 * SLOT - 1;
    let three = shape(&pool, SLOT - 1, len, &limits, 0).expect("fits");
    assert_eq!((three.kind(), three.slots), (Kind::Any, 3));
    let all: Vec<_> = core::iter::from_fn(|| take(&pool, SLOT)).collect();
    for (number, slots) in all.into_iter().enumerate() {
        if number % 3 != 2 {
            pool.release(slots);
        }
    }
    let full = pool.alloc(&three, len).expect_err("pairs alone");
    assert_eq!((full.wanted, full.largest_run), (3, 2));
}
