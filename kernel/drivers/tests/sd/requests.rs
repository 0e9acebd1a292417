//! Requests that succeed: the bytes arrive, by CPU and by channel, and are counted apart.

use crate::bench::{BLOCKS, Bench};
use crate::common::pattern;
use dma::Bouncing;
use drivers::sdhci::{BlockBuffer, SdError, Traffic};
use hal::buffer::ViewMut;
use hal::{DmaBuffer, PhysAddr, PhysRange, Platform, Zone};
use sim::sdhci::CardKind;
use sim::{Builder, Machine, under_every_adversary};

const KINDS: [CardKind; 3] = [CardKind::Version1, CardKind::Standard, CardKind::High];

#[test]
fn reads_deliver_what_the_card_holds_on_either_path() {
    for (kind, blocks) in KINDS.into_iter().flat_map(|kind| [(kind, 1), (kind, 9)]) {
        under_every_adversary(&Builder::default(), |machine| {
            let bench = Bench::with(machine, kind);
            let channel = bench.board.channel(0);
            let clock = bench.board.interrupts([&channel]);
            let mut card = bench.card(&clock);
            for path in [bench.pio(), bench.dma(&channel)] {
                let buffer = bench.board.pages(Zone::High, 0, blocks * 512);
                let buffer = card.read(path, 5, buffer).expect("reads");
                assert_eq!(*buffer.bytes(machine), bench.on_card(5, blocks));
            }
        });
    }
}

#[test]
fn writes_reach_the_card_and_nothing_beside_on_either_path() {
    for (kind, blocks) in KINDS.into_iter().flat_map(|kind| [(kind, 1), (kind, 9)]) {
        under_every_adversary(&Builder::default(), |machine| {
            let bench = Bench::with(machine, kind);
            let channel = bench.board.channel(0);
            let clock = bench.board.interrupts([&channel]);
            let mut card = bench.card(&clock);
            for (path, lba) in [(bench.pio(), 3), (bench.dma(&channel), 30)] {
                let bytes: Vec<u8> = pattern(blocks as usize * 512)
                    .iter()
                    .map(|byte| !byte)
                    .collect();
                let before = bench.sdhci.image();
                let buffer = bench.board.filled(Zone::High, &bytes);
                card.write(path, lba, buffer).expect("writes");
                let mut expected = before;
                expected[lba as usize * 512..][..bytes.len()].copy_from_slice(&bytes);
                assert_eq!(bench.sdhci.image(), expected);
            }
        });
    }
}

#[test]
fn a_request_is_one_control_block_and_needs_no_more_memory_for_them() {
    let bench = Bench::with(&Machine::default(), CardKind::High);
    let channel = bench
        .board
        .channel_with(0, bench.board.pages(Zone::Dma, 0, 32));
    let clock = bench.board.interrupts([&channel]);
    let mut card = bench.card(&clock);
    let buffer = bench.board.pages(Zone::Dma, 0, 64 * 512);
    let read = card.read(bench.dma(&channel), 0, buffer).expect("reads");
    assert_eq!(*read.bytes(&bench.board.machine), bench.on_card(0, 64));
}

#[test]
fn bytes_are_counted_by_who_moved_them() {
    let bench = Bench::with(&Machine::default(), CardKind::High);
    let channel = bench.board.channel(0);
    let clock = bench.board.interrupts([&channel]);
    let mut card = bench.card(&clock);
    let pages = |blocks: usize| bench.board.filled(Zone::High, &vec![1; blocks * 512]);
    card.read(bench.pio(), 0, pages(2)).expect("reads");
    card.read(bench.dma(&channel), 0, pages(3)).expect("reads");
    card.write(bench.dma(&channel), 0, pages(1))
        .expect("writes");
    let (pio_bytes, dma_bytes) = (1024, 2048);
    let traffic = Traffic {
        pio_bytes,
        dma_bytes,
    };
    assert_eq!(card.traffic(), traffic);
}

#[test]
fn q_5_the_channels_limits_decide_not_the_controllers() {
    let bench = Bench::bouncing(&Machine::default(), Bouncing::Off);
    bench.sdhci.insert(CardKind::High, crate::bench::image());
    let channel = bench.board.channel(0);
    let clock = bench.board.interrupts([&channel]);
    let mut card = bench.card(&clock);
    let high = bench.board.pages(Zone::High, 0, 512);
    let failed = card.read(bench.dma(&channel), 0, high).err();
    let failed = failed.expect("out of the channel's reach");
    assert!(matches!(failed.error, SdError::Map(_)), "{}", failed.error);
    let high = failed.buffer.expect("nothing has it");
    assert!(card.read(bench.pio(), 0, high).is_ok());
}

/// More blocks than the controller counts, without the memory for them.
struct Vast(PhysRange);

// SAFETY: owns memory that nothing has: whoever would touch it panics instead.
#[expect(unsafe_code, reason = "a buffer must vouch for its memory")]
unsafe impl DmaBuffer for Vast {
    fn range(&self) -> PhysRange {
        self.0
    }
    fn owned(&self) -> PhysRange {
        self.0
    }
}

impl BlockBuffer for Vast {
    fn bytes_mut<'a, P: Platform>(&'a mut self, _: &'a P) -> ViewMut<'a, P> {
        unreachable!("refused before anybody touches it")
    }
}

#[test]
fn a_request_of_more_blocks_than_the_controller_counts_is_refused() {
    let bench = Bench::with(&Machine::default(), CardKind::High);
    let clock = bench.board.interrupts([]);
    let mut card = bench.card(&clock);
    let (bytes, max) = (65_536 * 512, 65_535 * 512);
    let vast = Vast(PhysRange::new(PhysAddr::new(0x1000_0000), bytes).expect("constants"));
    let refused = card.read(bench.pio(), 0, vast).err().expect("refused");
    assert_eq!(refused.error, SdError::Length { bytes, max });
}

#[test]
fn q_3_the_longest_request_is_what_bounces_at_once_or_what_the_controller_counts() {
    let counted = 65_535 * 512;
    let bench = Bench::empty(&Machine::default());
    let channel = bench.board.channel(0);
    let pool = channel.layer().max_mapping_size(channel.device());
    assert!(pool < counted && bench.dma(&channel).max_bytes() == pool / 512 * 512);
    assert_eq!(bench.pio().max_bytes(), counted);
}

#[test]
fn requests_that_are_no_blocks_of_the_card_are_refused_with_numbers() {
    let bench = Bench::with(&Machine::default(), CardKind::High);
    let clock = bench.board.interrupts([]);
    let mut card = bench.card(&clock);
    let (bytes, max) = (700, 65_535 * 512);
    let pages = bench.board.pages(Zone::High, 0, bytes);
    let odd = card.read(bench.pio(), 0, pages).expect_err("odd");
    assert_eq!(odd.error, SdError::Length { bytes, max });
    let capacity = BLOCKS;
    for lba in [BLOCKS - 1, BLOCKS, u64::MAX] {
        let pages = bench.board.pages(Zone::High, 0, 1024);
        let beyond = card.read(bench.pio(), lba, pages).expect_err("beyond");
        let blocks = 2;
        let range = SdError::Range {
            lba,
            blocks,
            capacity,
        };
        assert_eq!(beyond.error, range);
    }
}
