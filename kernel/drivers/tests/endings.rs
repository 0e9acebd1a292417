//! The ways in which a transfer ends, and what the channel is good for afterwards.

mod common;

use common::{Board, Channel, PATIENCE_US, ends_back, pattern, start};
use dma::{Bouncing, Engine, Halt};
use drivers::dma_channel::{Copy, EngineError, ReviveError, StartError, TransferError, Unfit};
use hal::{Mmio, PAGE, Zone};
use sim::dma_engine::{Faults, Pace};
use sim::{Builder, Machine, Op, under_every_adversary};
use std::mem::forget;

const ACTIVE: u32 = 1 << 0;
const PAUSED: u32 = 1 << 4;
const ERROR: u32 = 1 << 8;
const WAIT_FOR_OUTSTANDING_WRITES: u32 = 1 << 28;
const RESET: u32 = 1 << 31;
const CS: usize = 0;
const CONBLK_AD: usize = 4;
/// A wait that is sure to be too short.
const SHORT_US: u64 = 50;

fn board() -> Board {
    Board::new(&Machine::default(), Bouncing::AsNeeded)
}

/// The channel has no control block to go on with.
fn assert_halted(board: &Board, channel: &Channel<'_>) {
    let mut registers = board.registers(channel.id().number());
    assert_eq!(registers.read32(CONBLK_AD), 0);
    assert_eq!(board.engine.step(1), 0, "it still moves");
}

/// The channel refuses for want of its control blocks.
fn assert_refuses<'d>(board: &'d Board, channel: &Channel<'d>, why: StartError) {
    let (source, dest) = board.ends(Zone::Dma, 64);
    let refused = channel.start(Copy { source, dest }).err();
    assert_eq!(refused.expect("refused").error, why);
}

fn assert_busy<'d>(board: &'d Board, channel: &Channel<'d>) {
    assert_refuses(board, channel, StartError::Busy);
}

#[test]
fn a_transfer_is_done_when_its_interrupt_was_handled() {
    let board = board();
    let channel = board.channel(0);
    let transfer = start(&channel, board.ends(Zone::High, 64));
    assert!(board.engine.pending(0), "the engine has moved all");
    assert!(!transfer.is_done());
    assert!(channel.interrupt());
    assert!(transfer.is_done());
    assert!(!board.engine.pending(0), "not acknowledged");
    assert!(!channel.interrupt(), "nothing new");
    assert!(transfer.is_done());
    let ended = transfer.wait(&board.machine, 0);
    board.assert_copied(ended.expect("done before the wait"));
}

#[test]
fn a_disabled_channel_times_out_gives_both_mappings_back_and_works_again() {
    under_every_adversary(&Builder::default(), |machine| {
        let board = Board::new(machine, Bouncing::AsNeeded);
        let (channel, controller) = (board.channel(5), board.controller());
        controller.disable(channel.id());
        let transfer = start(&channel, board.ends(Zone::High, 300));
        let failure = transfer
            .wait(&board.interrupts([&channel]), SHORT_US)
            .expect_err("held");
        let (after_us, status) = (SHORT_US, ACTIVE | PAUSED | WAIT_FOR_OUTSTANDING_WRITES);
        assert_eq!(failure.error, TransferError::TimedOut { after_us, status });
        let (source, dest) = ends_back(failure);
        controller.enable(channel.id());
        assert_halted(&board, &channel);
        assert_eq!(*source.unmap().bytes(machine), pattern(300));
        assert_eq!(*dest.unmap().bytes(machine), [0; 300]);
        board.assert_works(&channel);
    });
}

#[test]
fn enabling_and_disabling_leave_the_other_channels_alone() {
    let board = board();
    let (first, second, controller) = (board.channel(2), board.channel(4), board.controller());
    controller.disable(first.id());
    controller.disable(second.id());
    controller.enable(second.id());
    board.assert_works(&second);
    let transfer = start(&first, board.ends(Zone::Dma, 64));
    let failure = transfer.wait(&board.interrupts([&first]), SHORT_US);
    assert!(failure.is_err(), "it was enabled along");
    controller.enable(first.id());
    board.assert_works(&first);
    board.assert_works(&second);
}

#[test]
fn a_stalled_transfer_is_halted_with_a_part_of_the_copy_delivered() {
    under_every_adversary(&Builder::default(), |machine| {
        let board = Board::new(machine, Bouncing::AsNeeded);
        let channel = board.channel(0);
        let stall_after = Some(30);
        board.inject(
            &channel,
            Faults {
                stall_after,
                ..Faults::default()
            },
        );
        let transfer = start(&channel, board.ends(Zone::High, 300));
        let failure = transfer
            .wait(&board.interrupts([&channel]), SHORT_US)
            .expect_err("stalls");
        let (_, dest) = ends_back(failure);
        let mut part = pattern(300);
        part[120..].fill(0);
        assert_eq!(*dest.unmap().bytes(machine), part);
        board.release(&channel);
        board.assert_works(&channel);
    });
}

#[test]
fn a_read_error_is_told_with_its_flags_and_the_channel_works_again() {
    under_every_adversary(&Builder::default(), |machine| {
        let board = Board::new(machine, Bouncing::AsNeeded);
        let channel = board.channel(4);
        let read_error_after = Some(20);
        board.inject(
            &channel,
            Faults {
                read_error_after,
                ..Faults::default()
            },
        );
        let transfer = start(&channel, board.ends(Zone::High, 300));
        let failure = transfer
            .wait(&board.interrupts([&channel]), PATIENCE_US)
            .expect_err("the read fails");
        let TransferError::Engine(EngineError { status, flags }) = failure.error else {
            panic!("{}", failure.error);
        };
        assert_eq!((status & ERROR, flags), (ERROR, 0b100));
        let (source, dest) = ends_back(failure);
        assert_halted(&board, &channel);
        assert_eq!(*source.unmap().bytes(machine), pattern(300));
        assert_eq!(dest.unmap().bytes(machine)[80..], [0; 220]);
        board.release(&channel);
        board.assert_works(&channel);
    });
}

#[test]
fn the_interrupt_of_an_error_clears_the_error() {
    let board = board();
    let channel = board.channel(4);
    let read_error_after = Some(0);
    board.inject(
        &channel,
        Faults {
            read_error_after,
            ..Faults::default()
        },
    );
    let transfer = start(&channel, board.ends(Zone::High, 64));
    let mut registers = board.registers(4);
    assert_eq!(registers.read32(CS) & ERROR, ERROR);
    assert!(channel.interrupt());
    assert_eq!(registers.read32(CS) & ERROR, 0);
    assert!(transfer.wait(&board.machine, 0).is_err());
}

#[test]
fn a_halt_pauses_lets_writes_arrive_and_then_resets() {
    let board = board().stepped();
    let channel = board.channel(0);
    forget(start(&channel, board.ends(Zone::High, 300)));
    board.engine.step(20);
    board.machine.clear_trace();
    assert_eq!((&channel).halt(), Halt::Confirmed);
    let writes = board.machine.trace().into_iter().filter_map(|op| match op {
        Op::RegisterWrite { offset, value } => Some((offset, value)),
        _ => None,
    });
    assert_eq!(writes.collect::<Vec<_>>(), [(CS, 0), (CS, RESET)]);
    assert_halted(&board, &channel);
}

#[test]
fn a_transfer_is_not_over_while_its_last_writes_are_on_their_way() {
    let board = board();
    let channel = board.channel(0);
    let transfer = start(&channel, board.ends(Zone::High, 64));
    assert!(channel.interrupt());
    let sticky_writes = true;
    board.inject(
        &channel,
        Faults {
            sticky_writes,
            ..Faults::default()
        },
    );
    let failure = transfer.wait(&board.machine, 0).expect_err("not over");
    assert!(matches!(failure.error, TransferError::Quarantined(_)));
}

#[test]
fn an_interrupt_that_nobody_handled_does_not_end_the_next_transfer() {
    let board = board();
    let channel = board.channel(0);
    // The machine's own clock delivers no interrupts.
    let failure = start(&channel, board.ends(Zone::High, 64)).wait(&board.machine, SHORT_US);
    assert!(matches!(
        failure.expect_err("no interrupt").error,
        TransferError::TimedOut { .. }
    ));
    assert!(board.engine.pending(0), "left over");
    board.engine.set_pace(Pace::Stepped);
    let next = start(&channel, board.ends(Zone::High, 64));
    assert!(!channel.interrupt() && !next.is_done());
    let ended = next.wait(&board.interrupts([&channel]), PATIENCE_US);
    board.assert_copied(ended.expect("copies"));
}

/// Faults under which a channel cannot be halted.
const UNSTOPPABLE: [Faults; 2] = [
    Faults {
        sticky_active: true,
        read_error_after: None,
        stall_after: None,
        sticky_writes: false,
    },
    Faults {
        sticky_writes: true,
        read_error_after: None,
        stall_after: None,
        sticky_active: false,
    },
];

/// Loses a transfer to a channel that goes on, and resets the device in the end.
fn lose<'d>(board: &'d Board, faults: Faults, lose: impl FnOnce(&Channel<'d>)) {
    let before = board.holdings();
    let channel = board.channel_with(6, board.pages(Zone::High, 0, PAGE));
    board.inject(&channel, faults);
    lose(&channel);
    assert_eq!(board.dma.quarantined(&board.device), (3, 0));
    // Blocks, source and destination: a page and its slots each (a page of blocks is two slots).
    assert_eq!(board.holdings(), (before.0 + 4, before.1 + 3 * PAGE));
    assert_refuses(board, &channel, StartError::NotHalted);
    // Whatever it still writes goes into memory that nobody else got.
    board.engine.run();
    board.release(&channel);
    reset(board);
    assert_eq!(board.holdings(), before);
    assert_refuses(board, &channel, StartError::NotHalted);
}

#[expect(unsafe_code, reason = "plays the platform's reset of the device")]
fn reset(board: &Board) {
    // SAFETY: `DmaEngine::release` let every word land; no test starts the channel again.
    assert_eq!(unsafe { board.dma.device_was_reset(&board.device) }, 3);
}

#[test]
fn an_unconfirmed_halt_quarantines_all_that_was_lent_until_the_reset() {
    for faults in UNSTOPPABLE {
        let board = board().stepped();
        lose(&board, faults, |channel| {
            let transfer = start(channel, board.ends(Zone::High, 300));
            board.engine.step(20);
            let failure = transfer.wait(&board.machine, SHORT_US).expect_err("no end");
            let TransferError::Quarantined(lost) = failure.error else {
                panic!("{}", failure.error);
            };
            assert!(failure.ends.is_none(), "memory that may still change");
            assert_eq!((lost.device, lost.recorded), ("dma", true));
        });
    }
}

#[test]
fn dropping_a_transfer_that_cannot_be_halted_quarantines_too() {
    for faults in UNSTOPPABLE {
        let board = board().stepped();
        lose(&board, faults, |channel| {
            drop(start(channel, board.ends(Zone::High, 300)));
        });
    }
}

/// A channel whose only transfer was dropped and could not be halted.
fn lost_channel(board: &Board, number: u32, faults: Faults) -> Channel<'_> {
    let channel = board.channel(number);
    board.inject(&channel, faults);
    drop(start(&channel, board.ends(Zone::High, 300)));
    channel
}

#[test]
fn a_channel_that_halts_after_all_is_revived_with_its_own_memory_alone() {
    for faults in UNSTOPPABLE {
        let board = board().stepped();
        let before = board.holdings();
        let (channel, other) = (
            lost_channel(&board, 6, faults),
            lost_channel(&board, 5, faults),
        );
        let early = channel.revive(board.pages(Zone::Dma, 0, PAGE));
        assert!(matches!(early, Err(ReviveError::Running { .. })));
        assert_refuses(&board, &channel, StartError::NotHalted);
        assert_eq!(board.dma.quarantined(&board.device), (6, 0));
        board.release(&channel);
        let freed = channel.revive(board.pages(Zone::Dma, 0, PAGE));
        assert_eq!(freed, Ok(3));
        assert_eq!(board.dma.quarantined(&board.device), (3, 0));
        board.assert_works(&channel);
        board.release(&other);
        assert_eq!(other.revive(board.pages(Zone::Dma, 0, PAGE)), Ok(3));
        board.assert_works(&other);
        drop((channel, other));
        assert_eq!(board.holdings(), before);
    }
}

#[test]
fn a_channel_at_rest_or_at_work_is_not_revived() {
    let board = board().stepped();
    let channel = board.channel(0);
    let memory = || board.pages(Zone::Dma, 0, PAGE);
    assert_eq!(channel.revive(memory()), Err(ReviveError::NotLost));
    let running = start(&channel, board.ends(Zone::High, 300));
    assert_eq!(channel.revive(memory()), Err(ReviveError::NotLost));
    let ended = running.wait(&board.interrupts([&channel]), PATIENCE_US);
    board.assert_copied(ended.expect("nobody halted it"));
}

#[test]
fn a_channel_is_not_revived_with_less_memory_than_its_chains_need() {
    let board = board().stepped();
    let channel = lost_channel(&board, 6, UNSTOPPABLE[0]);
    board.release(&channel);
    let less = channel.revive(board.pages(Zone::Dma, 0, PAGE - 32));
    assert_eq!(less, Err(ReviveError::Unfit(Unfit::ControlMemory)));
    assert_eq!(channel.revive(board.pages(Zone::Dma, 0, PAGE)), Ok(3));
    board.assert_works(&channel);
}

#[test]
fn error_flags_that_nobody_handled_do_not_fail_the_next_transfer() {
    let board = board();
    let before_us = board.channel(4);
    let read_error_after = Some(0);
    board.inject(
        &before_us,
        Faults {
            read_error_after,
            ..Faults::default()
        },
    );
    forget(start(&before_us, board.ends(Zone::High, 64)));
    board.release(&before_us);
    assert_eq!(board.registers(4).read32(CS) & ERROR, ERROR, "left over");
    board.assert_works(&board.channel(4));
}

#[test]
fn a_dropped_transfer_is_halted_and_everything_is_free_again() {
    under_every_adversary(&Builder::default(), |machine| {
        let board = Board::new(machine, Bouncing::AsNeeded).stepped();
        let channel = board.channel(0);
        let before = board.holdings();
        let transfer = start(&channel, board.ends(Zone::High, 300));
        board.engine.step(20);
        drop(transfer);
        assert_halted(&board, &channel);
        assert_eq!(board.holdings(), before);
        board.assert_works(&channel);
    });
}

#[test]
fn a_forgotten_transfer_keeps_its_channel_busy_and_frees_nothing() {
    let board = board().stepped();
    let before = board.holdings();
    let channel = board.channel(0);
    forget(start(&channel, board.ends(Zone::High, 300)));
    let lent = (before.0 + 2, before.1 + 3 * PAGE);
    assert_eq!(board.holdings(), lent);
    assert_busy(&board, &channel);
    board.engine.run();
    assert!(channel.interrupt());
    assert_busy(&board, &channel);
    drop(channel);
    assert_eq!(board.holdings(), lent);
}
