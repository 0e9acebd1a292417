//! From power-on to a card, and the ways to none.

use crate::bench::{BASE_HZ, BLOCKS, Bench, image};
use drivers::sdhci::{Addressing, Card, Host, SdError, Wait};
use sim::Machine;
use sim::sdhci::{CardKind, Fault};

#[test]
fn every_kind_of_card_is_told_with_its_size() {
    let kinds = [
        (CardKind::Version1, Addressing::Bytes),
        (CardKind::Standard, Addressing::Bytes),
        (CardKind::High, Addressing::Blocks),
    ];
    for (kind, addressing) in kinds {
        let bench = Bench::with(&Machine::default(), kind);
        let clock = bench.board.interrupts([]);
        let card = bench.card(&clock);
        let info = card.info();
        assert_eq!((info.blocks, info.addressing), (BLOCKS, addressing));
        assert_eq!((info.product, info.serial), (*b"SIM16", 0xCAFE_0001));
        assert_eq!(info.made, (2023, 4));
    }
}

#[test]
fn an_empty_slot_is_no_card_and_a_card_put_in_later_is_found() {
    let bench = Bench::empty(&Machine::default());
    let clock = bench.board.interrupts([]);
    let none = Card::identify(bench.host(&clock)).err().expect("empty");
    assert_eq!(none.error, SdError::NoCard);
    bench.sdhci.insert(CardKind::High, image());
    assert!(Card::identify(none.host).is_ok());
}

#[test]
fn a_controller_that_does_not_come_out_of_reset_is_told() {
    let bench = Bench::with(&Machine::default(), CardKind::High);
    bench.sdhci.inject(Fault::Reset);
    let refusal = bench.refusal();
    assert!(
        matches!(
            refusal,
            SdError::TimedOut {
                wait: Wait::Reset,
                ..
            }
        ),
        "{refusal}"
    );
}

#[test]
fn a_clock_that_does_not_settle_is_told() {
    let bench = Bench::with(&Machine::default(), CardKind::High);
    bench.sdhci.inject(Fault::Clock);
    let refusal = bench.refusal();
    assert!(
        matches!(
            refusal,
            SdError::TimedOut {
                wait: Wait::Clock,
                ..
            }
        ),
        "{refusal}"
    );
}

#[test]
fn an_unknown_base_clock_is_refused() {
    let bench = Bench::with(&Machine::default(), CardKind::High);
    let clock = bench.board.interrupts([]);
    let host = Host::new(bench.sdhci.clone(), &clock, 0);
    let none = Card::identify(host).err().expect("no clock");
    assert_eq!(none.error, SdError::BaseClock { hz: 0 });
    assert_ne!(BASE_HZ, 0);
}

#[test]
fn a_card_that_fails_a_step_is_told_by_the_step() {
    for (fault, command, events) in [
        (Fault::NoAnswer(2), 2, 1 << 16),
        (Fault::AnswerCrc(3), 3, 1 << 17),
        (Fault::NoAnswer(9), 9, 1 << 16),
        (Fault::AnswerCrc(8), 8, 1 << 17),
    ] {
        let bench = Bench::with(&Machine::default(), CardKind::High);
        bench.sdhci.inject(fault);
        assert_eq!(bench.refusal(), SdError::Line { command, events });
    }
}

#[test]
fn a_refused_selection_is_told_with_the_cards_status() {
    let bench = Bench::with(&Machine::default(), CardKind::High);
    bench.sdhci.inject(Fault::Status(7, 1 << 19));
    let status = 1 << 19 | 3 << 9 | 1 << 8;
    assert_eq!(bench.refusal(), SdError::Refused { command: 7, status });
}

#[test]
fn every_wait_of_identification_ends() {
    let waits = [
        (Fault::Reset, Wait::Reset, 100_000, 0),
        (Fault::Clock, Wait::Clock, 100_000, 0),
        (Fault::Lines, Wait::Lines, 1_000_000, 0),
        (Fault::Mute(9), Wait::Command, 100_000, 9),
        (Fault::Busy(7), Wait::Busy, 1_000_000, 7),
        (Fault::PowerUp, Wait::PowerUp, 1_000_000, 41),
    ];
    for (fault, wait, after_us, command) in waits {
        let bench = Bench::with(&Machine::default(), CardKind::High);
        bench.sdhci.inject(fault);
        let expected = SdError::TimedOut {
            wait,
            after_us,
            command,
        };
        assert_eq!(bench.refusal(), expected);
    }
}

#[test]
fn a_controller_that_says_nothing_is_not_waited_for_for_ever() {
    let bench = Bench::with(&Machine::default(), CardKind::High);
    bench.sdhci.inject(Fault::Mute(9));
    let refusal = bench.refusal();
    let expected = SdError::TimedOut {
        wait: Wait::Command,
        after_us: 100_000,
        command: 9,
    };
    assert_eq!(refusal, expected);
}
