//! Several channels at once, and interrupt lines that they share.

mod common;

use common::{Board, PATIENCE_US, start};
use dma::{Bouncing, ToDevice};
use drivers::dma_channel::{BLOCK, GRANULE, TransferError};
use hal::{PAGE, Zone};
use sim::dma_engine::Faults;
use sim::{Builder, Machine, under_every_adversary};

fn board() -> Board {
    Board::new(&Machine::default(), Bouncing::AsNeeded)
}

#[test]
fn two_transfers_in_flight_end_in_the_other_order() {
    for bouncing in [Bouncing::AsNeeded, Bouncing::Forced] {
        under_every_adversary(&Builder::default(), |machine| {
            let board = Board::new(machine, bouncing).stepped();
            let (long, short) = (board.channel(0), board.channel(4));
            let irqs = board.interrupts([&long, &short]);
            let first = start(&long, board.ends(Zone::High, 600));
            let second = start(&short, board.ends(Zone::Dma, 100));
            let ended = second.wait(&irqs, PATIENCE_US).expect("copies");
            assert!(!first.is_done(), "that was the other one's interrupt");
            board.assert_copied(ended);
            board.assert_copied(first.wait(&irqs, PATIENCE_US).expect("copies"));
        });
    }
}

#[test]
fn halting_one_channel_leaves_the_other_running() {
    let board = board().stepped();
    let (kept, dropped) = (board.channel(2), board.channel(5));
    let irqs = board.interrupts([&kept, &dropped]);
    let first = start(&kept, board.ends(Zone::High, 300));
    let second = start(&dropped, board.ends(Zone::High, 300));
    board.engine.step(20);
    drop(second);
    board.assert_copied(first.wait(&irqs, PATIENCE_US).expect("copies"));
}

#[test]
fn an_interrupt_of_a_shared_line_is_its_own_channels_alone() {
    for pair in [(7, 8), (9, 10)] {
        let board = board();
        let (first, second) = (board.channel(pair.0), board.channel(pair.1));
        let transfer = start(&second, board.ends(Zone::High, 64));
        assert!(!first.interrupt() && !transfer.is_done());
        assert!(second.interrupt() && transfer.is_done());
        let ended = transfer.wait(&board.machine, 0).expect("done");
        board.assert_copied(ended);
    }
}

#[test]
fn handling_a_shared_line_does_not_stop_the_channel_that_still_runs() {
    let board = board().stepped();
    let (long, short) = (board.channel(7), board.channel(8));
    let irqs = board.interrupts([&long, &short]);
    let first = start(&long, board.ends(Zone::High, 600));
    let second = start(&short, board.ends(Zone::High, 40));
    board.assert_copied(second.wait(&irqs, PATIENCE_US).expect("copies"));
    board.assert_copied(first.wait(&irqs, PATIENCE_US).expect("copies"));
}

#[test]
fn an_error_of_one_channel_is_not_the_others() {
    let board = board().stepped();
    let (good, bad) = (board.channel(0), board.channel(6));
    let read_error_after = Some(3);
    board.inject(
        &bad,
        Faults {
            read_error_after,
            ..Faults::default()
        },
    );
    let irqs = board.interrupts([&good, &bad]);
    let first = start(&good, board.ends(Zone::High, 300));
    let second = start(&bad, board.ends(Zone::High, 300));
    board.assert_copied(first.wait(&irqs, PATIENCE_US).expect("copies"));
    let failure = second.wait(&irqs, PATIENCE_US).expect_err("the read fails");
    assert!(matches!(failure.error, TransferError::Engine(_)));
}

#[test]
fn q_5_a_channel_answers_for_the_master_of_the_bus() {
    let machine = Machine::default();
    let board = Board::new(&machine, Bouncing::AsNeeded);
    let channel = board.channel(5);
    assert!(channel.addressing_limited());
    assert_eq!(channel.required_mask(), dma::DmaMask::bits(64));
    assert_eq!(channel.limits().granule, GRANULE);
    let max = board.dma.max_mapping_size(&board.device);
    assert_eq!(channel.max_mapping_size(), max);
    assert_eq!(channel.opt_mapping_size(), max);
    // A page of control blocks of a line each.
    let short = board.channel(4).with_max_block(64);
    assert_eq!(short.max_mapping_size(), PAGE / BLOCK * 64);
    let mapping = channel.map(board.pages(Zone::High, 0, 64), ToDevice);
    assert_eq!(mapping.expect("maps").device().id(), board.device.id());
}
