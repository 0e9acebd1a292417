//! Copies between lists of buffers: the chain visits every place, heads and tails included.

mod common;

use common::{Board, Buffer, PATIENCE_US, Unproven, legacy, pattern};
use dma::{Bouncing, Direction, FromDevice, MappedSg, SgTable, ToDevice};
use drivers::dma_channel::{ChainError, Copy, StartError};
use hal::{DmaBuffer, Zone};
use sim::{Builder, Machine, under_every_adversary};

type List<'d, D, B = Unproven> = MappedSg<'d, Machine, B, D>;

fn board(machine: &Machine, bouncing: Bouncing) -> Board {
    let device = legacy(machine).segments(16, 4).max_seg_size(0x1_0000);
    let device = device.build(&machine.ram()).expect("valid");
    Board::with(machine, bouncing, device)
}

/// Zone, offset and length of an element.
type Shape = (Zone, u64, u64);

/// Heads and tails that share lines, high and low, one element long enough for its edges alone.
const FROM: [Shape; 3] = [
    (Zone::Dma, 4, 60),
    (Zone::High, 0x1C, 300),
    (Zone::Dma, 0x20, 2641),
];
const TO: [Shape; 3] = [
    (Zone::Dma, 0x3C, 2900),
    (Zone::High, 0, 64),
    (Zone::Dma, 8, 37),
];
const TOTAL: usize = 3001;

fn table(board: &Board, shapes: &[Shape], bytes: &[u8]) -> SgTable<Unproven> {
    let mut table = SgTable::with_capacity(shapes.len(), 16).expect("memory");
    let mut rest = bytes;
    for (zone, offset, len) in shapes {
        let mut pages: Buffer = board.pages(*zone, *offset, *len);
        let (here, behind) = rest.split_at(*len as usize);
        pages.bytes_mut(&board.machine).copy_from_slice(here);
        rest = behind;
        table.push(Unproven(pages)).ok().expect("room");
    }
    assert!(rest.is_empty(), "shapes and total disagree");
    table
}

fn bytes<D: Direction>(board: &Board, list: List<'_, D>) -> Vec<u8> {
    let table = list.unmap();
    let all = table.elements().iter();
    all.flat_map(|buffer| buffer.0.bytes(&board.machine).to_vec())
        .collect()
}

#[test]
fn sg_1_sg_4_lists_arrive_direct_bounced_and_by_their_edges() {
    for bouncing in [Bouncing::AsNeeded, Bouncing::Forced] {
        under_every_adversary(&Builder::default(), |machine| {
            let board = board(machine, bouncing).stepped();
            let channel = board.channel(3);
            // Its control blocks may bounce.
            let before = board.holdings().0;
            let source = table(&board, &FROM, &pattern(TOTAL));
            let dest = table(&board, &TO, &[0x5A; TOTAL]);
            let source = channel.map_sg(source, ToDevice).expect("maps");
            let dest = channel.map_sg(dest, FromDevice).expect("maps");
            let transfer = channel.start(Copy { source, dest }).expect("starts");
            let ended = transfer.wait(&board.interrupts([&channel]), PATIENCE_US);
            let (source, dest) = ended.expect("copies");
            assert_eq!(bytes(&board, dest), pattern(TOTAL));
            assert_eq!(bytes(&board, source), pattern(TOTAL));
            assert_eq!(board.holdings().0, before);
        });
    }
}

#[test]
fn a_list_and_a_single_buffer_are_copied_either_way() {
    let board = board(&Machine::default(), Bouncing::AsNeeded);
    let channel = board.channel(0);
    let list = channel.map_sg(table(&board, &FROM, &pattern(TOTAL)), ToDevice);
    let single = board.filled(Zone::High, &[0; TOTAL]);
    let copy = Copy {
        source: list.expect("maps"),
        dest: board.map(single, FromDevice),
    };
    let transfer = channel.start(copy).expect("starts");
    let ended = transfer.wait(&board.interrupts([&channel]), PATIENCE_US);
    let (_, single) = ended.expect("copies");
    let single = single.unmap();
    assert_eq!(*single.bytes(&board.machine), pattern(TOTAL));
    let list = channel.map_sg(table(&board, &TO, &[0; TOTAL]), FromDevice);
    let copy = Copy {
        source: board.map(single, ToDevice),
        dest: list.expect("maps"),
    };
    let transfer = channel.start(copy).expect("starts");
    let ended = transfer.wait(&board.interrupts([&channel]), PATIENCE_US);
    assert_eq!(bytes(&board, ended.expect("copies").1), pattern(TOTAL));
}

#[test]
fn sg_2_control_blocks_are_provided_for_what_lists_may_have_not_for_what_they_have() {
    for bouncing in [Bouncing::AsNeeded, Bouncing::Forced] {
        let board = board(&Machine::default(), bouncing);
        // 16 segments and 16 are 31 blocks at most: one fewer there is room for.
        let channel = board.channel_with(0, board.pages(Zone::Dma, 0, 30 * 32));
        let source = channel.map_sg(table(&board, &FROM, &pattern(TOTAL)), ToDevice);
        let dest = channel.map_sg(table(&board, &TO, &[0; TOTAL]), FromDevice);
        let (source, dest) = (source.expect("maps"), dest.expect("maps"));
        let not = channel.start(Copy { source, dest }).err();
        let not = not.expect("refused, however it was mapped");
        let StartError::Chain(ChainError::TooLong { len, max }) = not.error else {
            panic!("{}", not.error);
        };
        assert_eq!((len, max), (TOTAL as u64 + 3, 0));
        assert_eq!(not.copy.source.len(), TOTAL as u64);
    }
}

#[test]
fn a_list_that_is_dropped_in_flight_leaves_nothing_lent() {
    let board = board(&Machine::default(), Bouncing::AsNeeded).stepped();
    let channel = board.channel(0);
    let before = board.holdings();
    let source = channel.map_sg(table(&board, &FROM, &pattern(TOTAL)), ToDevice);
    let dest = channel.map_sg(table(&board, &TO, &[0; TOTAL]), FromDevice);
    let (source, dest) = (source.expect("maps"), dest.expect("maps"));
    drop(channel.start(Copy { source, dest }).expect("starts"));
    assert_eq!(board.holdings(), before);
    board.assert_works(&channel);
}

#[test]
fn neighbours_of_a_list_keep_their_bytes_under_every_cache() {
    under_every_adversary(&Builder::default(), |machine| {
        let board = board(machine, Bouncing::AsNeeded);
        let channel = board.channel(0);
        let source = channel.map_sg(table(&board, &FROM, &pattern(TOTAL)), ToDevice);
        let dest = table(&board, &TO, &[0; TOTAL]);
        let window = dest.elements()[0].range();
        let beside = hal::PhysAddr::new(window.start().get() - 4);
        let dest = channel.map_sg(dest, FromDevice).expect("maps");
        machine.cpu_write(beside, &[0x77; 4]);
        let source = source.expect("maps");
        let transfer = channel.start(Copy { source, dest }).expect("starts");
        let ended = transfer.wait(&board.interrupts([&channel]), PATIENCE_US);
        let dest = ended.expect("copies").1.unmap();
        let four = hal::PhysRange::new(beside, 4).expect("low");
        assert_eq!(machine.cpu_read(four), [0x77; 4]);
        drop(dest);
    });
}
