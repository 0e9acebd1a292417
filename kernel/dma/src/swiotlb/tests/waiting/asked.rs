//! What the kernel around is asked for while somebody waits, and what not.

use super::*;

#[test]
fn wt_1_who_leaves_has_the_others_looked_at_and_the_last_asks_for_nothing() {
    let (pool, queue) = waited(4);
    let _all = take(&pool, 4);
    let mut waiters = [4, 1].map(|slots| Waiter::new(&pool, want(&pool, &terms(1, None), slots)));
    assert_eq!(pool.waiters(), 2);
    waiters[0].leave(&pool);
    assert_eq!((pool.waiters(), queue.soon.swap(0, SeqCst)), (1, 1));
    pool.grant();
    waiters[1].leave(&pool);
    assert_eq!((pool.waiters(), queue.soon.load(SeqCst)), (0, 0));
    assert!(!pool.is_waited_for());
}

#[test]
fn wt_1_a_refusal_that_took_nothing_in_vain_asks_for_nothing() {
    let (pool, queue) = waited(4);
    let device = terms(2, None);
    let shape = cell(&Limits::DEFAULT, SLOT, 1, pool.capacity()).expect("fits");
    pool.reserve(&device, 1, shape, SLOT).expect("room");
    let _rest = [(); 3].map(|()| take(&pool, 1));
    let _waiter = Waiter::new(&pool, want(&pool, &terms(1, None), 1));
    let longer = plain(&pool, 2 * SLOT);
    assert!(pool.alloc_for(&device, &longer, 2 * SLOT).is_err());
    assert_eq!(queue.soon.load(SeqCst), 0);
}

#[test]
fn wt_3_where_no_memory_can_come_nobody_looks_again_by_time() {
    let (pool, queue) = waited(4);
    let _all = take(&pool, 4);
    let _waiter = Waiter::new(&pool, want(&pool, &terms(1, None), 1));
    assert_eq!(queue.later.load(SeqCst), 0, "the pool does not grow");
    let (mut pool, _) = growing(PLENTY, 64);
    pool.serve_by(queue);
    let terms = terms(1, Some(1));
    let _held = pool.alloc_for(&terms, &plain(&pool, SLOT), SLOT);
    let _waiter = Waiter::new(&pool, want(&pool, &terms, 1));
    assert_eq!(queue.later.load(SeqCst), 0, "it waits for its own quota");
}

#[test]
fn wt_3_a_round_asks_for_as_much_memory_once() {
    let queue: &'static Queue = Box::leak(Box::default());
    let (mut pool, store) = growing(&[], 64);
    pool.serve_by(queue);
    let long = want(&pool, &terms(1, None), 2 * 1024);
    let _waiters = [(); 2].map(|()| Waiter::new(&pool, long.clone()));
    let before = store.taken();
    pool.grant();
    assert_eq!(store.taken() - before, 1);
}
