//! Growth and shrink: when, by what, and back to the floor (DY, BP-4).

use super::super::model::mask;
use super::super::supply::{Growth, Supply};
use super::super::{CHUNK_SLOTS, Slots};
use super::*;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use hal::{Irq, MIB, PhysRange, RamRegion};
use oorandom::Rand32;
use std::boxed::Box;
use std::sync::Mutex;
use std::vec::Vec;

/// Idle time of the pools here.
pub(super) const IDLE_US: u64 = 1_000;

/// Low memory in pages, a clock that the test turns, and questions counted.
pub(super) struct Store {
    free: Mutex<Vec<PhysRange>>,
    pub(super) all: u64,
    now: AtomicU64,
    asked: AtomicU64,
    /// Calls of `tend_in`.
    later: AtomicU64,
    /// What the last of these said.
    delay: AtomicU64,
    /// Of these, for a long time.
    rare: AtomicU64,
    /// Calls of `take`.
    taken: AtomicU64,
    frees: AtomicU64,
}

impl Store {
    pub(super) fn new(free: &[(u64, u64)]) -> &'static Self {
        let range = |(start, len): &(u64, u64)| region(*start, *len).range();
        Box::leak(Box::new(Self {
            free: Mutex::new(free.iter().map(range).collect()),
            all: free.iter().map(|(_, len)| len).sum(),
            now: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            later: AtomicU64::new(0),
            delay: AtomicU64::new(0),
            rare: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            frees: AtomicU64::new(0),
        }))
    }

    pub(super) fn free(&self) -> u64 {
        self.free
            .lock()
            .expect("alive")
            .iter()
            .map(|range| range.len())
            .sum()
    }

    /// Was there a question since the last look?
    pub(super) fn asked(&self) -> bool {
        self.asked.swap(0, Relaxed) > 0
    }

    /// Calls of `take` so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Relaxed)
    }

    pub(super) fn wait(&self, micros: u64) {
        self.now.fetch_add(micros, Relaxed);
    }
}

impl Supply for Store {
    fn take(&self, bytes: u64, align: u64) -> Option<RamRegion> {
        assert!(!Core::masked(), "memory is fetched with interrupts on");
        self.taken.fetch_add(1, Relaxed);
        let mut free = self.free.lock().expect("alive");
        let fit = |range: &PhysRange| {
            let start = range.start().align_up(align)?;
            let part = PhysRange::new(start, bytes).ok()?;
            range.contains(part).then_some(part)
        };
        let at = free.iter().position(|range| fit(range).is_some())?;
        let range = free.remove(at);
        let part = fit(&range)?;
        for rest in [
            PhysRange::between(range.start(), part.start()),
            PhysRange::between(part.end(), range.end()),
        ] {
            free.extend(rest);
        }
        Some(region(part.start().get(), part.len()))
    }

    fn give_back(&self, region: RamRegion) {
        assert!(!Core::masked(), "memory goes back with interrupts on");
        let range = region.range();
        let mut free = self.free.lock().expect("alive");
        assert!(
            free.iter().all(|other| !other.overlaps(range)),
            "{range} is free"
        );
        free.push(range);
        free.sort_by_key(|range| range.start());
        let mut joined: Vec<PhysRange> = Vec::new();
        for range in free.drain(..) {
            match joined.last_mut() {
                Some(last) if last.end() == range.start() => {
                    *last = PhysRange::between(last.start(), range.end()).expect("joined");
                }
                _ => joined.push(range),
            }
        }
        *free = joined;
        self.frees.fetch_add(1, Relaxed);
    }

    fn frees(&self) -> Option<u64> {
        Some(self.frees.load(Relaxed))
    }

    fn micros(&self) -> u64 {
        self.now.load(Relaxed)
    }

    fn tend_soon(&self) {
        self.asked.fetch_add(1, Relaxed);
    }

    fn tend_in(&self, micros: u64) {
        self.rare
            .fetch_add(u64::from(micros > 10 * IDLE_US), Relaxed);
        assert!(!Core::masked(), "timers are set with interrupts on");
        self.later.fetch_add(1, Relaxed);
        self.delay.store(micros, Relaxed);
    }
}

/// A floor of 512 slots, and `free` to grow by up to `ceiling` chunks.
pub(super) fn growing(free: &[(u64, u64)], ceiling: usize) -> (Pool<Core>, &'static Store) {
    let store = Store::new(free);
    let growth = Growth {
        supply: store,
        ceiling,
        idle_us: IDLE_US,
    };
    let pool = Pool::growing(region(BASE, MIB), growth, 4).expect("low, and aligned");
    (pool, store)
}

/// Plenty, behind the floor.
pub(super) const PLENTY: &[(u64, u64)] = &[(BASE + CHUNK, 64 * CHUNK)];

pub(super) fn take(pool: &Pool<Core>, len: u64) -> Option<Slots> {
    pool.alloc(&plain(pool, len), len).ok()
}

pub(super) fn masked<R>(f: impl FnOnce() -> R) -> R {
    mask(true);
    let result = f();
    mask(false);
    result
}

/// Looks after the pool for long enough that everything idle is gone.
pub(super) fn rest(pool: &Pool<Core>, store: &Store) {
    for _ in 0..8 {
        store.wait(IDLE_US / 2);
        pool.tend();
    }
}

pub(super) fn total(pool: &Pool<Core>) -> u32 {
    pool.usage().total
}

#[test]
fn dy_2_growth_starts_before_the_pool_is_full() {
    let (pool, store) = growing(PLENTY, 64);
    let mut live = Vec::new();
    while !store.asked() {
        live.push(take(&pool, SLOT).expect("asked before it was full"));
    }
    // A quarter of 512 slots is free, less one.
    assert_eq!(live.len(), 512 - 127);
    assert_eq!(
        store.taken.load(Relaxed),
        0,
        "a request fetches nothing while there is room"
    );
    pool.tend();
    assert_eq!(total(&pool), 512, "the spare is kept, not used");
    let taken = store.taken.load(Relaxed);
    masked(|| live.extend((0..512).map(|_| take(&pool, SLOT).expect("the spare serves"))));
    assert_eq!(
        (total(&pool), store.taken.load(Relaxed)),
        (512 + CHUNK_SLOTS, taken)
    );
    live.into_iter().for_each(|slots| pool.release(slots));
}

#[test]
fn dy_2_growth_starts_when_the_longest_run_gets_short() {
    let (pool, store) = growing(PLENTY, 64);
    // One slot in the middle of every 64 KiB: nearly all is free, in short runs.
    let every = Layout::of(1, (32, 16), CHUNK_SLOTS, 0);
    let live: Vec<_> = (0..16)
        .map(|_| pool.alloc(&every, 1).expect("room"))
        .collect();
    assert!(!store.asked(), "nobody has tried yet");
    let long = masked(|| take(&pool, 0x1_0000));
    assert!(long.is_none() && store.asked());
    pool.tend();
    assert!(masked(|| take(&pool, 0x1_0000)).is_some());
    drop(live);
}

#[test]
fn with_interrupts_masked_the_spare_is_all_that_is_taken() {
    let (pool, store) = growing(PLENTY, 64);
    let fits = |_: &u32| masked(|| take(&pool, SLOT)).is_some();
    assert_eq!((0..4096).take_while(fits).count(), 512);
    pool.tend();
    assert_eq!((0..4096).take_while(fits).count(), 1024, "one spare");
    assert!(store.asked());
}

#[test]
fn a_request_that_may_wait_fetches_a_chunk_itself() {
    let (pool, _) = growing(PLENTY, 64);
    let live: Vec<_> = (0..24 * 1024)
        .map(|_| take(&pool, SLOT).expect("it grows"))
        .collect();
    assert_eq!(total(&pool), 512 + 23 * 1024 + 1024);
    drop(live);
}

#[test]
fn the_ceiling_holds_and_a_refusal_there_asks_for_nothing() {
    let (pool, store) = growing(PLENTY, 3);
    let live: Vec<_> = core::iter::from_fn(|| take(&pool, SLOT)).collect();
    assert_eq!(live.len(), 512 + 2 * 1024);
    pool.tend();
    store.asked();
    let taken = store.taken.load(Relaxed);
    assert!((0..10).all(|_| take(&pool, SLOT).is_none()));
    assert!(!store.asked());
    assert_eq!(store.taken.load(Relaxed), taken);
}

#[test]
fn bp_4_what_is_idle_goes_back_highest_first_and_the_floor_stays() {
    let (pool, store) = growing(PLENTY, 64);
    let mut live: Vec<_> = (0..5 * 1024)
        .map(|_| take(&pool, SLOT).expect("it grows"))
        .collect();
    let (_, low): (Vec<_>, Vec<_>) = live.drain(..).partition(|slots| {
        let high = slots.chunk > 1;
        if high {
            let slots = Slots {
                pool: slots.pool,
                data: slots.data(),
                ..*slots
            };
            pool.release(slots);
        }
        high
    });
    pool.tend();
    assert_eq!(total(&pool), 512 + 5 * 1024, "empty for no time at all");
    rest(&pool, store);
    // The two in use are full: above low water by one more alone.
    assert_eq!(total(&pool), 512 + 2 * 1024);
    low.into_iter().for_each(|slots| pool.release(slots));
    rest(&pool, store);
    assert_eq!(total(&pool), 512);
    assert_eq!(store.free(), store.all, "no spare at rest");
    let extent = pool.extent();
    assert_eq!(
        (extent.chunks, extent.spare, extent.grown),
        (1, false, extent.returned)
    );
    assert_eq!(
        (extent.floor, extent.ceiling, extent.grown),
        (512, 512 + 63 * 1024, 5)
    );
    assert_eq!(extent.idle_us, IDLE_US);
}

#[test]
fn bp_4_at_rest_nothing_is_kept_ready() {
    let (pool, store) = growing(PLENTY, 64);
    let live: Vec<_> = (0..400).map(|_| take(&pool, SLOT).expect("room")).collect();
    pool.tend();
    assert!(pool.extent().spare, "few are free");
    live.into_iter().for_each(|slots| pool.release(slots));
    pool.tend();
    assert!(pool.extent().spare, "calm for no time at all");
    rest(&pool, store);
    assert!(!pool.extent().spare && store.free() == store.all);
}

/// There is nothing to ask for at the ceiling, so nobody asks; and yet somebody has to look.
#[test]
fn bp_4_what_came_at_one_go_up_to_the_ceiling_goes_back_as_well() {
    for (ceiling, len) in [(2, CHUNK), (9, 8 * CHUNK)] {
        let (pool, store) = growing(PLENTY, ceiling);
        let all = take(&pool, len).expect("grows");
        assert!(!store.asked(), "{ceiling} chunks are all there may be");
        assert_eq!(store.later.swap(0, Relaxed), 1, "somebody looks later");
        pool.release(all);
        rest(&pool, store);
        assert_eq!(store.free(), store.all);
    }
}

#[test]
fn a_load_that_comes_and_goes_faster_than_the_idle_time_moves_no_memory() {
    let (pool, store) = growing(PLENTY, 64);
    let burst = || {
        let live: Vec<_> = (0..2000)
            .map(|_| take(&pool, SLOT).expect("it grows"))
            .collect();
        live.into_iter().for_each(|slots| pool.release(slots));
    };
    let settle = || {
        burst();
        store.wait(IDLE_US / 2);
        pool.tend();
    };
    settle();
    settle();
    let taken = store.taken.load(Relaxed);
    (0..20).for_each(|_| settle());
    assert_eq!(store.taken.load(Relaxed), taken);
}

#[test]
fn geo_2_without_a_whole_chunk_half_of_one_will_do_and_nothing_beside_it_is_handed_out() {
    // Memory that starts a quarter into one block and ends three eighths into the next.
    let (start, len) = (BASE + CHUNK + CHUNK / 4, CHUNK + CHUNK / 8);
    let (pool, store) = growing(&[(start, len)], 64);
    let live: Vec<_> = core::iter::from_fn(|| take(&pool, SLOT)).collect();
    let grown: Vec<_> = live.iter().filter(|slots| slots.chunk > 0).collect();
    assert!(grown.len() >= 512, "{}", grown.len());
    let memory = region(start, len).range();
    assert!(grown.iter().all(|slots| memory.contains(slots.data())));
    live.into_iter().for_each(|slots| pool.release(slots));
    rest(&pool, store);
    assert_eq!((total(&pool), store.free()), (512, store.all));
}

#[test]
fn a_run_over_chunks_is_grown_in_one_piece() {
    let (pool, store) = growing(PLENTY, 64);
    assert_eq!(pool.capacity(), 8 * 1024, "16 MiB: a constant");
    let long = 16 * MIB;
    assert!(masked(|| take(&pool, long)).is_none() && store.asked());
    pool.tend();
    let slots = masked(|| take(&pool, long)).expect("grown for it");
    pool.release(slots);
    rest(&pool, store);
    assert_eq!(total(&pool), 512);
    // With interrupts on, at once.
    let slots = take(&pool, long).expect("grown by itself");
    pool.release(slots);
    rest(&pool, store);
    assert_eq!(store.free(), store.all);
}

#[test]
fn without_memory_a_request_is_refused_and_nobody_asks_in_vain_again() {
    let (pool, store) = growing(&[], 64);
    let live: Vec<_> = core::iter::from_fn(|| take(&pool, SLOT)).collect();
    assert_eq!(live.len(), 512);
    pool.tend();
    store.asked();
    assert!((0..10).all(|_| masked(|| take(&pool, SLOT)).is_none()));
    assert!(!store.asked(), "the next look is on its way");
}

#[test]
fn an_address_leads_to_its_slot_while_chunks_come_and_go() {
    let (pool, store) = growing(PLENTY, 64);
    let whole = take(&pool, CHUNK).expect("grown");
    let at = whole.data().start();
    let stays = |chunk| pool.chunk_usage(chunk).map(|chunk| chunk.stays);
    assert_eq!([0, 1].map(stays), [Some(true), Some(false)]);
    assert_eq!(pool.find(at), Some((1, 0)));
    assert_eq!(pool.find(whole.data().last()), Some((1, 1023)));
    let half = PhysAddr::new(BASE + MIB);
    assert_eq!(
        pool.find(half),
        None,
        "the floor's block has others' memory in it"
    );
    assert_eq!(pool.find(PhysAddr::new(BASE + MIB - 1)), Some((0, 511)));
    pool.release(whole);
    rest(&pool, store);
    assert_eq!(pool.find(at), None);
}

#[test]
#[cfg_attr(miri, ignore = "numbers alone, thousands of them")]
fn inv_5_random_steps_with_chunks_that_come_and_go() {
    for seed in 0..12 {
        let mut random = Rand32::new(seed);
        let odd = (BASE + 40 * CHUNK + CHUNK / 2, 3 * CHUNK);
        let (pool, store) = growing(&[(BASE + CHUNK, 5 * CHUNK), odd], 7);
        let mut live: Vec<Slots> = Vec::new();
        for step in 0..6000 {
            let filling = step / 1500 % 2 == 0;
            match random.rand_range(0..if filling { 22 } else { 30 }) {
                0 => pool.tend(),
                1 => store.wait(u64::from(random.rand_range(0..IDLE_US as u32))),
                2..14 => {
                    let len = match random.rand_range(0..40) {
                        0 => 1 + random.rand_range(0..3 * CHUNK as u32),
                        _ => 1 + random.rand_range(0..0x8000),
                    };
                    mask(random.rand_range(0..2) == 0);
                    live.extend(take(&pool, u64::from(len)));
                    mask(false);
                }
                _ if live.is_empty() => {}
                _ => {
                    let at = random.rand_range(0..live.len() as u32) as usize;
                    pool.release(live.swap_remove(at));
                }
            }
            if step % 500 == 0 {
                assert_disjoint(&pool, &live, store);
            }
        }
        live.drain(..).for_each(|slots| pool.release(slots));
        rest(&pool, store);
        assert_eq!(
            (total(&pool), pool.usage().used, store.free()),
            (512, 0, store.all)
        );
    }
}

/// No two live runs overlap, none lies in free memory, each is found, and all are counted.
fn assert_disjoint(pool: &Pool<Core>, live: &[Slots], store: &Store) {
    let mut ranges: Vec<PhysRange> = live.iter().map(Slots::data).collect();
    let used: u32 = live.iter().map(|slots| slots.count).sum();
    assert_eq!(pool.usage().used, used);
    let found = |slots: &Slots| pool.find(slots.data().start());
    assert!(
        live.iter().all(|slots| {
            found(slots) == Some((usize::from(slots.chunk), u32::from(slots.first)))
        })
    );
    ranges.extend(store.free.lock().expect("alive").iter());
    ranges.sort_by_key(|range| range.start());
    assert!(ranges.is_sorted_by(|a, b| a.end() <= b.start()), "INV-5");
}

#[test]
fn bp_4_a_chunk_in_use_at_rest_wakes_nobody_before_its_last_slot_comes_back() {
    let (pool, store) = growing(PLENTY, 64);
    let floor: Vec<_> = (0..512).map(|_| take(&pool, SLOT).expect("room")).collect();
    let held = take(&pool, SLOT).expect("it grows");
    floor.into_iter().for_each(|slots| pool.release(slots));
    rest(&pool, store);
    store.later.store(0, Relaxed);
    store.rare.store(0, Relaxed);
    store.asked();
    for _ in 0..100 {
        store.wait(IDLE_US);
        pool.tend();
    }
    assert_eq!(
        store.later.load(Relaxed),
        store.rare.load(Relaxed),
        "rarely"
    );
    assert!(!store.asked());
    assert_eq!(total(&pool), 512 + 1024);
    pool.release(held);
    assert!(store.asked(), "the end of what it waits for is told");
    rest(&pool, store);
    assert_eq!(total(&pool), 512);
}

#[test]
fn bp_4_an_empty_chunk_that_is_all_the_room_there_is_wakes_nobody_before_there_is_other() {
    let (pool, store) = growing(PLENTY, 64);
    let mut floor: Vec<_> = (0..512).map(|_| take(&pool, SLOT).expect("room")).collect();
    pool.release(take(&pool, SLOT).expect("it grows"));
    rest(&pool, store);
    store.later.store(0, Relaxed);
    store.rare.store(0, Relaxed);
    store.asked();
    pool.tend();
    assert_eq!(
        (store.later.load(Relaxed), store.rare.load(Relaxed)),
        (1, 1)
    );
    assert_eq!(total(&pool), 512 + 1024, "the only room");
    floor.drain(..).for_each(|slots| pool.release(slots));
    assert!(store.asked(), "there is room elsewhere");
    rest(&pool, store);
    assert_eq!(total(&pool), 512);
}

#[test]
fn bp_4_what_it_grew_by_is_looked_at_after_half_the_idle_time() {
    let (pool, store) = growing(PLENTY, 3);
    let chunk = take(&pool, CHUNK).expect("it grows");
    assert_eq!(store.delay.load(Relaxed), IDLE_US / 2);
    pool.release(chunk);
}

#[test]
fn cp_8_a_chunk_that_comes_to_the_same_place_is_of_another_generation() {
    let (pool, store) = growing(PLENTY, 2);
    let place = || {
        let slots = take(&pool, CHUNK).expect("it grows");
        let place = pool.place_of(slots.data().start());
        pool.release(slots);
        rest(&pool, store);
        place.expect("a slot of the pool")
    };
    let ((before, first), (after, second)) = (place(), place());
    assert_eq!(before, after);
    assert_ne!(first, second, "a slot that others had before, who had gone");
}

#[test]
fn a_place_is_not_taken_for_less_than_a_word_of_slots() {
    let (pool, _) = growing(&[(BASE + CHUNK, 32 * SLOT)], 3);
    let floor = take(&pool, MIB).expect("all of it");
    assert!(take(&pool, SLOT).is_none(), "a place for 32 slots");
    assert_eq!(total(&pool), 512);
    pool.release(floor);
}
