//! Private cells and quotas: what is promised is there whatever the pool looks like, and nothing of it is
//! lost.

use super::super::layout::max_len;
use super::super::reserve::{NoShape, SetNumber, cell};
use super::super::terms::Terms;
use super::super::{Budget, CHUNK_SLOTS, Denied, Short, Slots};
use super::*;
use crate::device::DeviceId;
use crate::restricted::PoolNumber;
use oorandom::Rand32;
use std::vec::Vec;

pub(super) fn terms(device: u32, quota: Option<u32>) -> Terms {
    Terms::new(DeviceId::for_tests(device), "device", quota)
}

/// Reserves for a device with `limits`.
fn reserve(
    pool: &Pool<Core>,
    terms: &Terms,
    count: usize,
    (limits, max, align): (&Limits, u64, u64),
) -> Result<SetNumber, Short> {
    let shape = cell(limits, max, align, pool.capacity()).expect("fits");
    pool.reserve(terms, count, shape, max)
}

/// Takes slots one by one until there are none.
fn fill(pool: &Pool<Core>) -> Vec<Slots> {
    core::iter::from_fn(|| pool.alloc(&plain(pool, SLOT), SLOT).ok()).collect()
}

fn release_all(pool: &Pool<Core>, slots: Vec<Slots>) {
    slots.into_iter().for_each(|slots| pool.release(slots));
}

/// Every other slot free: the pool has half its bytes, and no run of two.
fn fragment(pool: &Pool<Core>) -> Vec<Slots> {
    let mut rest = Vec::new();
    for (number, slots) in fill(pool).into_iter().enumerate() {
        if number % 2 == 0 {
            pool.release(slots);
        } else {
            rest.push(slots);
        }
    }
    rest
}

#[test]
fn rs_1_cells_serve_when_the_pool_has_no_run_left() {
    let (pool, terms) = (pool(1024), terms(7, None));
    let max = 0x1_0000;
    reserve(&pool, &terms, 3, (&Limits::DEFAULT, max, 1)).expect("room");
    let rest = fragment(&pool);
    let layout = plain(&pool, max);
    assert!(pool.alloc(&layout, max).is_err(), "no run of 32 slots");
    let cells: Vec<_> = (0..3)
        .map(|_| pool.alloc_for(&terms, &layout, max).expect("reserved"))
        .collect();
    let fourth = pool.alloc_for(&terms, &layout, max);
    assert!(matches!(fourth, Err(Denied::Full(_))), "{fourth:?}");
    release_all(&pool, cells);
    assert!(pool.alloc_for(&terms, &layout, max).is_ok(), "as at first");
    drop(rest);
}

#[test]
fn rs_1_nobody_else_has_a_cell() {
    let (pool, mine, other) = (pool(64), terms(1, None), terms(2, None));
    reserve(&pool, &mine, 1, (&Limits::DEFAULT, SLOT, 1)).expect("room");
    let all = fill(&pool);
    assert_eq!(all.len(), 63);
    let layout = plain(&pool, SLOT);
    assert!(pool.alloc_for(&other, &layout, SLOT).is_err());
    assert!(pool.alloc_for(&mine, &layout, SLOT).is_ok());
}

#[test]
fn rs_2_a_longer_buffer_uses_no_cell() {
    let (pool, terms) = (pool(64), terms(1, None));
    reserve(&pool, &terms, 1, (&Limits::DEFAULT, 100, 1)).expect("room");
    let long = pool
        .alloc_for(&terms, &plain(&pool, 101), 101)
        .expect("the pool has it");
    assert!(
        !long.are_private(),
        "101 bytes fit a slot, and were not reserved for"
    );
    let short = pool
        .alloc_for(&terms, &plain(&pool, 100), 100)
        .expect("reserved");
    assert!(short.are_private());
}

#[test]
fn rs_2_of_several_reservations_the_tightest_serves() {
    let (pool, terms) = (pool(256), terms(1, None));
    reserve(&pool, &terms, 2, (&Limits::DEFAULT, 16 * SLOT, 1)).expect("room");
    reserve(&pool, &terms, 1, (&Limits::DEFAULT, SLOT, 1)).expect("room");
    let used = || -> Vec<u32> { pool.reservations().map(|set| set.used).collect() };
    let small = |len| {
        pool.alloc_for(&terms, &plain(&pool, len), len)
            .expect("reserved")
    };
    let first = small(1);
    assert_eq!(used(), [0, 1]);
    let second = small(1);
    assert_eq!(used(), [1, 1], "a longer one, where no short one is free");
    release_all(&pool, [first, second].into());
    assert_eq!(used(), [0, 0]);
}

#[test]
fn rs_3_a_refusal_has_the_numbers_and_takes_nothing() {
    let (pool, terms) = (pool(100), terms(1, None));
    let short = reserve(&pool, &terms, 4, (&Limits::DEFAULT, 32 * SLOT, 1));
    let Err(Short::Cells(found, full)) = short else {
        panic!("{short:?}");
    };
    assert_eq!((found, full.wanted, full.free), (3, 32, 4));
    assert_eq!(pool.usage().used, 0, "INV-6");
    assert_eq!(pool.reservations().count(), 0);
    assert!(reserve(&pool, &terms, 3, (&Limits::DEFAULT, 32 * SLOT, 1)).is_ok());
}

#[test]
fn rs_3_there_are_so_many_reservations_and_they_can_be_had_again() {
    let (pool, terms) = (pool(64), terms(1, None));
    let one = || reserve(&pool, &terms, 1, (&Limits::DEFAULT, SLOT, 1));
    let sets: Vec<_> = core::iter::from_fn(|| one().ok()).collect();
    assert_eq!(sets.len(), super::super::SETS);
    assert_eq!(one(), Err(Short::Sets));
    pool.give_up(sets[5]);
    assert_eq!(one(), Ok(sets[5]));
}

#[test]
fn rs_4_what_is_in_use_when_it_is_given_up_comes_home_later() {
    let (pool, terms) = (pool(64), terms(1, None));
    let set = reserve(&pool, &terms, 4, (&Limits::DEFAULT, 2 * SLOT, 1)).expect("room");
    let layout = plain(&pool, SLOT);
    let two = [(); 2].map(|()| pool.alloc_for(&terms, &layout, SLOT).expect("reserved"));
    pool.give_up(set);
    assert_eq!(pool.usage().used, 4, "two cells of two slots");
    let others = pool
        .alloc_for(&terms, &layout, SLOT)
        .expect("the pool has it");
    assert!(!others.are_private(), "the reservation is over");
    pool.release(others);
    let [first, second] = two;
    pool.release(first);
    assert_eq!(pool.usage().used, 2);
    assert_eq!(pool.reservations().count(), 1, "not over yet");
    pool.release(second);
    assert_eq!((pool.usage().used, pool.reservations().count()), (0, 0));
    let whole = plain(&pool, 64 * SLOT);
    assert!(pool.alloc(&whole, 64 * SLOT).is_ok(), "INV-5: as at first");
}

#[test]
fn rs_5_what_is_found_by_its_address_goes_back_into_its_cell() {
    let (pool, terms) = (pool(64), terms(1, None));
    reserve(&pool, &terms, 2, (&Limits::DEFAULT, 4 * SLOT, 1)).expect("room");
    let layout = plain(&pool, 2 * SLOT);
    let all = [(); 3].map(|()| pool.alloc_for(&terms, &layout, 2 * SLOT).expect("room"));
    assert_eq!(all.each_ref().map(Slots::are_private), [true, true, false]);
    for slots in all {
        let (chunk, first) = pool.find(slots.data().start()).expect("in the pool");
        let found = Slots {
            pool: PoolNumber::SHARED,
            chunk: chunk as u8,
            first: first as u16,
            count: slots.count,
            data: slots.data(),
        };
        assert_eq!(pool.recall(&terms, found), slots);
        pool.release(slots);
    }
    assert_eq!(pool.usage().used, 8, "both cells stay the device's");
}

#[test]
fn rs_1_a_reservation_may_have_more_cells_than_a_word_has_bits() {
    let (pool, terms) = (pool(128), terms(1, None));
    let set = reserve(&pool, &terms, 100, (&Limits::DEFAULT, SLOT, 1)).expect("room");
    let layout = plain(&pool, SLOT);
    let take = |_| pool.alloc_for(&terms, &layout, SLOT).expect("reserved");
    let mut all: Vec<_> = (0..100).map(take).collect();
    assert!(all.iter().all(Slots::are_private));
    all.sort_by_key(|slots| slots.data().start());
    assert!(
        all.is_sorted_by(|a, b| a.data().end() <= b.data().start()),
        "INV-5"
    );
    release_all(&pool, all);
    pool.give_up(set);
    assert_eq!(pool.usage().used, 0);
}

#[test]
fn rs_2_a_shape_that_no_cell_has_is_served_by_the_pool() {
    let (pool, terms) = (pool(64), terms(1, None));
    for _ in 0..2 {
        reserve(&pool, &terms, 1, (&Limits::DEFAULT, SLOT, 1)).expect("room");
    }
    let area = shape(&pool, 0, SLOT, &Limits::DEFAULT, 0x3FFF).expect("fits");
    let slots = pool.alloc_for(&terms, &area, SLOT);
    assert_eq!(slots.map(|slots| slots.are_private()), Ok(false));
}

#[test]
fn rs_3_a_cell_that_there_cannot_be_is_refused_with_the_reason() {
    let limits = |mask, boundary, untrusted| Limits {
        min_align_mask: mask,
        seg_boundary_mask: boundary,
        untrusted,
        ..Limits::DEFAULT
    };
    let made = |limits, len, align| cell(&limits, len, align, 4).map(|(shape, _)| shape.slots);
    let plain = limits(0, u64::MAX, false);
    assert_eq!(made(plain, SLOT, 3), Err(NoShape::Align));
    assert_eq!(made(plain, SLOT, 2 * CHUNK), Err(NoShape::Align));
    assert_eq!(made(plain, SLOT, CHUNK), Ok(1));
    assert_eq!(made(plain, 4 * SLOT, 1), Ok(4));
    assert_eq!(
        made(plain, 4 * SLOT + 1, 1),
        Err(NoShape::TooLong(4 * SLOT))
    );
    assert_eq!(
        made(limits(0, u64::MAX, true), SLOT, 1),
        Ok(2),
        "and a line"
    );
    let shifted = limits(0x3FFF, 0xFFF, false);
    assert_eq!(made(shifted, 1, 1), Err(NoShape::TooLong(1)));
}

#[test]
fn rs_4_a_set_that_is_anothers_by_now_serves_its_former_device_no_more() {
    let (pool, former, other) = (pool(64), terms(1, Some(64)), terms(2, None));
    let one = |terms| reserve(&pool, terms, 1, (&Limits::DEFAULT, SLOT, 1)).expect("room");
    let sets = [(); 2].map(|()| one(&former));
    pool.give_up(sets[1]);
    assert_eq!(one(&other), sets[1]);
    let layout = plain(&pool, SLOT);
    let take = || pool.alloc_for(&former, &layout, SLOT).expect("room");
    assert!(take().are_private());
    assert_eq!(
        former.sets(),
        1,
        "its own, known without a lock from now on"
    );
    assert!(!take().are_private());
    assert_eq!(former.budget().map(Budget::used), Some(1));
}

/// Limits of all kinds, with a mask, a boundary, or neither.
fn limits(random: &mut Rand32) -> Limits {
    let mut bits = |n: u32| (1u64 << random.rand_range(0..n)) - 1;
    let (align, boundary) = (bits(18), (1 << 11 | bits(20)).next_power_of_two() - 1);
    let choose = random.rand_range(0..4);
    Limits {
        min_align_mask: if choose & 1 == 1 { align } else { 0 },
        seg_boundary_mask: if choose & 2 == 2 { boundary } else { u64::MAX },
        ..Limits::DEFAULT
    }
}

/// AL-2, AL-3 and the boundary, as predicates of a result.
fn assert_rules(slots: &Slots, orig: u64, limits: &Limits) {
    let (data, mask) = (slots.data().start().get(), limits.min_align_mask);
    assert_eq!(data & mask, orig & mask, "AL-2: {slots:?}");
    if mask == 0 && limits.seg_boundary_mask == u64::MAX && slots.data().len() >= 4096 {
        assert_eq!(data % 4096, 0, "AL-3: {slots:?}");
    }
    let crossed = (data ^ slots.data().last().get()) & !limits.seg_boundary_mask;
    assert_eq!(crossed, 0, "FR-5: {slots:?}");
}

#[test]
#[cfg_attr(miri, ignore = "numbers alone, thousands of them")]
fn rs_1_any_buffer_within_a_reservation_fits_whatever_the_limits() {
    let (mut random, mut made) = (Rand32::new(9), 0);
    for round in 0..400 {
        let (pool, terms) = (pool(2 * 1024), terms(round, None));
        let limits = limits(&mut random);
        let longest = max_len(&limits, pool.capacity()).min(0x4_0000);
        let max = 1 + u64::from(random.rand_range(0..longest as u32));
        let Ok(_) = reserve(
            &pool,
            &terms,
            3,
            (&limits, max, 1 << random.rand_range(0..14)),
        ) else {
            continue;
        };
        made += 1;
        let rest = fill(&pool);
        for _ in 0..40 {
            let live: Vec<_> = (0..3)
                .map(|_| {
                    let orig = u64::from(random.rand_u32());
                    let len = 1 + u64::from(random.rand_range(0..max as u32));
                    let layout = shape(&pool, orig, len, &limits, 0).expect("fits");
                    let slots = pool.alloc_for(&terms, &layout, len);
                    let slots = slots.unwrap_or_else(|e| {
                        panic!("{e:?}: {len} of {max} at {orig:#x}, {limits:?}")
                    });
                    assert_rules(&slots, orig, &limits);
                    slots
                })
                .collect();
            let data: Vec<_> = live.iter().map(Slots::data).collect();
            for (i, one) in data.iter().enumerate() {
                assert!(data[..i].iter().all(|other| !other.overlaps(*one)), "INV-5");
            }
            release_all(&pool, live);
        }
        release_all(&pool, rest);
    }
    assert!(made > 300, "{made} of 400 reservations fit the pool");
}

#[test]
fn qt_1_a_device_has_no_more_than_its_quota() {
    let (pool, terms) = (pool(64), terms(1, Some(10)));
    let layout = plain(&pool, 4 * SLOT);
    let take = || pool.alloc_for(&terms, &layout, 4 * SLOT);
    let held = [(); 2].map(|()| take().expect("8 of 10"));
    let Err(Denied::OverQuota(over)) = take() else {
        panic!("12 of 10");
    };
    assert_eq!((over.wanted, over.used, over.quota), (4, 8, 10));
    let budget = terms.budget().map(|budget| (budget.used(), budget.quota()));
    assert_eq!(budget, Some((8, 10)));
    held.into_iter()
        .for_each(|slots| pool.release_for(&terms, slots));
    assert_eq!(terms.budget().map(Budget::used), Some(0));
    assert!(take().is_ok());
}

#[test]
fn qt_1_a_refusal_of_the_pool_charges_nothing() {
    let (pool, terms) = (pool(4), terms(1, Some(10)));
    let full = pool.alloc(&plain(&pool, 4 * SLOT), 4 * SLOT).expect("all");
    let refused = pool.alloc_for(&terms, &plain(&pool, SLOT), SLOT);
    assert!(matches!(refused, Err(Denied::Full(_))));
    assert_eq!(terms.budget().map(Budget::used), Some(0));
    pool.release(full);
}

#[test]
fn qt_2_reserved_cells_are_no_part_of_the_quota() {
    let (pool, terms) = (pool(64), terms(1, Some(2)));
    reserve(&pool, &terms, 4, (&Limits::DEFAULT, 2 * SLOT, 1)).expect("room");
    let layout = plain(&pool, 2 * SLOT);
    let take = || pool.alloc_for(&terms, &layout, 2 * SLOT);
    let held: Vec<_> = core::iter::from_fn(|| take().ok()).collect();
    assert_eq!(held.len(), 5, "four cells, and a quota of one such run");
    held.into_iter()
        .for_each(|slots| pool.release_for(&terms, slots));
    assert_eq!(terms.budget().map(Budget::used), Some(0));
}

#[test]
fn rs_1_a_reservation_of_more_than_a_chunk_is_a_run_over_chunks() {
    let (pool, terms) = (pool(3 * 1024), terms(1, None));
    let max = CHUNK + SLOT;
    reserve(&pool, &terms, 1, (&Limits::DEFAULT, max, 1)).expect("room");
    let rest = fill(&pool);
    assert_eq!(rest.len() as u32, 2 * CHUNK_SLOTS - 1);
    for len in [max, CHUNK, 1] {
        let slots = pool
            .alloc_for(&terms, &plain(&pool, len), len)
            .expect("reserved");
        assert_eq!(slots.data().len(), len);
        pool.release(slots);
    }
}

#[test]
fn rs_1_a_set_serves_its_own_device_while_it_is_kept_and_no_other() {
    let (pool, owner, other) = (pool(64), terms(7, None), terms(8, None));
    let set = reserve(&pool, &owner, 2, (&Limits::DEFAULT, SLOT, 1)).expect("room");
    let layout = plain(&pool, SLOT);
    let private = |terms: &Terms| pool.alloc_private(terms, &layout, SLOT);
    // Which sets may be a device's is a hint, and may be of a set that has passed on.
    (0..2).for_each(|set| other.add_set(set));
    assert!(private(&other).is_none());
    let used = private(&owner).expect("reserved");
    pool.give_up(set);
    (0..2).for_each(|set| owner.add_set(set));
    assert!(private(&owner).is_none(), "given up, though not yet gone");
    pool.release_for(&owner, used);
    assert_eq!(pool.usage().used, 0);
}
