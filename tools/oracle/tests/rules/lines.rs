//! Clean before, invalidate after: CM-1 to CM-5.

use crate::common::{ACQUIRE, COMPLETE, DEST, LEN, Machine, SOURCE};
use oracle::a64::LineOp;
use oracle::finding::{Kind, Master, Part};
use oracle::model::Event;

#[test]
fn a_copy_that_keeps_every_rule_is_silent() {
    let mut machine = Machine::new();
    for _ in 0..2 {
        machine.prepared().start().over().taken_back();
        machine.load(DEST, LEN).store(DEST, LEN);
    }
    assert_eq!(machine.found(), []);
    let stats = machine.model.stats();
    assert_eq!((stats.transfers, stats.lines), (2, 18));
    assert_eq!((stats.cleans, stats.invalidates), (18, 8));
}

#[test]
fn cm_1_a_source_that_was_not_cleaned_is_told_with_its_lines() {
    let mut machine = Machine::new();
    machine.prepared().store(SOURCE + 0x50, 0x40).start();
    let found = machine.found();
    let [dirty, publish] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(dirty.kind, Kind::DirtyRead);
    assert_eq!((dirty.address, dirty.length), (SOURCE, LEN));
    assert_eq!((dirty.line, dirty.lines), (SOURCE + 0x40, 2));
    assert_eq!(dirty.master, Some(Master::Dma(2)));
    assert_eq!(dirty.part, Some(Part::Source));
    assert_eq!(publish.kind, Kind::NoPublish, "nor was it published");
}

#[test]
fn cm_1_a_destination_that_was_not_cleaned_is_told_once() {
    let mut machine = Machine::new();
    machine.prepared().store(DEST + LEN - 1, 1).start();
    // What follows from it is not another mistake.
    machine.over().taken_back().load(DEST, LEN);
    assert_eq!(machine.kinds(), [Kind::DirtyWrite]);
}

#[test]
fn a_zeroed_line_is_dirty() {
    let mut machine = Machine::new();
    machine.prepared().lines(LineOp::Zero, DEST, 64).start();
    assert_eq!(machine.kinds(), [Kind::DirtyWrite]);
}

#[test]
fn cm_2_a_destination_that_was_not_invalidated_is_told_once_for_all_its_lines() {
    let mut machine = Machine::new();
    machine.prepared().start().over().then(ACQUIRE);
    machine.load(DEST + 0x48, 8).load(DEST, LEN);
    let found = machine.found();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].kind, Kind::StaleLoad);
    assert_eq!(found[0].line, DEST + 0x40);
    assert_eq!(found[0].master, Some(Master::Dma(2)));
}

#[test]
fn cm_2_an_invalidation_while_the_device_still_writes_is_none() {
    let mut machine = Machine::new();
    machine.prepared().start();
    machine.invalidate(DEST, LEN).then(COMPLETE);
    machine.over().then(ACQUIRE).load(DEST, LEN);
    assert_eq!(machine.kinds(), [Kind::StaleLoad]);
}

#[test]
fn cm_5_one_line_left_out_is_enough() {
    let mut machine = Machine::new();
    machine.prepared().start().over().then(ACQUIRE);
    machine.invalidate(DEST, LEN - 64).then(COMPLETE);
    machine.load(DEST, LEN - 64);
    assert_eq!(machine.found(), []);
    machine.load(DEST + LEN - 64, 1);
    assert_eq!(machine.kinds(), [Kind::StaleLoad]);
}

/// A machine whose CPU is about to store to what a device wrote.
fn stale() -> Machine {
    let mut machine = Machine::new();
    machine.prepared().start().over().then(ACQUIRE);
    machine
}

#[test]
fn cm_2_a_store_into_a_stale_line_mixes_old_and_new() {
    for op in [LineOp::Clean, LineOp::CleanInvalidate] {
        let mut machine = stale();
        machine.store(DEST, 63);
        assert_eq!(machine.found(), [], "the last byte may follow");
        machine.lines(op, DEST, 64);
        let found = machine.found();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].kind, found[0].length), (Kind::StaleLoad, 63));
    }
}

#[test]
fn cm_2_of_a_stale_line_the_cpu_may_load_what_it_stored_itself() {
    let mut machine = stale();
    machine.store(DEST + 8, 8).load(DEST + 9, 7);
    assert_eq!(machine.found(), []);
    machine.load(DEST + 15, 2);
    assert_eq!(machine.kinds(), [Kind::StaleLoad]);
}

#[test]
fn cm_2_a_stale_line_that_is_filled_from_end_to_end_is_the_cpus_again() {
    let mut machine = stale();
    machine.store(DEST + 32, 32).store(DEST, 40);
    machine.lines(LineOp::Clean, DEST, 64).load(DEST, 64);
    assert_eq!(machine.found(), []);
    machine.load(DEST + 64, 1);
    assert_eq!(machine.kinds(), [Kind::StaleLoad], "its neighbour is not");
}

#[test]
fn cm_3_an_invalidation_of_a_dirty_line_loses_it() {
    let mut machine = Machine::new();
    machine.store(DEST + 8, 8).invalidate(DEST, 64);
    let found = machine.found();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].kind, found[0].line), (Kind::DroppedDirty, DEST));
    machine.load(DEST, 64).invalidate(DEST, 64);
    assert_eq!(machine.found(), [], "it is gone, and was told");
}

#[test]
fn cm_3_a_clean_with_the_invalidation_loses_nothing() {
    let mut machine = Machine::new();
    machine.store(DEST + 8, 8);
    machine
        .lines(LineOp::CleanInvalidate, DEST, 64)
        .then(COMPLETE);
    machine.prepared().start();
    assert_eq!(machine.found(), []);
}

#[test]
fn a_drop_by_set_and_way_loses_what_is_dirty_and_a_clean_cleans_nothing() {
    let mut machine = Machine::new();
    machine.then(Event::SetWay { drops: true });
    assert_eq!(machine.found(), []);
    machine.prepared().store(DEST, 8);
    machine
        .then(Event::SetWay { drops: false })
        .then(COMPLETE)
        .start();
    assert_eq!(machine.kinds(), [Kind::DirtyWrite]);
    machine
        .store(SOURCE + LEN, 8)
        .then(Event::SetWay { drops: true });
    assert_eq!(machine.kinds(), [Kind::DroppedDirty]);
}
