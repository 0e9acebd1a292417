//! What a channel refuses: said with numbers, and nothing is lost or changed.

mod common;

use common::{Board, Buffer, Channel, Mapped, Registers, id, legacy, pattern, start};
use dma::{Bouncing, DmaDevice, DmaMask, FromDevice, MapError, ToDevice};
use drivers::dma_channel::{self, ChainError, Copy, Master, StartError, Unfit};
use hal::{PAGE, Zone};
use sim::Machine;
use sim::dma_engine::Pace;

fn board() -> Board {
    Board::new(&Machine::default(), Bouncing::AsNeeded)
}

type Ends<'d> = (Mapped<'d, ToDevice>, Mapped<'d, FromDevice>);

/// The reason, and the mappings back.
fn refuse<'d>(channel: &Channel<'d>, (source, dest): Ends<'d>) -> (StartError, Ends<'d>) {
    match channel.start(Copy { source, dest }) {
        Err(refused) => (refused.error, (refused.copy.source, refused.copy.dest)),
        Ok(_) => panic!("started"),
    }
}

/// The mappings of a refused copy still make a good one.
fn assert_untouched<'d>(board: &Board, channel: &Channel<'d>, ends: Ends<'d>) {
    let transfer = start(channel, ends);
    let ended = transfer.wait(&board.interrupts([channel]), common::PATIENCE_US);
    board.assert_copied(ended.expect("copies"));
}

#[test]
fn a_chain_that_does_not_fit_is_refused_with_numbers() {
    let board = board();
    let channel = board
        .channel_with(0, board.pages(Zone::Dma, 0, 3 * 32 + 31))
        .with_max_block(64);
    let (error, ends) = refuse(&channel, board.ends(Zone::High, 193));
    let (len, max) = (196, 192);
    assert_eq!(error, StartError::Chain(ChainError::TooLong { len, max }));
    assert_eq!(
        error.to_string(),
        "196 bytes do not fit into the channel's chain, which moves 192"
    );
    assert_untouched(&board, &board.channel(2), ends);
    assert_untouched(&board, &channel, board.ends(Zone::High, 192));
}

#[test]
fn ends_of_different_lengths_are_refused() {
    let board = board();
    let channel = board.channel(0);
    // Equal once they are rounded up to words.
    let source = board.map(board.filled(Zone::Dma, &pattern(61)), ToDevice);
    let dest = board.map(board.filled(Zone::High, &[0; 64]), FromDevice);
    let (error, (source, dest)) = refuse(&channel, (source, dest));
    let lengths = StartError::Lengths {
        source: 61,
        dest: 64,
    };
    assert_eq!(error, lengths);
    assert_eq!(*source.unmap().bytes(&board.machine), pattern(61));
    assert_eq!(*dest.unmap().bytes(&board.machine), [0; 64]);
    board.assert_works(&channel);
}

#[test]
fn mappings_for_another_master_are_refused_on_either_side() {
    let board = board();
    // The same limits: it is who it is that counts.
    let other = legacy(&board.machine)
        .build(&board.machine.ram())
        .expect("valid");
    let channel = board.channel(0);
    let foreign = |len| board.filled(Zone::Dma, &pattern(len));
    let (source, dest) = board.ends(Zone::Dma, 64);
    let master = |device: &DmaDevice| Master {
        name: "dma",
        id: device.id(),
    };
    let wrong = StartError::OtherDevice {
        mapped_for: master(&other),
        channel: master(&board.device),
    };
    let (ours, theirs) = (board.device.id(), other.id());
    assert_ne!(ours, theirs);
    let told = format!("mapped for dma {theirs}, but the master is dma {ours}");
    assert_eq!(wrong.to_string(), told);
    let lent = board.dma.map(&other, foreign(64), ToDevice).expect("maps");
    let (error, (_, dest)) = refuse(&channel, (lent, dest));
    assert_eq!(error, wrong);
    let lent = board
        .dma
        .map(&other, foreign(64), FromDevice)
        .expect("maps");
    let (error, (source, _)) = refuse(&channel, (source, lent));
    assert_eq!(error, wrong);
    assert_untouched(&board, &channel, (source, dest));
}

#[test]
fn a_busy_channel_refuses_and_goes_on() {
    let board = board();
    board.engine.set_pace(Pace::Stepped);
    let channel = board.channel(6);
    let first = start(&channel, board.ends(Zone::High, 200));
    board.engine.step(10);
    let (error, ends) = refuse(&channel, board.ends(Zone::Dma, 64));
    assert_eq!(error, StartError::Busy);
    let ended = first.wait(&board.interrupts([&channel]), common::PATIENCE_US);
    board.assert_copied(ended.expect("copies"));
    assert_untouched(&board, &channel, ends);
}

/// A channel that is not to be made.
fn unfit(board: &Board, device: &DmaDevice, memory: Buffer) -> Unfit {
    let made: Result<dma_channel::Channel<'_, Machine, Registers, Buffer>, _> =
        dma_channel::Channel::new(id(0), board.registers(0), &board.dma, device, memory);
    made.err().expect("does not fit")
}

#[test]
fn a_device_of_another_granule_is_unfit() {
    let board = board();
    for granule in [1, 2] {
        let device = legacy(&board.machine).granule(granule);
        let device = device.build(&board.machine.ram()).expect("valid");
        let error = unfit(&board, &device, board.pages(Zone::Dma, 0, PAGE));
        assert_eq!(error, Unfit::Granule { found: granule });
    }
}

#[test]
fn a_device_with_more_address_bits_than_the_registers_is_unfit() {
    let board = board();
    let device = legacy(&board.machine).mask(DmaMask::bits(33));
    let device = device.build(&board.machine.ram()).expect("valid");
    let error = unfit(&board, &device, board.pages(Zone::Dma, 0, PAGE));
    assert_eq!(error, Unfit::Mask);
}

#[test]
fn memory_that_holds_no_aligned_block_is_unfit() {
    let board = board();
    for (offset, len) in [(16, 64), (4, 32), (0, 31)] {
        let error = unfit(&board, &board.device, board.pages(Zone::Dma, offset, len));
        assert_eq!(error, Unfit::ControlMemory, "{len} bytes at {offset}");
    }
}

#[test]
fn memory_that_cannot_be_mapped_is_unfit_and_freed() {
    let board = Board::new(&Machine::default(), Bouncing::Forced);
    let _first = board.map(board.pages(Zone::Dma, 0, 4 * PAGE), ToDevice);
    let holdings = board.holdings();
    let error = unfit(
        &board,
        &board.device,
        board.pages(Zone::High, 0, 511 * PAGE),
    );
    let full = |error| match error {
        Unfit::Map(MapError::PoolFull {
            wanted,
            free,
            largest_run,
            top,
        }) => Some((wanted, free, largest_run, top.map(|top| top.slots))),
        _ => None,
    };
    assert_eq!(full(error), Some((1022, 1016, 1016, Some(8))));
    assert_eq!(board.holdings(), holdings);
}

#[test]
fn control_blocks_may_lie_anywhere_that_is_aligned() {
    let board = board();
    for (zone, offset) in [(Zone::Dma, 32), (Zone::High, 0), (Zone::High, 96)] {
        let memory = board.pages(zone, offset, 128);
        let channel = board.channel_with(5, memory).with_max_block(64);
        let (source, dest) = board.ends(Zone::High, 256);
        assert_untouched(&board, &channel, (source, dest));
    }
}
