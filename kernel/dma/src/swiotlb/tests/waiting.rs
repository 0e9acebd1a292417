//! Those who wait for slots: no wake-up and no slot is lost, whatever the cores do in between.

mod asked;

use super::super::model::{explore, intrude, mask, nobody_came, play};
use super::super::terms::Terms;
use super::super::{Budget, CHUNK_SLOTS, Grants, Served, Slots, Ticket, Want, cell};
use super::growth::{PLENTY, growing, rest};
use super::*;
use crate::device::DeviceId;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use core::task::Waker;
use hal::Irq;
use oorandom::Rand32;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;
use std::boxed::Box;
use std::sync::{Arc, Mutex};
use std::task::Wake;
use std::vec::Vec;

/// Schedules of each kind in the tests that always run.
const SOME: usize = 300;

/// The kernel around: what it was asked for.
#[derive(Default)]
pub(super) struct Queue {
    soon: AtomicUsize,
    later: AtomicUsize,
    now: AtomicU64,
}

impl Grants for Queue {
    fn grant_soon(&self) {
        self.soon.fetch_add(1, SeqCst);
    }

    fn grant_in(&self, _: u64) {
        assert!(!Core::masked(), "timers are set with interrupts on");
        self.later.fetch_add(1, SeqCst);
    }

    fn micros(&self) -> u64 {
        self.now.load(SeqCst)
    }
}

/// A waker that says whether it was used.
#[derive(Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        assert!(!Core::masked(), "woken with interrupts on");
        self.0.store(true, SeqCst);
    }
}

/// A pool of `slots` slots on which may be waited.
fn waited(slots: u64) -> (Arc<Pool<Core>>, &'static Queue) {
    let queue: &'static Queue = Box::leak(Box::default());
    let mut pool = pool(slots);
    pool.serve_by(queue);
    (Arc::new(pool), queue)
}

fn terms(device: u32, quota: Option<u32>) -> Arc<Terms> {
    Arc::new(Terms::new(DeviceId::for_tests(device), "device", quota))
}

fn want(pool: &Pool<Core>, terms: &Arc<Terms>, slots: u64) -> Want {
    let len = slots * SLOT;
    Want {
        terms: Arc::clone(terms),
        layout: plain(pool, len),
        len,
    }
}

/// One who waits, from a future's point of view.
struct Waiter {
    ticket: Option<Ticket>,
    bell: Arc<Bell>,
    got: Option<Slots>,
}

impl Waiter {
    fn new(pool: &Pool<Core>, want: Want) -> Self {
        let bell = Arc::<Bell>::default();
        let waker = Waker::from(bell.clone());
        let ticket = pool.wait(want, &waker).expect("served by the test");
        let mut waiter = Self {
            ticket: Some(ticket),
            bell,
            got: None,
        };
        waiter.look(pool);
        waiter
    }

    fn look(&mut self, pool: &Pool<Core>) {
        let waker = Waker::from(self.bell.clone());
        if let Some(ticket) = self.ticket.take() {
            match pool.look(ticket, &waker) {
                Served::Granted(slots) => self.got = Some(slots),
                Served::NotYet(ticket) => self.ticket = Some(ticket),
            }
        }
    }

    /// As a future that is polled when it was woken, and not before.
    fn poll_if_woken(&mut self, pool: &Pool<Core>) {
        if self.bell.0.swap(false, SeqCst) {
            self.look(pool);
        }
    }

    fn leave(&mut self, pool: &Pool<Core>) {
        if let Some(ticket) = self.ticket.take() {
            pool.leave(ticket);
        }
    }
}

/// Does what the kernel around was asked for, and only that.
fn drain(pool: &Pool<Core>, queue: &Queue) {
    while queue.soon.swap(0, SeqCst) > 0 {
        pool.grant();
    }
}

fn take(pool: &Pool<Core>, slots: u64) -> Slots {
    pool.alloc(&plain(pool, slots * SLOT), slots * SLOT)
        .expect("room")
}

type Body = Box<dyn FnOnce() + Send>;

/// Runs each body on a core of its own until all are through.
fn cores(bodies: Vec<Body>) {
    let start = |(core, body): (usize, Body)| {
        // Comes at any moment of what others do.
        let late = thread_rng().gen_range(0..150);
        thread::spawn(move || {
            play(core);
            (0..late).for_each(|_| thread::yield_now());
            body();
        })
    };
    let all: Vec<_> = bodies.into_iter().enumerate().map(start).collect();
    all.into_iter()
        .for_each(|core| core.join().expect("no core panics"));
}

/// A core that waits for `want`, with interrupts masked or not, and leaves what came of it.
fn waits(pool: &Arc<Pool<Core>>, want: Want, masked: bool) -> (Body, Arc<Mutex<Option<Waiter>>>) {
    let (pool, place) = (pool.clone(), Arc::<Mutex<Option<Waiter>>>::default());
    let kept = place.clone();
    let body = Box::new(move || {
        mask(masked);
        let waiter = Waiter::new(&pool, want);
        mask(false);
        *kept.lock().expect("alive") = Some(waiter);
    });
    (body, place)
}

/// A core that does what was asked for, a few times.
fn serves(pool: &Arc<Pool<Core>>, queue: &'static Queue) -> Body {
    let pool = pool.clone();
    Box::new(move || (0..3).for_each(|_| drain(&pool, queue)))
}

/// What came of a waiter once all is quiet: it was woken, and has its slots.
fn served(pool: &Pool<Core>, queue: &Queue, place: &Mutex<Option<Waiter>>) -> Slots {
    drain(pool, queue);
    let waiter = place.lock().expect("alive").take();
    let mut waiter = waiter.expect("it came");
    if waiter.got.is_none() {
        waiter.poll_if_woken(pool);
    }
    let lost = "a wake-up was lost: there are slots, and nobody will look";
    waiter.got.expect(lost)
}

fn a_release_meets_a_waiter(masked: bool) {
    let (pool, queue) = waited(4);
    let all = take(&pool, 4);
    let (waiter, place) = waits(&pool, want(&pool, &terms(1, None), 3), masked);
    let p = pool.clone();
    let releases: Body = Box::new(move || p.release(all));
    cores([waiter, releases, serves(&pool, queue)].into());
    pool.release(served(&pool, queue, &place));
    assert_eq!((pool.usage().used, pool.waiters()), (0, 0));
}

fn a_refund_meets_a_waiter() {
    let (pool, queue) = waited(64);
    let terms = terms(1, Some(4));
    let held = pool.alloc_for(&terms, &plain(&pool, 4 * SLOT), 4 * SLOT);
    let held = held.expect("4 of 4");
    let (waiter, place) = waits(&pool, want(&pool, &terms, 4), false);
    let (p, t) = (pool.clone(), terms.clone());
    let releases: Body = Box::new(move || p.release_for(&t, held));
    cores([waiter, releases, serves(&pool, queue)].into());
    pool.release_for(&terms, served(&pool, queue, &place));
    let used = terms.budget().map(Budget::used);
    assert_eq!((pool.usage().used, used), (0, Some(0)));
}

/// What is charged and given back in vain was in the way of one who waits.
fn a_refusal_meets_a_waiter() {
    let (pool, queue) = waited(4);
    let (terms, all) = (terms(1, Some(4)), take(&pool, 2));
    let (waiter, place) = waits(&pool, want(&pool, &terms, 2), false);
    let (p, t) = (pool.clone(), terms.clone());
    let refused: Body = Box::new(move || {
        let layout = plain(&p, 3 * SLOT);
        let taken = p.alloc_for(&t, &layout, 3 * SLOT);
        assert!(taken.is_err(), "two are free");
    });
    cores([waiter, refused, serves(&pool, queue)].into());
    pool.release_for(&terms, served(&pool, queue, &place));
    pool.release(all);
    assert_eq!(pool.usage().used, 0);
}

fn a_cell_meets_a_waiter() {
    let (pool, queue) = waited(4);
    let terms = terms(1, None);
    let shape = cell(&Limits::DEFAULT, SLOT, 1, pool.capacity()).expect("fits");
    pool.reserve(&terms, 1, shape, SLOT).expect("room");
    let rest = [(); 3].map(|()| take(&pool, 1));
    let used = pool.alloc_for(&terms, &plain(&pool, SLOT), SLOT);
    let used = used.expect("reserved");
    let (waiter, place) = waits(&pool, want(&pool, &terms, 1), false);
    let p = pool.clone();
    let releases: Body = Box::new(move || p.release(used));
    cores([waiter, releases, serves(&pool, queue)].into());
    let got = served(&pool, queue, &place);
    assert!(got.are_private());
    pool.release(got);
    rest.into_iter().for_each(|slots| pool.release(slots));
    assert_eq!(pool.usage().used, 1, "the cell");
}

/// Parts that a long request took in vain were in the way of one who waits.
fn a_long_request_meets_a_waiter() {
    let (pool, queue) = waited(2 * 1024);
    let all = u64::from(CHUNK_SLOTS);
    let [first, second] = [all, 1].map(|slots| take(&pool, slots));
    pool.release(first);
    let (waiter, place) = waits(&pool, want(&pool, &terms(1, None), all), false);
    let p = pool.clone();
    let long: Body = Box::new(move || {
        let taken = p.alloc(&plain(&p, 2 * CHUNK), 2 * CHUNK);
        assert!(taken.is_err(), "a slot of the second chunk is in use");
    });
    cores([waiter, long, serves(&pool, queue)].into());
    pool.release(served(&pool, queue, &place));
    pool.release(second);
    assert_eq!(pool.usage().used, 0);
}

/// One of two gives up while slots come for one.
fn a_waiter_leaves_while_it_is_served() {
    let (pool, queue) = waited(2);
    let all = take(&pool, 2);
    let device = terms(1, None);
    let mut leaves = Waiter::new(&pool, want(&pool, &device, 2));
    let (waiter, place) = waits(&pool, want(&pool, &device, 2), false);
    let p = pool.clone();
    let releases: Body = Box::new(move || p.release(all));
    let p = pool.clone();
    let gives_up: Body = Box::new(move || leaves.leave(&p));
    cores([waiter, releases, gives_up, serves(&pool, queue)].into());
    pool.release(served(&pool, queue, &place));
    assert_eq!(
        (pool.usage().used, pool.waiters()),
        (0, 0),
        "no grant is lost"
    );
}

/// A chunk comes while one waits who may not fetch it.
fn a_chunk_meets_a_waiter() {
    let queue: &'static Queue = Box::leak(Box::default());
    let (mut pool, store) = growing(PLENTY, 2);
    pool.serve_by(queue);
    let pool = Arc::new(pool);
    let floor = take(&pool, 512);
    let (waiter, place) = waits(&pool, want(&pool, &terms(1, None), 1), true);
    let p = pool.clone();
    let grows: Body = Box::new(move || {
        // Refused where another core is about to bring the chunk.
        if let Ok(slots) = p.alloc(&plain(&p, SLOT), SLOT) {
            p.release(slots);
        }
    });
    cores([waiter, grows, serves(&pool, queue)].into());
    pool.release(served(&pool, queue, &place));
    pool.release(floor);
    rest(&pool, store);
    assert_eq!((pool.usage().used, store.free()), (0, store.all));
}

macro_rules! explored {
    ($($name:ident: $case:expr;)*) => {
        $(
            #[test]
            #[cfg_attr(miri, ignore = "thousands of schedules")]
            fn $name() {
                explore(SOME, $case);
            }
        )*

        #[test]
        #[ignore = "the long form: 30,000 schedules of each case and kind"]
        fn wt_1_many_schedules() {
            $(explore(30_000, $case);)*
        }
    };
}

explored! {
    wt_1_a_release_beside_a_registration_is_not_missed: || a_release_meets_a_waiter(false);
    wt_1_a_release_is_not_missed_by_one_who_may_not_look_itself: || a_release_meets_a_waiter(true);
    wt_1_a_refund_beside_a_registration_is_not_missed: a_refund_meets_a_waiter;
    wt_1_what_a_refusal_gives_back_is_not_missed: a_refusal_meets_a_waiter;
    wt_1_a_cell_that_comes_home_is_not_missed: a_cell_meets_a_waiter;
    wt_1_what_a_long_request_took_in_vain_is_not_missed: a_long_request_meets_a_waiter;
    wt_1_a_chunk_that_comes_is_not_missed: a_chunk_meets_a_waiter;
    wt_4_what_was_put_aside_for_one_who_leaves_goes_to_the_next: a_waiter_leaves_while_it_is_served;
}

/// One call that gives slots back, and a waiter that comes before each of its accesses in turn.
fn comes_at_any_moment_of_a_release(quota: Option<u32>) {
    let mut came = 0;
    for n in 1..200 {
        let (pool, queue) = waited(4);
        let terms = terms(1, quota);
        let held = pool.alloc_for(&terms, &plain(&pool, 4 * SLOT), 4 * SLOT);
        let held = held.expect("all four");
        let (p, t) = (pool.clone(), terms.clone());
        let place = Arc::<Mutex<Option<Waiter>>>::default();
        let kept = place.clone();
        intrude(n, move || {
            // Not while the release has the chunk: the other core would wait.
            if p.try_open(0).is_some() {
                let waiter = Waiter::new(&p, want(&p, &t, 3));
                *kept.lock().expect("alive") = Some(waiter);
            }
        });
        pool.release_for(&terms, held);
        if nobody_came() {
            break;
        }
        if place.lock().expect("alive").is_some() {
            came += 1;
            pool.release_for(&terms, served(&pool, queue, &place));
        }
    }
    assert!(came > 1, "{came} waiters came");
}

#[test]
fn wt_1_a_waiter_that_comes_at_any_moment_of_a_release_is_not_missed() {
    comes_at_any_moment_of_a_release(None);
    comes_at_any_moment_of_a_release(Some(4));
}

#[test]
fn wt_1_a_release_asks_once_and_wakes_nobody_itself() {
    let (pool, queue) = waited(4);
    let held = [(); 4].map(|()| take(&pool, 1));
    let mut waiter = Waiter::new(&pool, want(&pool, &terms(1, None), 2));
    let [first, second, third, _] = held;
    [first, second, third]
        .into_iter()
        .for_each(|slots| pool.release(slots));
    assert_eq!(
        queue.soon.load(SeqCst),
        1,
        "asked once until somebody looks"
    );
    assert!(!waiter.bell.0.load(SeqCst), "not by the release");
    drain(&pool, queue);
    waiter.poll_if_woken(&pool);
    assert!(waiter.got.is_some());
    queue.soon.store(0, SeqCst);
    waiter.got.into_iter().for_each(|slots| pool.release(slots));
    assert_eq!(queue.soon.load(SeqCst), 0, "nobody waits");
}

#[test]
fn wt_2_what_comes_free_is_put_aside_for_the_first_and_not_for_a_newcomer() {
    let (pool, queue) = waited(2);
    let all = take(&pool, 2);
    let mut first = Waiter::new(&pool, want(&pool, &terms(1, None), 2));
    pool.release(all);
    assert!(pool.is_waited_for(), "so a newcomer goes behind");
    let mut second = Waiter::new(&pool, want(&pool, &terms(2, None), 1));
    drain(&pool, queue);
    first.poll_if_woken(&pool);
    second.poll_if_woken(&pool);
    assert!(first.got.is_some() && second.got.is_none());
    first.got.into_iter().for_each(|slots| pool.release(slots));
    drain(&pool, queue);
    second.poll_if_woken(&pool);
    assert!(second.got.is_some());
}

#[test]
fn wt_3_a_large_one_holds_no_small_one_up_for_ever() {
    let (pool, queue) = waited(8);
    let stays = pool.open(0).alloc(&Layout::of(1, (8, 4), 1024, 0), 1);
    assert!(stays.is_some());
    let large = Waiter::new(&pool, want(&pool, &terms(1, None), 8));
    let other = terms(2, None);
    let mut served = 0;
    for _ in 0..500 {
        let mut small = Waiter::new(&pool, want(&pool, &other, 1));
        drain(&pool, queue);
        small.look(&pool);
        if small.got.is_none() {
            // It is held up: the timer looks again.
            assert!(queue.later.swap(0, SeqCst) > 0, "somebody looks later");
            queue.now.fetch_add(10_000, SeqCst);
            pool.grant();
            small.poll_if_woken(&pool);
        }
        served += usize::from(small.got.is_some());
        small.got.into_iter().for_each(|slots| pool.release(slots));
    }
    assert_eq!(served, 500);
    assert!(large.got.is_none(), "one slot stays in use");
}

#[test]
fn wt_3_a_large_one_is_served_although_small_ones_never_cease() {
    let (pool, queue) = waited(8);
    let other = terms(2, None);
    let mut small: Vec<_> = (0..8)
        .map(|_| Waiter::new(&pool, want(&pool, &other, 1)))
        .collect();
    let mut large = Waiter::new(&pool, want(&pool, &terms(1, None), 8));
    for round in 0..2000 {
        let at = round % 8;
        small[at].poll_if_woken(&pool);
        if let Some(slots) = small[at].got.take() {
            pool.release(slots);
            small[at] = Waiter::new(&pool, want(&pool, &other, 1));
        }
        queue.now.fetch_add(10, SeqCst);
        drain(&pool, queue);
        large.poll_if_woken(&pool);
        if large.got.is_some() {
            return;
        }
    }
    panic!("passed for ever");
}

#[test]
fn wt_3_one_who_wants_more_than_there_is_makes_the_pool_grow() {
    let queue: &'static Queue = Box::leak(Box::default());
    let (mut pool, _) = growing(PLENTY, 64);
    pool.serve_by(queue);
    let _floor = take(&pool, 500);
    let mut waiter = {
        mask(true);
        let waiter = Waiter::new(&pool, want(&pool, &terms(1, None), 8 * 1024));
        mask(false);
        waiter
    };
    assert!(waiter.got.is_none(), "it may not fetch memory itself");
    drain(&pool, queue);
    waiter.poll_if_woken(&pool);
    assert!(waiter.got.is_some(), "eight chunks in a row");
}

#[test]
fn wt_3_while_there_is_no_memory_it_is_asked_for_again() {
    let queue: &'static Queue = Box::leak(Box::default());
    let (mut pool, store) = growing(&[], 64);
    pool.serve_by(queue);
    let _floor = take(&pool, 512);
    let mut waiter = Waiter::new(&pool, want(&pool, &terms(1, None), 4));
    assert_eq!(queue.later.swap(0, SeqCst), 1);
    let memory = region(PLENTY[0].0, CHUNK);
    super::super::Supply::give_back(store, memory);
    pool.grant();
    waiter.poll_if_woken(&pool);
    assert!(waiter.got.is_some());
    assert_eq!(queue.later.load(SeqCst), 0, "nobody waits");
}

/// Anything in any order: in the end all is as at first.
fn anything_goes(seed: u64) {
    let (pool, queue) = waited(40);
    let devices = [terms(1, None), terms(2, Some(12)), terms(3, None)];
    let shape = cell(&Limits::DEFAULT, 2 * SLOT, 1, pool.capacity()).expect("fits");
    let set = pool.reserve(&devices[2], 3, shape, 2 * SLOT).expect("room");
    let mut random = Rand32::new(seed);
    let mut held: Vec<(usize, Slots)> = Vec::new();
    let mut waiters: Vec<(usize, Waiter)> = Vec::new();
    for _ in 0..600 {
        let device = random.rand_range(0..3) as usize;
        let slots = 1 + u64::from(random.rand_range(0..9));
        let mut any = |len: usize| random.rand_range(0..len as u32) as usize;
        match any(12) {
            0..3 => {
                let waiter = Waiter::new(&pool, want(&pool, &devices[device], slots));
                waiters.push((device, waiter));
            }
            3 => {
                let layout = plain(&pool, slots * SLOT);
                let taken = pool.alloc_for(&devices[device], &layout, slots * SLOT);
                held.extend(taken.ok().map(|slots| (device, slots)));
            }
            4 if !waiters.is_empty() => {
                let (_, mut waiter) = waiters.swap_remove(any(waiters.len()));
                waiter.leave(&pool);
            }
            5..8 if !held.is_empty() => {
                let (device, slots) = held.swap_remove(any(held.len()));
                pool.release_for(&devices[device], slots);
            }
            8 => drain(&pool, queue),
            9 => {
                queue.now.fetch_add(3_000, SeqCst);
                pool.grant();
            }
            _ => {}
        }
        for (device, waiter) in &mut waiters {
            waiter.poll_if_woken(&pool);
            held.extend(waiter.got.take().map(|slots| (*device, slots)));
        }
        waiters.retain(|(_, waiter)| waiter.ticket.is_some());
        let used: u32 = held.iter().map(|(_, slots)| slots.count).sum();
        assert!(used <= 40 && terms_used(&devices[1]) <= 12, "QT-1");
    }
    end(&pool, queue, &devices, (held, waiters));
    pool.give_up(set);
    assert_eq!((pool.usage().used, pool.waiters()), (0, 0), "seed {seed}");
    assert_eq!(
        pool.alloc(&plain(&pool, 40 * SLOT), 40 * SLOT)
            .map(|s| s.count),
        Ok(40)
    );
}

fn terms_used(terms: &Terms) -> u32 {
    terms.budget().map_or(0, Budget::used)
}

/// Of which device.
type Of<T> = Vec<(usize, T)>;

/// All is unmapped, and who waits is served, or leaves.
fn end(
    pool: &Pool<Core>,
    queue: &Queue,
    devices: &[Arc<Terms>],
    (held, mut waiters): (Of<Slots>, Of<Waiter>),
) {
    let give = |(device, slots): (usize, Slots)| pool.release_for(&devices[device], slots);
    held.into_iter().for_each(give);
    while let Some((device, mut waiter)) = waiters.pop() {
        if waiters.len() % 3 == 0 {
            waiter.leave(pool);
        }
        drain(pool, queue);
        queue.now.fetch_add(10_000, SeqCst);
        pool.grant();
        waiter.poll_if_woken(pool);
        if let Some(slots) = waiter.got.take() {
            give((device, slots));
        }
        waiter.leave(pool);
    }
    assert_eq!(
        devices.iter().map(|terms| terms_used(terms)).sum::<u32>(),
        0
    );
}

#[test]
#[cfg_attr(miri, ignore = "numbers alone, thousands of them")]
fn wt_4_after_any_sequence_the_pool_is_as_at_first() {
    (0..150).for_each(anything_goes);
}
