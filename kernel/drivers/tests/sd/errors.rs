//! Requests that fail: told in words, the buffer comes back once nobody can write to it, and the
//! card works again.

use crate::bench::{Bench, Path, SdCard, image};
use crate::common::Channel;
use drivers::dma_channel::TransferError;
use drivers::sdhci::{Card, SdError, Wait};
use hal::{Clock, Zone};
use sim::dma_engine::Faults;
use sim::sdhci::{CardKind, Fault};
use sim::{Builder, Machine, under_every_adversary};

const CRC: u32 = 1 << 21;
const LATE: u32 = 1 << 20;

/// The faults of a multi-block request, and the bits by which they are told.
const FAULTS: [(Fault, u32); 4] = [
    (Fault::DataCrc(0), CRC),
    (Fault::DataCrc(3), CRC),
    (Fault::DataTimeout(0), LATE),
    (Fault::DataTimeout(2), LATE),
];

/// The card carries out requests on both paths.
fn assert_works(bench: &Bench, card: &mut SdCard<'_, '_, '_>, channel: &Channel<'_>) {
    for path in [bench.pio(), bench.dma(channel)] {
        let pages = bench.board.pages(Zone::High, 0, 1024);
        let read = card.read(path, 7, pages).expect("works again");
        assert_eq!(*read.bytes(&bench.board.machine), bench.on_card(7, 2));
        card.write(path, 7, read).expect("works again");
    }
}

/// Reads four blocks, which must fail.
fn fail_read(bench: &Bench, card: &mut SdCard<'_, '_, '_>, path: Path<'_, '_>) -> SdError {
    let before = bench.board.holdings();
    let pages = bench.board.pages(Zone::High, 0, 2048);
    let failed = card.read(path, 0, pages).expect_err("fails");
    drop(failed.buffer.expect("the channel was halted"));
    assert_eq!(bench.board.holdings(), before, "something is still held");
    failed.error
}

fn fail_write(bench: &Bench, card: &mut SdCard<'_, '_, '_>, path: Path<'_, '_>) -> SdError {
    let before = bench.board.holdings();
    let pages = bench.board.filled(Zone::High, &[9; 2048]);
    let failed = card.write(path, 0, pages).expect_err("fails");
    drop(failed.buffer.expect("the channel was halted"));
    assert_eq!(bench.board.holdings(), before, "something is still held");
    failed.error
}

#[test]
fn data_errors_are_told_and_the_card_works_again() {
    for (fault, events) in FAULTS {
        under_every_adversary(&Builder::default(), |machine| {
            let bench = Bench::with(machine, CardKind::High);
            let channel = bench.board.channel(0);
            let clock = bench.board.interrupts([&channel]);
            let mut card = bench.card(&clock);
            for path in [bench.pio(), bench.dma(&channel)] {
                bench.sdhci.inject(fault);
                let (read, write) = (
                    fail_read(&bench, &mut card, path),
                    fail_write(&bench, &mut card, path),
                );
                let line = |command| SdError::Line { command, events };
                assert_eq!((read, write), (line(18), line(25)));
                bench.sdhci.release();
                assert_works(&bench, &mut card, &channel);
            }
        });
    }
}

#[test]
fn an_error_of_the_card_ends_a_channels_transfer_at_once() {
    let machine = Machine::default();
    let bench = Bench::with(&machine, CardKind::High);
    let channel = bench.board.channel(0);
    let clock = bench.board.interrupts([&channel]);
    let mut card = bench.card(&clock);
    bench.sdhci.inject(Fault::DataCrc(0));
    let before = machine.micros();
    let error = fail_read(&bench, &mut card, bench.dma(&channel));
    let (command, events) = (18, CRC);
    assert_eq!(error, SdError::Line { command, events });
    let took_us = machine.micros() - before;
    assert!(took_us < 100_000, "{took_us} us");
}

#[test]
fn a_data_phase_without_a_word_ends_in_time_with_the_channel_halted() {
    let bench = Bench::with(&Machine::default(), CardKind::High);
    let channel = bench.board.channel(0);
    let clock = bench.board.interrupts([&channel]);
    let mut card = bench.card(&clock);
    bench.sdhci.inject(Fault::Stall(1));
    let error = fail_read(&bench, &mut card, bench.pio());
    let expected = SdError::TimedOut {
        wait: Wait::ReadReady,
        after_us: 1_000_000,
        command: 18,
    };
    assert_eq!(error, expected);
    let error = fail_read(&bench, &mut card, bench.dma(&channel));
    let expected = SdError::TimedOut {
        wait: Wait::Data,
        after_us: 1_000_000 + 4 * 1_000,
        command: 18,
    };
    assert_eq!(error, expected);
    bench.sdhci.release();
    assert_works(&bench, &mut card, &channel);
}

#[test]
fn a_card_that_never_ends_writing_is_told_in_time_and_works_again() {
    let bench = Bench::with(&Machine::default(), CardKind::High);
    let channel = bench.board.channel(0);
    let clock = bench.board.interrupts([&channel]);
    let mut card = bench.card(&clock);
    bench.sdhci.inject(Fault::Programming);
    for path in [bench.pio(), bench.dma(&channel)] {
        let expected = SdError::TimedOut {
            wait: Wait::Programming,
            after_us: 1_000_000,
            command: 13,
        };
        assert_eq!(fail_write(&bench, &mut card, path), expected);
    }
    bench.sdhci.release();
    assert_works(&bench, &mut card, &channel);
}

#[test]
fn a_command_that_fails_moves_nothing_and_the_card_works_again() {
    for (fault, events) in [
        (Fault::NoAnswer(18), 1 << 16),
        (Fault::AnswerCrc(18), 1 << 17),
    ] {
        let bench = Bench::with(&Machine::default(), CardKind::High);
        let channel = bench.board.channel(0);
        let clock = bench.board.interrupts([&channel]);
        let mut card = bench.card(&clock);
        bench.sdhci.inject(fault);
        for path in [bench.pio(), bench.dma(&channel)] {
            let error = fail_read(&bench, &mut card, path);
            let command = 18;
            assert_eq!(error, SdError::Line { command, events });
        }
        bench.sdhci.release();
        assert_works(&bench, &mut card, &channel);
    }
}

#[test]
fn a_write_that_the_card_reports_as_failed_is_an_error() {
    let bench = Bench::with(&Machine::default(), CardKind::High);
    let channel = bench.board.channel(0);
    let clock = bench.board.interrupts([&channel]);
    let mut card = bench.card(&clock);
    bench.sdhci.inject(Fault::Status(13, 1 << 26));
    for path in [bench.pio(), bench.dma(&channel)] {
        let error = fail_write(&bench, &mut card, path);
        assert!(
            matches!(error, SdError::Refused { command: 13, .. }),
            "{error}"
        );
    }
    bench.sdhci.release();
    assert_works(&bench, &mut card, &channel);
}

#[test]
fn a_card_that_was_pulled_is_told_and_works_again_when_it_is_back() {
    let bench = Bench::with(&Machine::default(), CardKind::High);
    let channel = bench.board.channel(0);
    let clock = bench.board.interrupts([&channel]);
    let mut card = bench.card(&clock);
    bench.sdhci.remove();
    for path in [bench.pio(), bench.dma(&channel)] {
        let error = fail_read(&bench, &mut card, path);
        assert!(matches!(error, SdError::Line { events, .. } if events & 1 << 16 != 0));
    }
    let none = Card::identify(card.into_host()).err().expect("no card");
    assert_eq!(none.error, SdError::NoCard);
    bench.sdhci.insert(CardKind::High, image());
    let mut card = Card::identify(none.host).expect("back");
    assert_works(&bench, &mut card, &channel);
}

#[test]
fn a_card_is_there_until_it_is_pulled_and_another_one_is_not_it() {
    for kind in [CardKind::Standard, CardKind::High] {
        let bench = Bench::with(&Machine::default(), kind);
        let clock = bench.board.interrupts([]);
        let mut card = bench.card(&clock);
        assert!(card.is_there() && card.is_there());
        bench.sdhci.remove();
        assert!(!card.is_there(), "nothing is in the slot");
        bench.sdhci.insert(kind, image());
        assert!(
            !card.is_there(),
            "the same card, but nobody has identified it"
        );
        let mut again = Card::identify(card.into_host()).expect("a good card");
        assert!(again.is_there());
    }
}

#[test]
fn a_card_with_a_bad_block_is_there() {
    let bench = Bench::with(&Machine::default(), CardKind::High);
    let channel = bench.board.channel(0);
    let clock = bench.board.interrupts([&channel]);
    let mut card = bench.card(&clock);
    for path in [bench.pio(), bench.dma(&channel)] {
        bench.sdhci.inject(Fault::DataCrc(1));
        fail_read(&bench, &mut card, path);
        assert!(card.is_there());
        bench.sdhci.release();
    }
}

#[test]
fn a_busy_channel_is_refused_and_the_card_works_again() {
    let bench = Bench::with(&Machine::default(), CardKind::High);
    let (channel, other) = (bench.board.channel(0), bench.board.channel(1));
    let clock = bench.board.interrupts([&channel, &other]);
    let mut card = bench.card(&clock);
    let running = crate::common::start(&channel, bench.board.ends(Zone::High, 64));
    let error = fail_read(&bench, &mut card, bench.dma(&channel));
    assert!(matches!(error, SdError::Start(_)), "{error}");
    drop(running);
    assert_works(&bench, &mut card, &other);
}

#[test]
fn errors_are_told_in_words() {
    let line = |events| {
        SdError::Line {
            command: 18,
            events,
        }
        .to_string()
    };
    assert_eq!(line(CRC), "CMD18: data with a bad CRC (0x00200000)");
    assert_eq!(line(1 << 16), "CMD18: no answer (0x00010000)");
}

#[test]
fn a_channel_that_does_not_halt_keeps_the_buffer() {
    let bench = Bench::with(&Machine::default(), CardKind::High);
    let channel = bench.board.channel(0);
    let clock = bench.board.interrupts([&channel]);
    let mut card = bench.card(&clock);
    let sticky_active = true;
    let faults = Faults {
        sticky_active,
        ..Faults::default()
    };
    bench.board.inject(&channel, faults);
    bench.sdhci.inject(Fault::DataCrc(1));
    let pages = bench.board.pages(Zone::High, 0, 2048);
    let failed = card.read(bench.dma(&channel), 0, pages);
    let failed = failed.expect_err("a bad block");
    let lost = matches!(
        failed.error,
        SdError::Transfer(TransferError::Quarantined(_))
    );
    assert!(lost, "{}", failed.error);
    assert!(failed.buffer.is_none(), "the channel may still write to it");
    bench.sdhci.release();
    let pages = bench.board.pages(Zone::High, 0, 2048);
    assert!(card.read(bench.pio(), 0, pages).is_ok());
}
