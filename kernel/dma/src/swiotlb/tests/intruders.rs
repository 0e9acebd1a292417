//! One call, and another core that does something whole before each of its accesses in turn.

use super::super::model::{intrude, nobody_came};
use super::super::supply::Supply;
use super::growth::{IDLE_US, growing, take, total};
use super::*;
use core::cell::Cell;
use hal::MIB;
use std::rc::Rc;

/// More accesses than any call here makes.
const ACCESSES: usize = 200;

#[test]
fn a_slot_that_moves_from_chunk_to_chunk_behind_the_search_is_found() {
    let mut came = 0;
    for n in 1..ACCESSES {
        // One slot is free at any time: that of the second chunk, then that of the first.
        let pool = Rc::new(pool(1025));
        let _most = take(&pool, 1023 * SLOT).expect("room");
        let first = take(&pool, 1).expect("room");
        assert_eq!(first.chunk, 0);
        let other = pool.clone();
        let moved = Rc::new(Cell::new(None));
        let keeps = moved.clone();
        intrude(n, move || {
            // Not while the search has a chunk locked: the other core would wait.
            if [0, 1].iter().all(|chunk| other.try_open(*chunk).is_some()) {
                let second = plain(&other, 1);
                keeps.set(other.open(1).alloc(&second, 1));
                if keeps.take().map(|slots| keeps.set(Some(slots))).is_some() {
                    other.release(first);
                }
            }
        });
        assert!(
            take(&pool, 1).is_some(),
            "refused: the slot moved before access {n}"
        );
        if nobody_came() {
            break;
        }
        came += usize::from(moved.take().is_some());
    }
    assert!(came > 5, "the slot moved {came} times");
}

#[test]
fn dy_3_an_address_beside_a_chunk_is_nobodys_slot_while_the_chunk_moves() {
    let mut came = 0;
    for n in 1..ACCESSES {
        let (pool, store) = growing(&[(BASE + CHUNK + MIB, MIB)], 4);
        let pool = Rc::new(pool);
        let floor = take(&pool, MIB).expect("room");
        let grown = take(&pool, 1).expect("it grows");
        pool.release(grown);
        pool.release(floor);
        pool.tend();
        store.wait(2 * IDLE_US);
        store.give_back(region(BASE + 4 * CHUNK, CHUNK));
        let other = pool.clone();
        intrude(n, move || {
            other.tend();
            let _whole = take(&other, CHUNK).expect("another chunk takes the place");
        });
        let foreign = PhysAddr::new(BASE + CHUNK + 4096);
        assert_eq!(pool.find(foreign), None, "before access {n}");
        if nobody_came() {
            break;
        }
        assert_eq!(total(&pool), 512 + 1024);
        came += 1;
    }
    assert!(came >= 5, "{came}");
}
