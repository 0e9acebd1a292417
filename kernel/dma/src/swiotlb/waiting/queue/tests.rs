//! The order by itself: first come, first served in a device, devices in turn, and nobody passed for ever.

extern crate std;

use super::*;
use crate::device::DeviceId;
use crate::restricted::PoolNumber;
use crate::swiotlb::SLOT;
use hal::{PhysAddr, PhysRange};
use oorandom::Rand32;
use std::vec::Vec;

fn terms(device: u32) -> Arc<Terms> {
    Arc::new(Terms::new(DeviceId::for_tests(device), "device", None))
}

fn want(terms: &Arc<Terms>, slots: u32) -> Want {
    Want {
        terms: Arc::clone(terms),
        layout: Layout::of(slots, (1, 0), 1024, 0),
        len: u64::from(slots) * SLOT,
    }
}

/// Slots that stand for themselves.
fn slots() -> Slots {
    Slots {
        pool: PoolNumber::SHARED,
        chunk: 0,
        first: 0,
        count: 1,
        data: PhysRange::new(PhysAddr::new(0), SLOT).expect("valid"),
    }
}

fn come(queue: &mut Queue, terms: &Arc<Terms>, slots: u32) -> Key {
    if let Some(capacity) = queue.is_full() {
        let mut room = Room::after(capacity).expect("heap");
        queue.move_to(&mut room);
    }
    queue.push(want(terms, slots), Waker::noop().clone())
}

/// Serves whose turn it is, and lets it take what it got.
fn serve(queue: &mut Queue) -> Option<Key> {
    let (key, _) = queue.behind(None)?;
    queue.grant(key, slots()).expect("it waits");
    let look = queue.look(key, Waker::noop().clone());
    assert!(matches!(look, Look::Granted(_)));
    Some(key)
}

#[test]
fn wt_2_a_device_is_served_as_it_came_and_devices_take_turns() {
    let (mut queue, [a, b]) = (Queue::new(), [1, 2].map(terms));
    let many: Vec<_> = (0..4).map(|_| come(&mut queue, &a, 1)).collect();
    let late = [(); 2].map(|()| come(&mut queue, &b, 1));
    let order: Vec<_> = core::iter::from_fn(|| serve(&mut queue)).collect();
    assert_eq!(
        order,
        [many[0], late[0], many[1], late[1], many[2], many[3]]
    );
}

#[test]
fn wt_2_one_who_comes_again_and_again_does_not_pass_those_who_wait() {
    let (mut queue, [a, b]) = (Queue::new(), [1, 2].map(terms));
    let waits = [(); 3].map(|()| come(&mut queue, &a, 1));
    come(&mut queue, &b, 1);
    let mut served = Vec::new();
    for _ in 0..6 {
        let key = serve(&mut queue).expect("somebody waits");
        if !waits.contains(&key) {
            come(&mut queue, &b, 1);
        }
        served.push(waits.contains(&key));
    }
    assert_eq!(served, [true, false, true, false, true, false]);
}

#[test]
fn wt_2_who_came_and_went_in_vain_is_not_put_behind_for_it() {
    let (mut queue, [a, b]) = (Queue::new(), [1, 2].map(terms));
    let first = come(&mut queue, &b, 1);
    for _ in 0..50 {
        let key = come(&mut queue, &a, 1);
        queue.leave(key);
    }
    let waits = come(&mut queue, &a, 1);
    let others = [(); 5].map(|()| come(&mut queue, &b, 1));
    let order: Vec<_> = core::iter::from_fn(|| serve(&mut queue)).collect();
    assert_eq!(order[..3], [first, waits, others[0]]);
}

/// One who waits, and how often which other device was served before it that came later.
struct Watched {
    key: Key,
    device: usize,
    /// Rounds before its own when it came.
    ahead: u64,
    passed: [u64; 4],
}

#[test]
#[cfg_attr(miri, ignore = "numbers alone, thousands of them")]
fn wt_2_overtaking_is_bounded_by_the_rounds_ahead() {
    for seed in 0..200 {
        let (mut queue, devices) = (Queue::new(), [1, 2, 3, 4].map(terms));
        let (mut random, mut waits) = (Rand32::new(seed), Vec::<Watched>::new());
        for step in 0..400 {
            let busy = if step % 100 < 60 { 6 } else { 3 };
            match random.rand_range(0..10) {
                n if n < busy => {
                    let device = random.rand_range(0..8).min(3) as usize;
                    let key = come(&mut queue, &devices[device], 1);
                    let ahead = key.round - queue.round;
                    let passed = [0; 4];
                    waits.push(Watched {
                        key,
                        device,
                        ahead,
                        passed,
                    });
                }
                9 if !waits.is_empty() => {
                    let at = random.rand_range(0..waits.len() as u32) as usize;
                    queue.leave(waits.remove(at).key);
                }
                _ => served(serve(&mut queue), &mut waits),
            }
        }
        while !waits.is_empty() {
            served(serve(&mut queue), &mut waits);
        }
        assert_eq!(queue.entries.len(), 0);
    }
}

/// Counts whom one that was served has passed.
fn served(key: Option<Key>, waits: &mut Vec<Watched>) {
    let Some(key) = key else {
        assert!(waits.is_empty(), "nobody is forgotten");
        return;
    };
    let at = waits.iter().position(|one| one.key == key);
    let one = waits.remove(at.expect("it waits"));
    for earlier in waits
        .iter_mut()
        .filter(|other| other.key.ticket < key.ticket)
    {
        assert_ne!(earlier.device, one.device, "FIFO in a device");
        earlier.passed[one.device] += 1;
        let passed = earlier.passed[one.device];
        assert!(
            passed <= earlier.ahead,
            "{passed} of one device, {} rounds",
            earlier.ahead
        );
    }
}

#[test]
fn wt_3_a_large_one_is_passed_so_often_and_then_holds_for_a_while() {
    let (mut queue, [a, b]) = (Queue::new(), [1, 2].map(terms));
    let large = come(&mut queue, &a, 100);
    let pass = |queue: &mut Queue| {
        let small = come(queue, &b, 1);
        queue.grant(small, slots()).expect("it waits");
    };
    for passed in 0..PASSES {
        assert!(!queue.was_short(large, true, 0), "after {passed}");
        pass(&mut queue);
    }
    assert!(queue.was_short(large, true, 5), "it holds");
    assert!(queue.was_short(large, true, 5 + HOLD_US - 1));
    assert!(!queue.was_short(large, true, 5 + HOLD_US), "not for ever");
    for _ in 0..PASSES {
        assert!(!queue.was_short(large, true, 5 + HOLD_US));
        pass(&mut queue);
    }
    assert!(queue.was_short(large, true, 0), "and again");
}

#[test]
fn wt_3_who_waits_for_its_own_quota_holds_nobody_up() {
    let (mut queue, [a, b]) = (Queue::new(), [1, 2].map(terms));
    let over = come(&mut queue, &a, 1);
    for _ in 0..3 * PASSES {
        assert!(!queue.was_short(over, false, 0));
        let small = come(&mut queue, &b, 1);
        queue.grant(small, slots()).expect("it waits");
    }
    assert!(!queue.was_short(over, true, 0), "none of them passed it");
}

#[test]
fn wt_4_what_was_put_aside_for_one_who_left_comes_back() {
    let (mut queue, a) = (Queue::new(), terms(1));
    let [gone, granted] = [(); 2].map(|()| come(&mut queue, &a, 1));
    assert!(queue.leave(gone).grant.is_none());
    assert_eq!(queue.grant(gone, slots()).err(), Some(slots()));
    queue.grant(granted, slots()).expect("it waits");
    assert_eq!(queue.leave(granted).grant, Some(slots()));
    assert_eq!(queue.entries.len(), 0);
}

#[test]
fn room_is_asked_for_before_a_waiter_would_need_it() {
    let (mut queue, a) = (Queue::new(), terms(1));
    assert_eq!(queue.is_full(), Some(0));
    for _ in 0..20 {
        come(&mut queue, &a, 1);
        let full = queue.entries.len() == queue.entries.capacity();
        assert_eq!(queue.is_full().is_some(), full);
    }
}
