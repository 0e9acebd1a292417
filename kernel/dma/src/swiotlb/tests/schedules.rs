//! Several cores over one pool, under many schedules: a core may lose its turn before each access to what
//! all of them share.

use super::super::model::{explore, mask, play};
use super::super::supply::Supply;
use super::super::{CHUNK_SLOTS, Slots};
use super::growth::{IDLE_US, PLENTY, growing, rest, take, total};
use super::*;
use hal::MIB;
use shuttle::thread;
use std::boxed::Box;
use std::sync::{Arc, Mutex};
use std::vec::Vec;

/// Schedules of each kind in the tests that always run.
const SOME: usize = 100;

/// What cores hold, byte by byte disjoint.
#[derive(Clone, Default)]
struct Held(Arc<Mutex<Vec<hal::PhysRange>>>);

impl Held {
    fn add(&self, slots: &Slots) {
        let mut held = self.0.lock().expect("alive");
        let new = slots.data();
        assert!(
            held.iter().all(|range| !range.overlaps(new)),
            "INV-5: {new}"
        );
        held.push(new);
    }

    fn remove(&self, slots: &Slots) {
        let mut held = self.0.lock().expect("alive");
        held.retain(|range| *range != slots.data());
    }
}

type Body = Box<dyn FnOnce() + Send>;

/// Runs each body on a core of its own until all are through.
fn cores(bodies: Vec<Body>) {
    let start = |(core, body): (usize, Body)| {
        thread::spawn(move || {
            play(core);
            body();
        })
    };
    let all: Vec<_> = bodies.into_iter().enumerate().map(start).collect();
    all.into_iter()
        .for_each(|core| core.join().expect("no core panics"));
}

/// Takes a slot, and gives it back.
fn round(pool: &Pool<Core>, held: &Held) {
    let slots = take(pool, 1).expect("there is a slot for each core");
    held.add(&slots);
    let found = pool.find(slots.data().start());
    assert_eq!(
        found,
        Some((usize::from(slots.chunk), u32::from(slots.first)))
    );
    held.remove(&slots);
    pool.release(slots);
}

/// A free slot in each of three chunks, and three cores that want one each, again and again.
fn three_slots_for_three_cores() {
    let pool = Arc::new(pool(2049));
    let rest = [0; 2].map(|_| take(&pool, 1023 * SLOT).expect("room"));
    let held = Held::default();
    let core = || -> Body {
        let (pool, held) = (pool.clone(), held.clone());
        Box::new(move || (0..4).for_each(|_| round(&pool, &held)))
    };
    cores([core(), core(), core()].into());
    rest.into_iter().for_each(|slots| pool.release(slots));
    let usage = pool.usage();
    assert_eq!((usage.used, usage.total), (0, 2049));
    assert!(take(&pool, 2 * CHUNK).is_some(), "INV-5: as at first");
}

/// A full floor: one core may fetch chunks, one may not, and one looks after the pool.
fn growth_for_two_cores() {
    let (pool, store) = growing(PLENTY, 4);
    let (pool, held) = (Arc::new(pool), Held::default());
    let floor = take(&pool, MIB).expect("room");
    let (p, h) = (pool.clone(), held.clone());
    let may: Body = Box::new(move || (0..2).for_each(|_| round(&p, &h)));
    let (p, h) = (pool.clone(), held.clone());
    let may_not: Body = Box::new(move || {
        mask(true);
        if let Some(slots) = take(&p, 1) {
            h.add(&slots);
            h.remove(&slots);
            p.release(slots);
        }
        mask(false);
    });
    let p = pool.clone();
    let looks: Body = Box::new(move || (0..2).for_each(|_| p.tend()));
    cores([may, may_not, looks].into());
    assert!(total(&pool) <= 512 + 3 * CHUNK_SLOTS);
    pool.release(floor);
    rest(&pool, store);
    assert_eq!(
        (total(&pool), pool.usage().used, store.free()),
        (512, 0, store.all)
    );
}

/// A chunk that is about to go, a core that takes slots in it or in the one that comes after it, and
/// one that asks whose bytes are those beside it.
fn a_chunk_goes_while_it_is_wanted() {
    let half = &[(BASE + CHUNK + MIB, MIB)];
    let (pool, store) = growing(half, 4);
    let (pool, held) = (Arc::new(pool), Held::default());
    let floor = take(&pool, MIB).expect("room");
    let grown = take(&pool, 1).expect("it grows");
    pool.release(grown);
    pool.release(floor);
    pool.tend();
    store.wait(2 * IDLE_US);
    // Of a whole chunk, at another place.
    store.give_back(region(BASE + 4 * CHUNK, CHUNK));
    let wants = |len: u64| -> Body {
        let (pool, held) = (pool.clone(), held.clone());
        Box::new(move || {
            let slots = take(&pool, len).expect("the floor has it, or the chunk that is left");
            held.add(&slots);
            held.remove(&slots);
            pool.release(slots);
        })
    };
    let p = pool.clone();
    let goes: Body = Box::new(move || p.tend());
    let p = pool.clone();
    // Somebody else's all the time.
    let asks: Body = Box::new(move || {
        let foreign = [BASE + CHUNK, BASE + CHUNK + MIB - 1, BASE + MIB];
        let find = |at: &u64| p.find(PhysAddr::new(*at));
        assert!((0..3).all(|_| foreign.iter().all(|at| find(at).is_none())));
    });
    cores([wants(CHUNK), wants(MIB), goes, asks].into());
    rest(&pool, store);
    assert_eq!(
        (total(&pool), pool.usage().used, store.free()),
        (512, 0, MIB + CHUNK)
    );
}

/// Two runs over the same three chunks, of which one fits at a time, and a small one.
fn long_runs_get_into_each_others_way() {
    let pool = Arc::new(pool(3 * 1024));
    let held = Held::default();
    let long = || -> Body {
        let (pool, held) = (pool.clone(), held.clone());
        Box::new(move || {
            if let Some(slots) = take(&pool, 2 * CHUNK) {
                held.add(&slots);
                held.remove(&slots);
                pool.release(slots);
            }
        })
    };
    let (p, h) = (pool.clone(), held.clone());
    let small: Body = Box::new(move || round(&p, &h));
    cores([long(), long(), small].into());
    assert_eq!(pool.usage().used, 0);
    assert!(take(&pool, 3 * CHUNK).is_some(), "INV-5: as at first");
}

const CASES: [fn(); 4] = [
    three_slots_for_three_cores,
    growth_for_two_cores,
    a_chunk_goes_while_it_is_wanted,
    long_runs_get_into_each_others_way,
];

#[test]
#[cfg_attr(miri, ignore = "thousands of schedules")]
fn inv_5_nobody_is_refused_while_there_is_a_slot_for_each_core() {
    explore(SOME, CASES[0]);
}

#[test]
#[cfg_attr(miri, ignore = "thousands of schedules")]
fn inv_5_two_cores_grow_the_pool_at_once() {
    explore(SOME, CASES[1]);
}

#[test]
#[cfg_attr(miri, ignore = "thousands of schedules")]
fn dy_6_a_chunk_goes_only_while_nobody_has_a_slot_of_it() {
    explore(SOME, CASES[2]);
}

#[test]
#[cfg_attr(miri, ignore = "thousands of schedules")]
fn inv_5_long_runs_take_all_or_nothing() {
    explore(SOME, CASES[3]);
}

#[test]
#[ignore = "the long form: 100,000 schedules of each case and kind"]
fn inv_5_many_schedules() {
    CASES.into_iter().for_each(|case| explore(100_000, case));
}
