//! The mapped mailbox, with the VideoCore played over the simulated machine.

mod common;

use common::{Board, Buffer, Unproven, legacy, pages_of};
use dma::Bouncing;
use drivers::mailbox::{
    Answer, BoardRevision, CARD_POWER_CYCLE, CallError, ClockId, ClockRate, CommandLine, Hertz,
    Mailbox, Pin, PinState, carry_out,
};
use hal::{Clock, DmaAddr, DmaBuffer, Mmio, Zone};
use sim::{Builder, Machine, under_every_adversary};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// How the firmware behaves.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Answers,
    KnowsNoTag,
    Silent,
    Full,
}

/// The mailbox block, and the firmware behind it.
struct State {
    machine: Machine,
    mood: Mood,
    fifo: VecDeque<u32>,
    /// What it was sent while it was silent.
    owed: Vec<u32>,
    sent: u32,
    pins: BTreeMap<u32, u32>,
}

/// Clones are handles to the same one.
#[derive(Clone)]
struct VideoCore(Arc<Mutex<State>>);

const REVISION: u32 = 0xB0_3115;
const RATE: u32 = 200_000_000;
const LINE: &[u8] = b"carom.shell=1";

impl VideoCore {
    fn new(machine: &Machine, mood: Mood) -> Self {
        Self(Arc::new(Mutex::new(State {
            machine: machine.clone(),
            mood,
            fifo: VecDeque::new(),
            owed: Vec::new(),
            sent: 0,
            // As a firmware that booted from the card at full speed may leave it.
            pins: [(132, 1), (134, 1)].into(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics in here")
    }

    /// Answers what is owed, and everything from now on.
    fn wake(&self) {
        let mut state = self.lock();
        state.mood = Mood::Answers;
        for word in std::mem::take(&mut state.owed) {
            state.reply(word);
        }
    }
}

impl State {
    /// In RAM, past the cache.
    fn reply(&mut self, word: u32) {
        let (machine, addr) = (self.machine.clone(), DmaAddr::new(u64::from(word & !0xF)));
        let message = machine.device_read(machine.bus(), addr, 1024);
        let question: Vec<u32> = message
            .chunks_exact(4)
            .map(|word| u32::from_le_bytes(word.try_into().expect("four bytes")))
            .collect();
        assert_eq!(question[..2], [1024, 0], "the question is not in RAM");
        let value = match self.mood {
            Mood::KnowsNoTag => None,
            _ => self.value(question[2], &question[5..7]),
        };
        let state = value
            .as_ref()
            .map_or(0, |value| 1 << 31 | value.len() as u32);
        let put = |at: u64, bytes: &[u8]| {
            let at = addr.checked_add(at).expect("inside");
            machine.device_write(machine.bus(), at, bytes);
        };
        put(4, &0x8000_0000_u32.to_le_bytes());
        put(16, &state.to_le_bytes());
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            assert!(value.len() as u32 <= question[3], "no room for the answer");
            put(20, &value);
        }
        // Another channel's word comes in between.
        self.fifo.extend([0xC000_0001, word]);
    }

    fn value(&mut self, tag: u32, words: &[u32]) -> Option<Vec<u8>> {
        let words = match tag {
            0x0001_0002 => vec![REVISION],
            0x0003_0002 => vec![words[0], if words[0] == 12 { RATE } else { 0 }],
            0x0003_0041 => vec![0, *self.pins.get(&words[0])?],
            0x0003_8041 => {
                self.pins.insert(words[0], words[1]);
                vec![0, words[1]]
            }
            0x0005_0001 => return Some(LINE.to_vec()),
            _ => return None,
        };
        Some(words.into_iter().flat_map(u32::to_le_bytes).collect())
    }
}

impl Mmio for VideoCore {
    fn read32(&mut self, offset: usize) -> u32 {
        let state = &mut *self.lock();
        match offset {
            0x00 => {
                state.machine.status_read();
                state.fifo.pop_front().expect("read from an empty FIFO")
            }
            0x18 => u32::from(state.fifo.is_empty()) << 30,
            0x38 => u32::from(state.mood == Mood::Full) << 31,
            other => panic!("register {other:#x} is not modelled"),
        }
    }

    fn write32(&mut self, offset: usize, word: u32) {
        assert_eq!((offset, word & 0xF), (0x20, 8), "not the property channel");
        assert_eq!(word >> 30, 3, "not past the VideoCore's cache");
        let state = &mut *self.lock();
        state.machine.doorbell();
        state.sent += 1;
        if state.mood == Mood::Silent {
            state.owed.push(word);
        } else {
            state.reply(word);
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

static CLOCK: &Impatient = &TICKS;
static TICKS: Impatient = Impatient(AtomicU64::new(0));

type Mapped<'d> = Mailbox<'d, Machine, VideoCore, Buffer>;

fn mailbox<'d>(board: &'d Board, zone: Zone, mood: Mood) -> (Mapped<'d>, VideoCore) {
    let videocore = VideoCore::new(&board.machine, mood);
    let message = pages_of(&board.machine, zone);
    let mailbox = Mailbox::new(videocore.clone(), &board.dma, &board.device, message);
    let mailbox = mailbox.unwrap_or_else(|_| panic!("an aligned page"));
    (mailbox, videocore)
}

fn board() -> Board {
    Board::new(&Machine::default(), Bouncing::AsNeeded)
}

#[test]
fn questions_are_answered_direct_and_bounced_under_every_cache() {
    for (bouncing, zone) in [
        (Bouncing::AsNeeded, Zone::Dma),
        (Bouncing::AsNeeded, Zone::High),
        (Bouncing::Forced, Zone::Dma),
    ] {
        under_every_adversary(&Builder::default(), |machine| {
            let board = Board::new(machine, bouncing);
            let (mut mailbox, _) = mailbox(&board, zone, Mood::Answers);
            let revision = mailbox.ask(CLOCK, &BoardRevision);
            assert_eq!(revision, Ok(Answer::Value(REVISION)));
            let line = mailbox.ask(CLOCK, &CommandLine).expect("answered").value();
            assert_eq!(line.expect("known").as_bytes(), LINE);
            let rate = mailbox.ask(CLOCK, &ClockRate(ClockId::EMMC2));
            assert_eq!(rate, Ok(Answer::Value(Hertz(RATE))));
        });
    }
}

#[test]
fn a_tag_without_an_answer_is_told_apart_from_zero_and_the_mailbox_goes_on() {
    let board = board();
    let (mut mailbox, videocore) = mailbox(&board, Zone::Dma, Mood::KnowsNoTag);
    let rate = ClockRate(ClockId::UART);
    assert_eq!(mailbox.ask(CLOCK, &rate), Ok(Answer::Unanswered));
    videocore.lock().mood = Mood::Answers;
    assert_eq!(mailbox.ask(CLOCK, &rate), Ok(Answer::Value(Hertz(0))));
}

#[test]
fn a_full_mailbox_never_had_the_message() {
    let board = board();
    let (mut mailbox, videocore) = mailbox(&board, Zone::Dma, Mood::Full);
    assert_eq!(mailbox.ask(CLOCK, &BoardRevision), Err(CallError::Full));
    assert_eq!(board.dma.quarantined(&board.device), (0, 0));
    videocore.lock().mood = Mood::Answers;
    assert!(mailbox.ask(CLOCK, &BoardRevision).is_ok());
}

#[test]
fn a_message_that_never_comes_back_is_kept_from_everybody_and_nothing_is_asked_meanwhile() {
    let board = board();
    let before = board.holdings();
    let (mut mailbox, videocore) = mailbox(&board, Zone::Dma, Mood::Silent);
    let held = board.holdings();
    let lost = mailbox.ask(CLOCK, &BoardRevision);
    assert!(matches!(lost, Err(CallError::Lost(lost)) if lost.recorded));
    assert_eq!(board.dma.quarantined(&board.device), (1, 0));
    assert_eq!(board.holdings(), held, "freed under the VideoCore");
    let owed = mailbox.ask(CLOCK, &BoardRevision);
    assert!(matches!(owed, Err(CallError::Owed(lost)) if lost.len == 4096));
    assert_eq!(videocore.lock().sent, 1, "a second message");
    let page = pages_of(&board.machine, Zone::Dma);
    assert!(mailbox.renew(page).is_err(), "nothing is missing yet");
    drop(mailbox);
    assert_ne!(board.holdings(), before, "the VideoCore still has it");
}

#[test]
fn a_late_answer_ends_the_quarantine_and_a_new_message_makes_it_work_again() {
    under_every_adversary(&Builder::default(), |machine| {
        let board = Board::new(machine, Bouncing::AsNeeded);
        let (mut mailbox, videocore) = mailbox(&board, Zone::Dma, Mood::Silent);
        let held = board.holdings();
        assert!(mailbox.ask(CLOCK, &BoardRevision).is_err());
        videocore.wake();
        let gone = mailbox.ask(CLOCK, &BoardRevision);
        assert_eq!(gone, Err(CallError::NoMessage));
        assert_eq!(board.dma.quarantined(&board.device), (0, 0));
        assert!(mailbox.renew(pages_of(machine, Zone::Dma)).is_ok());
        assert_eq!(board.holdings(), held);
        let revision = mailbox.ask(CLOCK, &BoardRevision);
        assert_eq!(revision, Ok(Answer::Value(REVISION)));
    });
}

#[test]
fn an_answer_to_somebody_else_does_not_end_the_quarantine() {
    let board = board();
    let (mut mailbox, videocore) = mailbox(&board, Zone::Dma, Mood::Silent);
    assert!(mailbox.ask(CLOCK, &BoardRevision).is_err());
    videocore.lock().fifo.extend([0xC000_0001, 0xC000_0008]);
    let owed = mailbox.ask(CLOCK, &BoardRevision);
    assert!(matches!(owed, Err(CallError::Owed(_))));
    assert_eq!(board.dma.quarantined(&board.device), (1, 0));
}

/// A master that snoops, so that no cache maintenance stands in for the barrier.
#[test]
fn the_fifo_is_written_behind_a_publish() {
    let machine = Machine::builder().collect_violations().build();
    let device = legacy(&machine)
        .coherent()
        .build(&machine.ram())
        .expect("valid");
    let board = Board::with(&machine, Bouncing::AsNeeded, device);
    let (mut mailbox, videocore) = mailbox(&board, Zone::Dma, Mood::Silent);
    assert!(mailbox.ask(CLOCK, &BoardRevision).is_err());
    assert_eq!(videocore.lock().sent, 1);
    assert_eq!(machine.violations(), []);
}

#[test]
fn a_message_that_shares_its_lines_bounces_and_one_that_owns_them_does_not() {
    for (owns_lines, bounced) in [(true, 0), (false, 1)] {
        under_every_adversary(&Builder::default(), |machine| {
            let board = Board::new(machine, Bouncing::AsNeeded);
            let message = board.pages(Zone::Dma, 16, 1024);
            let videocore = VideoCore::new(machine, Mood::Answers);
            let revision = if owns_lines {
                ask_once(&board, videocore, message)
            } else {
                ask_once(&board, videocore, Unproven(message))
            };
            assert_eq!(revision, Ok(Answer::Value(REVISION)));
            let totals = board.inspector.totals(&board.device);
            assert_eq!(totals.bounced_all(), bounced);
        });
    }
}

fn ask_once<B: DmaBuffer>(
    board: &Board,
    videocore: VideoCore,
    message: B,
) -> Result<Answer<u32>, CallError> {
    let mailbox = Mailbox::new(videocore, &board.dma, &board.device, message);
    let mut mailbox = mailbox.unwrap_or_else(|_| panic!("aligned"));
    mailbox.ask(CLOCK, &BoardRevision)
}

#[test]
fn a_message_that_is_too_short_or_askew_is_refused() {
    let board = board();
    for (offset, len) in [(0, 1023), (8, 1024)] {
        let message = board.pages(Zone::Dma, offset, len);
        let videocore = VideoCore::new(&board.machine, Mood::Answers);
        assert!(Mailbox::new(videocore, &board.dma, &board.device, message).is_err());
    }
}

#[test]
fn the_cards_power_is_cycled_by_pins_of_the_firmware() {
    let board = board();
    let (mut mailbox, videocore) = mailbox(&board, Zone::Dma, Mood::Answers);
    let done = carry_out(&CARD_POWER_CYCLE, |set| mailbox.ask(CLOCK, set), |_| {});
    assert_eq!(done, Ok(Answer::Value(())));
    assert_eq!(videocore.lock().pins, [(132, 0), (134, 1)].into());
    let lines = mailbox.ask(CLOCK, &PinState(Pin::CARD_LINES));
    assert_eq!(lines, Ok(Answer::Value(false)));
}
