//! The barriers around a transfer, with a master that snoops: no cache maintenance stands in for
//! them.

mod common;

use common::{Board, PATIENCE_US, legacy, start};
use dma::Bouncing;
use hal::Zone;
use sim::{Machine, Op};

/// A controller that snoops: [`Machine::settle`] behind each start lets it see the caches.
fn snooping(machine: &Machine) -> Board {
    let device = legacy(machine)
        .coherent()
        .build(&machine.ram())
        .expect("valid");
    Board::with(machine, Bouncing::AsNeeded, device).stepped()
}

#[test]
fn the_doorbell_is_rung_behind_a_publish() {
    let machine = Machine::builder().collect_violations().build();
    let board = snooping(&machine);
    let channel = board.channel(0);
    drop(start(&channel, board.ends(Zone::High, 64)));
    assert!(machine.trace().contains(&Op::Doorbell));
    assert_eq!(machine.violations(), []);
}

#[test]
fn data_is_loaded_behind_an_acquire_once_the_transfer_has_ended() {
    let machine = Machine::builder().collect_violations().build();
    let board = snooping(&machine);
    let channel = board.channel(0);
    for zone in [Zone::Dma, Zone::High] {
        let transfer = start(&channel, board.ends(zone, 64));
        machine.settle();
        let irqs = board.interrupts([&channel]);
        board.assert_copied(transfer.wait(&irqs, PATIENCE_US).expect("copies"));
    }
    assert_eq!(machine.violations(), []);
}

#[test]
fn a_direct_copy_between_snooping_ends_needs_no_maintenance() {
    let machine = Machine::default();
    let board = snooping(&machine);
    let channel = board.channel(0);
    let ends = board.ends(Zone::Dma, 64);
    machine.reset_counters();
    let transfer = start(&channel, ends);
    machine.settle();
    let ended = transfer.wait(&board.interrupts([&channel]), PATIENCE_US);
    board.assert_copied(ended.expect("copies"));
    let counters = machine.counters();
    assert_eq!((counters.lines_cleaned, counters.lines_invalidated), (0, 0));
    assert_eq!((counters.publishes, counters.completes), (1, 0));
}
