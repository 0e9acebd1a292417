//! What must be waited for, and in which order: CM-7, CM-8.

use crate::common::{ACQUIRE, BLOCK, CHANNEL, COMPLETE, DEST, LEN, Machine, PUBLISH, SOURCE};
use oracle::finding::Kind;
use oracle::model::{Event, Through};

#[test]
fn cm_7_a_doorbell_before_the_barrier_is_told() {
    let mut machine = Machine::new();
    machine.prepared().store(SOURCE, 64).clean(SOURCE, 64);
    machine.then(PUBLISH).start().then(COMPLETE);
    assert_eq!(machine.kinds(), [Kind::Incomplete]);
}

#[test]
fn cm_7_another_core_cannot_wait_for_ours() {
    let mut machine = Machine::new();
    machine
        .prepared()
        .store(SOURCE, 64)
        .clean(SOURCE, 64)
        .then(PUBLISH);
    machine.on(1).then(COMPLETE).then(PUBLISH).start();
    assert_eq!(machine.kinds(), [Kind::Incomplete]);
}

#[test]
fn cm_7_a_core_that_cleans_again_waits_for_the_line() {
    let mut machine = Machine::new();
    machine.prepared().store(SOURCE, 64).clean(SOURCE, 64);
    machine
        .on(1)
        .clean(SOURCE, 64)
        .then(COMPLETE)
        .then(PUBLISH)
        .start();
    assert_eq!(machine.found(), []);
}

#[test]
fn cm_7_a_load_before_the_barrier_behind_an_invalidation_is_told_once() {
    let mut machine = Machine::new();
    machine.prepared().start().over().then(ACQUIRE);
    machine.invalidate(DEST, LEN).load(DEST, LEN).then(COMPLETE);
    assert_eq!(machine.kinds(), [Kind::EarlyCopy]);
}

#[test]
fn cm_7_the_barrier_must_be_the_invalidating_cores() {
    let mut machine = Machine::new();
    machine
        .prepared()
        .start()
        .over()
        .then(ACQUIRE)
        .invalidate(DEST, LEN);
    machine.on(1).then(COMPLETE).load(DEST, 8);
    assert_eq!(machine.kinds(), [Kind::EarlyCopy]);
}

#[test]
fn a_control_block_must_be_in_memory() {
    let mut machine = Machine::new();
    machine.prepared().store(BLOCK, 32).then(PUBLISH).start();
    assert_eq!(machine.kinds(), [Kind::ControlBlock]);
    let mut machine = Machine::new();
    machine
        .prepared()
        .store(BLOCK, 32)
        .clean(BLOCK, 32)
        .then(PUBLISH)
        .start();
    assert_eq!(
        machine.kinds(),
        [Kind::ControlBlock],
        "cleaned, not complete"
    );
}

#[test]
fn cm_8_a_doorbell_needs_a_store_barrier_of_its_own() {
    let mut machine = Machine::new();
    machine
        .prepared()
        .store(BLOCK, 32)
        .clean(BLOCK, 32)
        .then(COMPLETE)
        .start();
    assert_eq!(machine.kinds(), [Kind::NoPublish]);
}

#[test]
fn cm_8_memory_that_is_not_cacheable_needs_the_barrier_and_nothing_else() {
    let stored = |barrier: bool| {
        let mut machine = Machine::new();
        let through = Through::Uncached;
        for (phys, len) in [(BLOCK, 32), (SOURCE, 8)] {
            machine.then(Event::Store { phys, len, through });
        }
        if barrier {
            machine.then(PUBLISH);
        }
        machine.start().kinds()
    };
    assert_eq!(stored(true), []);
    assert_eq!(stored(false), [Kind::NoPublish]);
}

#[test]
fn what_came_to_memory_that_is_not_cacheable_is_loaded_behind_a_barrier_and_needs_nothing_else() {
    let loaded = |barrier: bool| {
        let mut machine = Machine::new();
        let through = Through::Uncached;
        let (phys, len) = (DEST, 64);
        machine.then(Event::Store { phys, len, through });
        machine.store(SOURCE, LEN).store(BLOCK, 32);
        machine.clean(SOURCE, LEN).clean(BLOCK, 32);
        machine.then(COMPLETE).then(PUBLISH).start().over();
        if barrier {
            machine.then(ACQUIRE);
        }
        machine.then(Event::Load { phys, len, through }).kinds()
    };
    assert_eq!(loaded(true), []);
    assert_eq!(loaded(false), [Kind::NoAcquire]);
}

#[test]
fn what_another_core_stored_was_handed_over() {
    let mut machine = Machine::new();
    machine
        .prepared()
        .store(SOURCE, 8)
        .clean(SOURCE, 8)
        .then(COMPLETE);
    machine.on(1).then(PUBLISH).start();
    assert_eq!(machine.found(), []);
}

#[test]
fn an_invalidation_before_the_load_barrier_may_come_before_the_end() {
    let mut machine = Machine::new();
    machine.prepared().start().over();
    machine.invalidate(DEST, LEN).then(COMPLETE).load(DEST, LEN);
    assert_eq!(machine.kinds(), [Kind::NoAcquire]);
}

#[test]
fn a_load_barrier_counts_for_what_the_core_looked_at_before() {
    let mut machine = Machine::new();
    machine.prepared().start().over().then(ACQUIRE);
    machine.then(Event::Status(CHANNEL));
    machine.invalidate(DEST, LEN).then(COMPLETE).load(DEST, LEN);
    assert_eq!(machine.kinds(), [Kind::NoAcquire], "the look came last");
    let mut machine = Machine::new();
    machine.prepared().start().on(1).over();
    machine
        .on(0)
        .then(ACQUIRE)
        .invalidate(DEST, LEN)
        .then(COMPLETE);
    machine.on(2).load(DEST, LEN);
    assert_eq!(machine.found(), [], "one core for all");
}
