//! Copies by a channel arrive, and nothing else changes, however the cache behaves.

mod common;

use common::{Board, Buffer, Channel, PATIENCE_US, Unproven, pattern, start};
use dma::{Bidirectional, Bouncing, DeviceReads, DeviceWrites, FromDevice, ToDevice};
use hal::{DmaBuffer, PAGE, PhysRange, Zone};
use sim::{Builder, Machine, Op, under_every_adversary};

/// Bytes that a test looks at around a window.
const SEEN: u64 = 512;
/// What they hold before.
const BEFORE: u8 = 0xEE;
/// What the CPU stores beside a window while its copy is in flight.
const MEANWHILE: u8 = 0x77;

/// A window in pages.
#[derive(Clone, Copy, Debug)]
struct Spot {
    zone: Zone,
    offset: u64,
    len: u64,
}

impl Spot {
    /// Pages with `fill` in the window and `BEFORE` around it.
    fn buffer(self, board: &Board, fill: &[u8]) -> Buffer {
        let mut pages = board.pages(self.zone, 0, SEEN);
        let mut bytes = pages.bytes_mut(&board.machine);
        bytes.fill(BEFORE);
        bytes[self.offset as usize..][..fill.len()].copy_from_slice(fill);
        drop(bytes);
        pages.with_window(self.offset, self.len).expect("inside")
    }
}

/// What lies before the window, in it, and behind `owned` bytes from its start.
fn parts(board: &Board, buffer: Buffer, owned: u64) -> [Vec<u8>; 3] {
    let (window, page) = (buffer.range(), buffer.extent());
    let all = buffer.with_window(0, SEEN).expect("inside");
    let bytes = all.bytes(&board.machine);
    let start = (window.start().get() - page.start().get()) as usize;
    let (inside, behind) = (start + window.len() as usize, start + owned as usize);
    [
        bytes[..start].to_vec(),
        bytes[start..inside].to_vec(),
        bytes[behind..].to_vec(),
    ]
}

fn assert_all(bytes: &[u8], value: u8) {
    assert!(bytes.iter().all(|b| *b == value), "a neighbour changed");
}

/// Copies between buffers that own their pages: only the bytes up to a whole word may change.
fn carry<'d, S: DeviceReads, T: DeviceWrites>(
    board: &'d Board,
    channel: &Channel<'d>,
    (from, source): (Spot, S),
    (to, dest): (Spot, T),
) {
    let sent = pattern(from.len as usize);
    let complement: Vec<u8> = sent.iter().map(|byte| !byte).collect();
    let source = board.map(from.buffer(board, &sent), source);
    let dest = board.map(to.buffer(board, &complement), dest);
    let transfer = start(channel, (source, dest));
    let ends = transfer.wait(&board.interrupts([channel]), PATIENCE_US);
    let (source, dest) = ends.expect("copies");
    assert_eq!(*source.unmap().bytes(&board.machine), sent);
    let [before, got, behind] = parts(board, dest.unmap(), to.len.next_multiple_of(4));
    assert_eq!(got, sent, "from {from:?} to {to:?}");
    assert_all(&before, BEFORE);
    assert_all(&behind, BEFORE);
}

/// Every length up to 200 bytes between two zones; offsets and directions change with the length.
fn every_length(bouncing: Bouncing, from: Zone, to: Zone) {
    under_every_adversary(&Builder::default(), |machine| {
        let board = Board::new(machine, bouncing);
        let empty = board.holdings();
        let channel = board.channel(5);
        for len in 1..=200 {
            let spot = |zone, offset| Spot { zone, offset, len };
            let (from, to) = (spot(from, len * 5 % 67), spot(to, len * 7 % 71));
            match len % 4 {
                0 => carry(&board, &channel, (from, ToDevice), (to, FromDevice)),
                1 => carry(&board, &channel, (from, Bidirectional), (to, FromDevice)),
                2 => carry(&board, &channel, (from, ToDevice), (to, Bidirectional)),
                _ => carry(&board, &channel, (from, Bidirectional), (to, Bidirectional)),
            }
        }
        drop(channel);
        assert_eq!(board.holdings(), empty);
    });
}

#[test]
fn low_to_low_copies_arrive() {
    every_length(Bouncing::AsNeeded, Zone::Dma, Zone::Dma);
}

#[test]
fn low_to_high_copies_arrive() {
    every_length(Bouncing::AsNeeded, Zone::Dma, Zone::High);
}

#[test]
fn high_to_low_copies_arrive() {
    every_length(Bouncing::AsNeeded, Zone::High, Zone::Dma);
}

#[test]
fn high_to_high_copies_arrive() {
    every_length(Bouncing::AsNeeded, Zone::High, Zone::High);
}

#[test]
fn forced_low_copies_arrive() {
    every_length(Bouncing::Forced, Zone::Dma, Zone::Dma);
}

#[test]
fn forced_high_copies_arrive() {
    every_length(Bouncing::Forced, Zone::High, Zone::High);
}

/// The bytes of the page on either side of `window`, a line each.
fn beside(window: PhysRange, page: PhysRange) -> [PhysRange; 2] {
    let at = window.start().get() - page.start().get();
    [
        page.slice(at - 64, 64).expect("inside"),
        page.slice(at + window.len(), 64).expect("inside"),
    ]
}

/// Copies between buffers that own nothing but their bytes, while the CPU stores beside them.
fn carry_shared<S: DeviceReads, T: DeviceWrites>(
    machine: &Machine,
    bouncing: Bouncing,
    (from, source): (Spot, S),
    (to, dest): (Spot, T),
) {
    let board = Board::new(machine, bouncing).stepped();
    let channel = board.channel(0);
    let sent = pattern(from.len as usize);
    let (source_pages, dest_pages) = (from.buffer(&board, &sent), to.buffer(&board, &[]));
    let neighbours =
        [&source_pages, &dest_pages].map(|pages| beside(pages.range(), pages.extent()));
    let source = board.map(Unproven(source_pages), source);
    let dest = board.map(Unproven(dest_pages), dest);
    let transfer = start(&channel, (source, dest));
    board.engine.step(sent.len() / 8);
    for bytes in neighbours.concat() {
        machine.cpu_write(bytes.start(), &[MEANWHILE; 64]);
    }
    let ends = transfer.wait(&board.interrupts([&channel]), PATIENCE_US);
    let (source, dest) = ends.expect("copies");
    for (end, len) in [(source.unmap(), from.len), (dest.unmap(), to.len)] {
        let [before, got, behind] = parts(&board, end.0, len);
        assert_eq!(got, sent, "from {from:?} to {to:?}");
        assert_all(&before[before.len() - 64..], MEANWHILE);
        assert_all(&behind[..64], MEANWHILE);
    }
}

fn shared_in_every_way<S, T>(source: S, dest: T)
where
    S: DeviceReads + Copy,
    T: DeviceWrites + Copy,
{
    let zones = [Zone::Dma, Zone::High];
    let lengths = [1, 62, 64, 131];
    for (zone, len) in zones
        .iter()
        .flat_map(|&zone| lengths.map(|len| (zone, len)))
    {
        let spot = |offset| Spot { zone, offset, len };
        let (from, to) = ((spot(101), source), (spot(130), dest));
        for bouncing in [Bouncing::AsNeeded, Bouncing::Forced] {
            under_every_adversary(&Builder::default(), |machine| {
                carry_shared(machine, bouncing, from, to);
            });
        }
    }
}

#[test]
fn neighbours_that_the_cpu_uses_meanwhile_keep_their_bytes() {
    shared_in_every_way(ToDevice, FromDevice);
}

#[test]
fn neighbours_of_bidirectional_ends_keep_their_bytes() {
    shared_in_every_way(Bidirectional, Bidirectional);
}

#[test]
fn the_last_byte_of_a_page_is_copied_alone() {
    under_every_adversary(&Builder::default(), |machine| {
        let board = Board::new(machine, Bouncing::AsNeeded);
        let channel = board.channel(0);
        let mut source = board.pages(Zone::Dma, PAGE - 1, 1);
        let dest = board.pages(Zone::Dma, PAGE - 1, 1);
        let next = board.filled(Zone::Dma, &pattern(64));
        assert_eq!(dest.extent().end(), next.extent().start());
        source.bytes_mut(machine)[0] = 0x5A;
        let ends = (board.map(source, ToDevice), board.map(dest, FromDevice));
        let ended = start(&channel, ends).wait(&board.interrupts([&channel]), PATIENCE_US);
        let (_, dest) = ended.expect("copies");
        assert_eq!(*dest.unmap().bytes(machine), [0x5A]);
        assert_eq!(*next.bytes(machine), pattern(64));
    });
}

#[test]
fn a_mapping_is_used_again_after_the_cpu_wrote_to_it() {
    under_every_adversary(&Builder::default(), |machine| {
        let board = Board::new(machine, Bouncing::AsNeeded);
        let channel = board.channel(4);
        for zone in [Zone::Dma, Zone::High] {
            let (mut source, mut dest) = board.ends(zone, 100);
            for round in 1..4 {
                source.for_cpu().fill(round);
                let ended = start(&channel, (source, dest))
                    .wait(&board.interrupts([&channel]), PATIENCE_US);
                (source, dest) = ended.expect("copies");
                assert_eq!(*dest.for_cpu(), [round; 100]);
            }
        }
    });
}

/// A copy of `len` bytes by a channel that moves `max_block` at once.
fn chain(machine: &Machine, bouncing: Bouncing, zone: Zone, len: usize) {
    let board = Board::new(machine, bouncing);
    let channel = board.channel(2).with_max_block(64);
    let transfer = start(&channel, board.ends(zone, len));
    let ended = transfer.wait(&board.interrupts([&channel]), PATIENCE_US);
    board.assert_copied(ended.expect("copies"));
}

#[test]
fn chains_of_many_blocks_arrive() {
    for len in [64, 65, 128, 1000] {
        for (bouncing, zone) in [
            (Bouncing::AsNeeded, Zone::Dma),
            (Bouncing::AsNeeded, Zone::High),
            (Bouncing::Forced, Zone::Dma),
        ] {
            under_every_adversary(&Builder::default(), |machine| {
                chain(machine, bouncing, zone, len);
            });
        }
    }
}

#[test]
fn a_chain_is_one_block_per_64_bytes_and_interrupts_once() {
    let board = Board::new(&Machine::default(), Bouncing::AsNeeded).stepped();
    let channel = board.channel(2).with_max_block(64);
    board.machine.clear_trace();
    let transfer = start(&channel, board.ends(Zone::High, 200));
    for word in 1..=50 {
        board.engine.step(1);
        assert_eq!(board.engine.pending(2), word == 50, "after word {word}");
    }
    let is_block = |op: &Op| matches!(op, Op::Transfer { .. });
    let blocks = board.machine.trace().into_iter().filter(is_block).count();
    assert_eq!(blocks, 4);
    let ended = transfer.wait(&board.interrupts([&channel]), PATIENCE_US);
    board.assert_copied(ended.expect("copies"));
}

#[test]
fn lite_channels_carry_more_than_their_length_register_holds() {
    for number in 7..=10 {
        let board = Board::new(&Machine::default(), Bouncing::AsNeeded);
        let channel = board.channel(number);
        for len in [0xFFFC, 0xFFFD, 0x1_0000, 150_001] {
            let transfer = start(&channel, board.ends(Zone::High, len));
            let ended = transfer.wait(&board.interrupts([&channel]), PATIENCE_US);
            board.assert_copied(ended.expect("copies"));
        }
    }
}
