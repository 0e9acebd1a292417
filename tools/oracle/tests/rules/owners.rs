//! Who has a buffer: OWN-1, OWN-2, CM-4.

use crate::common::{BLOCK, CHANNEL, DEST, LEN, Machine, SOURCE, copy, piece};
use oracle::finding::{Kind, Master, Part};
use oracle::model::{Event, Transfer};

#[test]
fn own_1_a_store_to_what_a_device_reads_is_told_and_a_load_is_fine() {
    let mut machine = Machine::new();
    machine.prepared().start().load(SOURCE, LEN);
    assert_eq!(machine.found(), []);
    machine.store(SOURCE + 8, 8);
    assert_eq!(machine.kinds(), [Kind::Touched]);
    machine.store(SOURCE + 16, 8);
    assert_eq!(machine.found(), [], "once for a transfer");
}

#[test]
fn own_2_a_load_of_what_a_device_writes_is_told() {
    let mut machine = Machine::new();
    machine.prepared().start().load(DEST + 8, 8);
    let found = machine.found();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].kind, Kind::Touched);
    assert_eq!(
        (found[0].master, found[0].part),
        (Some(CHANNEL), Some(Part::Destination))
    );
    assert_eq!((found[0].address, found[0].length), (DEST + 8, 8));
}

#[test]
fn own_1_a_control_block_is_the_devices_as_well() {
    let mut machine = Machine::new();
    machine.prepared().start().store(BLOCK + 4, 4);
    assert_eq!(machine.kinds(), [Kind::Touched]);
}

#[test]
fn after_the_end_the_buffer_is_the_cpus() {
    let mut machine = Machine::new();
    machine.prepared().start().over().taken_back();
    machine.store(SOURCE, LEN).store(DEST, LEN).store(BLOCK, 32);
    assert_eq!(machine.found(), []);
}

/// 40 bytes that end in the middle of a line, from there on the CPU's.
fn unaligned() -> Machine {
    let mut machine = Machine::new();
    let transfer = Transfer {
        master: CHANNEL,
        pieces: vec![piece(Part::Destination, DEST, 40)],
    };
    machine.then(Event::Start(transfer));
    machine
}

#[test]
fn cm_4_other_bytes_of_a_line_that_a_device_writes_are_not_to_be_used() {
    let mut machine = unaligned();
    machine.store(DEST + 40, 4);
    assert_eq!(machine.kinds(), [Kind::SharedLine]);
    machine.over().taken_back();
    assert_eq!(
        machine.found(),
        [],
        "nor is a line dropped that was not stored to"
    );
    assert_eq!(unaligned().load(DEST + 60, 4).kinds(), [Kind::SharedLine]);
    assert_eq!(unaligned().load(DEST + 39, 2).kinds(), [Kind::Touched]);
    assert_eq!(unaligned().store(DEST + 64, 4).kinds(), []);
}

#[test]
fn other_bytes_of_a_line_that_a_device_only_reads_are_free() {
    let mut machine = Machine::new();
    let transfer = Transfer {
        master: CHANNEL,
        pieces: vec![piece(Part::Source, SOURCE, 40)],
    };
    machine.then(Event::Start(transfer)).store(SOURCE + 40, 4);
    assert_eq!(machine.found(), []);
}

#[test]
fn two_devices_in_one_line_do_not_release_each_others_part() {
    let mut machine = unaligned();
    let other = Transfer {
        master: Master::Dma(5),
        pieces: vec![piece(Part::Source, DEST + 48, 8)],
    };
    machine
        .then(Event::Start(other))
        .then(Event::End(Master::Dma(5)));
    machine.load(DEST, 8);
    assert_eq!(machine.kinds(), [Kind::Touched]);
}

#[test]
fn a_master_that_rings_again_has_ended_its_last_transfer() {
    let mut machine = Machine::new();
    machine.prepared().start();
    let pieces = copy().pieces[..2].to_vec();
    let master = CHANNEL;
    machine.then(Event::Start(Transfer { master, pieces }));
    machine.store(DEST + LEN, 8).load(SOURCE, 8);
    assert_eq!(machine.found(), []);
    machine.load(DEST, 8);
    assert_eq!(machine.found().len(), 2, "stale, and not acquired");
}
