//! The mapped mailbox, with the VideoCore played over the simulated machine.

mod common;

use common::{Board, pages_of};
use dma::Bouncing;
use drivers::mailbox::{CallError, Mailbox, TagError, tag};
use hal::{Clock, DmaAddr, Mmio, Zone};
use sim::{Builder, Machine, under_every_adversary};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

/// How the firmware behaves.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Answers,
    KnowsNoTag,
    Silent,
    Full,
}

/// The mailbox block: answers in RAM, past the cache, when it is written to.
struct VideoCore {
    machine: Machine,
    mood: Mood,
    fifo: VecDeque<u32>,
}

const REVISION: u32 = 0xB0_3115;

impl VideoCore {
    fn new(machine: &Machine, mood: Mood) -> Self {
        Self {
            machine: machine.clone(),
            mood,
            fifo: VecDeque::new(),
        }
    }

    fn answer(&self, addr: DmaAddr) {
        let bus = self.machine.bus();
        let question = self.machine.device_read(bus, addr, 256);
        assert_eq!(
            question[8..12],
            tag::BOARD_REVISION.to_le_bytes(),
            "the question is not in RAM"
        );
        let known = self.mood == Mood::Answers;
        let state = if known { 0x8000_0004_u32 } else { 0 };
        let put = |at: u64, word: u32| {
            let at = addr.checked_add(at).expect("inside");
            self.machine.device_write(bus, at, &word.to_le_bytes());
        };
        put(4, 0x8000_0000);
        put(16, state);
        put(20, REVISION);
    }
}

impl Mmio for VideoCore {
    fn read32(&mut self, offset: usize) -> u32 {
        match offset {
            0x00 => {
                self.machine.status_read();
                self.fifo.pop_front().expect("read from an empty FIFO")
            }
            0x18 => u32::from(self.fifo.is_empty()) << 30,
            0x38 => u32::from(self.mood == Mood::Full) << 31,
            other => panic!("register {other:#x} is not modelled"),
        }
    }

    fn write32(&mut self, offset: usize, word: u32) {
        assert_eq!((offset, word & 0xF), (0x20, 8), "not the property channel");
        self.machine.doorbell();
        if self.mood != Mood::Silent {
            self.answer(DmaAddr::new(u64::from(word & !0xF)));
            // Another channel's word comes in between.
            self.fifo.extend([0xC000_0001, word]);
        }
    }
}

/// Every look costs a millisecond.
struct Impatient(AtomicU64);

impl Clock for Impatient {
    fn ticks(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
    fn hz(&self) -> u64 {
        1_000
    }
}

fn call(machine: &Machine, bouncing: Bouncing, zone: Zone, mood: Mood) -> Result<u32, CallError> {
    let board = Board::new(machine, bouncing);
    let message = pages_of(machine, zone);
    let videocore = VideoCore::new(machine, mood);
    let mailbox = Mailbox::new(videocore, &board.dma, &board.device, message);
    let mailbox = mailbox.unwrap_or_else(|_| panic!("an aligned page"));
    let clock = Impatient(AtomicU64::new(0));
    let first = mailbox.call(&clock, tag::BOARD_REVISION, &[]);
    let again = mailbox.call(&clock, tag::BOARD_REVISION, &[]);
    match first {
        Err(CallError::Lost(_)) => assert_eq!(again, Err(CallError::Busy)),
        _ => assert_eq!(again, first, "the second call differs"),
    }
    first.map(|answer| answer.word(0).expect("one word"))
}

#[test]
fn questions_are_answered_direct_and_bounced_under_every_cache() {
    for (bouncing, zone) in [
        (Bouncing::AsNeeded, Zone::Dma),
        (Bouncing::AsNeeded, Zone::High),
        (Bouncing::Forced, Zone::Dma),
    ] {
        under_every_adversary(&Builder::default(), |machine| {
            assert_eq!(call(machine, bouncing, zone, Mood::Answers), Ok(REVISION));
        });
    }
}

#[test]
fn a_tag_without_an_answer_is_told_apart_and_the_mailbox_goes_on() {
    let machine = Machine::default();
    let none = CallError::Tag(TagError::Unknown {
        tag: tag::BOARD_REVISION,
    });
    assert_eq!(
        call(&machine, Bouncing::AsNeeded, Zone::Dma, Mood::KnowsNoTag),
        Err(none)
    );
}

#[test]
fn a_full_mailbox_never_had_the_message() {
    let machine = Machine::default();
    let full = call(&machine, Bouncing::AsNeeded, Zone::Dma, Mood::Full);
    assert_eq!(full, Err(CallError::Full));
}

#[test]
fn a_message_that_never_comes_back_is_kept_from_everybody() {
    let machine = Machine::default();
    let lost = call(&machine, Bouncing::AsNeeded, Zone::Dma, Mood::Silent);
    assert!(matches!(lost, Err(CallError::Lost(lost)) if lost.recorded));
}

#[test]
fn a_message_that_is_too_short_or_askew_is_refused() {
    let machine = Machine::default();
    let board = Board::new(&machine, Bouncing::AsNeeded);
    for (offset, len) in [(0, 255), (8, 256)] {
        let message = pages_of(&machine, Zone::Dma)
            .with_window(offset, len)
            .expect("inside");
        let videocore = VideoCore::new(&machine, Mood::Answers);
        assert!(Mailbox::new(videocore, &board.dma, &board.device, message).is_err());
    }
}
