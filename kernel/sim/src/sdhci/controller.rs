//! The registers, and what stores to them set off.

use super::Fault;
use super::card::{Card, CardKind, Reply};
use super::command::{self, Word};
use super::data::Phase;
use crate::{Machine, Op};

pub(super) const COMMAND_COMPLETE: u32 = 1 << 0;
pub(super) const TRANSFER_COMPLETE: u32 = 1 << 1;
pub(super) const WRITE_READY: u32 = 1 << 4;
pub(super) const READ_READY: u32 = 1 << 5;
const COMMAND_TIMEOUT: u32 = 1 << 16;
const COMMAND_CRC: u32 = 1 << 17;
pub(super) const DATA_TIMEOUT: u32 = 1 << 20;
pub(super) const DATA_CRC: u32 = 1 << 21;

const RESET_ALL: u32 = 1 << 24;
const RESET_COMMAND: u32 = 1 << 25;
const RESET_DATA: u32 = 1 << 26;
const POWERED: u32 = 0xF << 8;
const FOUR_BITS: u32 = 1 << 1;
/// State and readiness in a card's status, and the state of one that programs.
const AT_REST: u32 = 0xF << 9 | 1 << 8;
const PROGRAMMING: u32 = 7 << 9;

pub(super) struct Controller {
    machine: Machine,
    base_hz: u32,
    pub(super) card: Option<Card>,
    pub(super) fault: Option<Fault>,
    pub(super) blocks: u32,
    argument: u32,
    response: [u32; 4],
    control: u32,
    clocks: u32,
    events: u32,
    recorded: u32,
    /// An error happened, and the lines were not reset since.
    pub(super) blocked: u32,
    pub(super) phase: Option<Phase>,
    /// When a register was last written.
    written: u64,
}

impl Controller {
    pub(super) fn new(machine: Machine, base_hz: u32) -> Self {
        Self {
            machine,
            base_hz,
            card: None,
            fault: None,
            blocks: 0,
            argument: 0,
            response: [0; 4],
            control: 0,
            clocks: 0,
            events: 0,
            recorded: 0,
            blocked: 0,
            phase: None,
            written: 0,
        }
    }

    pub(super) fn insert(&mut self, kind: CardKind, image: Vec<u8>) {
        assert!(self.card.is_none(), "the slot is taken");
        self.card = Some(Card::new(kind, image));
    }

    pub(super) fn remove(&mut self) -> Vec<u8> {
        self.card.take().expect("a card to pull").image
    }

    pub(super) fn image(&self) -> Vec<u8> {
        self.card.as_ref().expect("a card").image.clone()
    }

    pub(super) fn read(&mut self, offset: usize) -> u32 {
        match offset {
            0x04 => self.blocks,
            0x08 => self.argument,
            0x10 | 0x14 | 0x18 | 0x1C => self.response[(offset - 0x10) / 4],
            0x20 => self.take_word(),
            0x24 => {
                u32::from(self.phase.is_some()) << 1 | u32::from(self.fault == Some(Fault::Lines))
            }
            0x28 => self.control,
            0x2C => self.read_clocks(),
            0x30 => {
                self.machine.status_read();
                self.look();
                self.events
            }
            0x34 => self.recorded,
            _ => panic!("no register to read at {offset:#x}"),
        }
    }

    pub(super) fn write(&mut self, offset: usize, value: u32) {
        self.machine.note(Op::RegisterWrite { offset, value });
        if offset == 0x20 {
            return self.give_word(value);
        }
        self.check_spacing();
        match offset {
            0x04 => self.blocks = value,
            0x08 => self.argument = value,
            0x0C => self.command(Word(value)),
            0x28 => self.control = value,
            0x2C => self.write_clocks(value),
            0x30 => self.events &= !value,
            0x34 => self.recorded = value,
            0x38 => assert_eq!(value, 0, "nobody handles this interrupt"),
            _ => panic!("no register to write at {offset:#x}"),
        }
    }

    /// A store within four SD clock periods of the last one would be lost. A tick is a microsecond.
    fn check_spacing(&mut self) {
        let now = self.machine.world().ticks;
        if self.clocks & 1 << 2 != 0 {
            let least = 4_000_000 / u64::from(self.rate());
            let passed = now - self.written;
            assert!(passed >= least, "store after {passed} us is lost");
        }
        self.written = now;
    }

    fn rate(&self) -> u32 {
        let divider = self.clocks >> 8 & 0xFF | (self.clocks >> 6 & 3) << 8;
        self.base_hz / (2 * divider).max(1)
    }

    fn read_clocks(&self) -> u32 {
        let stuck = if self.fault == Some(Fault::Reset) {
            RESET_ALL | RESET_COMMAND | RESET_DATA
        } else {
            0
        };
        let unstable = self.fault == Some(Fault::Clock) || self.clocks & 1 == 0;
        stuck | self.clocks | u32::from(!unstable) << 1
    }

    fn write_clocks(&mut self, value: u32) {
        if value & RESET_ALL != 0 {
            (self.clocks, self.control, self.events, self.recorded) = (0, 0, 0, 0);
            (self.blocked, self.phase) = (0, None);
            return;
        }
        if value & RESET_COMMAND != 0 {
            self.blocked &= !RESET_COMMAND;
        }
        if value & RESET_DATA != 0 {
            self.blocked &= !RESET_DATA;
            self.phase = None;
        }
        self.clocks = value & 0x000F_FFC5;
    }

    /// Both lines, and the clock, must be fit for a command.
    fn check_bus(&self, index: u8) {
        assert_eq!(self.blocked, 0, "a command on lines that an error blocked");
        assert!(self.phase.is_none(), "a command in a data phase");
        assert_eq!(self.control & POWERED, POWERED, "no bus power at 3.3 V");
        assert_eq!(self.clocks & 5, 5, "no SD clock");
        assert_ne!(self.clocks >> 16 & 0xF, 0, "no data time-out");
        let slow = self
            .card
            .as_ref()
            .is_some_and(|card| card.needs_slow(index));
        let most = if slow { 400_000 } else { 25_000_000 };
        let rate = self.rate();
        assert!((200_000..=most).contains(&rate), "SD clock of {rate} Hz");
    }

    fn command(&mut self, word: Word) {
        self.check_bus(word.index());
        word.check(self.blocks);
        let index = word.index();
        if self.fault == Some(Fault::Mute(index)) {
            self.blocked = RESET_COMMAND;
            return;
        }
        let reply = self.reply(index);
        self.response = command::response(reply);
        if let Some(error) = self.answer_error(index, reply) {
            self.blocked = RESET_COMMAND;
            return self.raise(error);
        }
        self.raise(COMMAND_COMPLETE);
        if word.is_busy() && self.fault != Some(Fault::Busy(index)) {
            self.raise(TRANSFER_COMPLETE);
        }
        if word.has(command::DATA) {
            self.begin(word);
        }
    }

    fn reply(&mut self, index: u8) -> Reply {
        let (argument, fault) = (self.argument, self.fault);
        let Some(card) = &mut self.card else {
            return Reply::Silence;
        };
        match (card.command(index, argument), fault) {
            (_, Some(Fault::PowerUp)) if index == 41 => Reply::Short(card.not_ready()),
            (Reply::Short(status), Some(Fault::Programming)) if index == 13 => {
                Reply::Short(status & !AT_REST | PROGRAMMING)
            }
            (Reply::Short(status), Some(Fault::Status(at, bits))) if at == index => {
                Reply::Short(status | bits)
            }
            (reply, _) => reply,
        }
    }

    fn answer_error(&self, index: u8, reply: Reply) -> Option<u32> {
        let silent = reply == Reply::Silence && index != 0;
        match self.fault {
            Some(Fault::NoAnswer(at)) if at == index => Some(COMMAND_TIMEOUT),
            Some(Fault::AnswerCrc(at)) if at == index && !silent => Some(COMMAND_CRC),
            _ => silent.then_some(COMMAND_TIMEOUT),
        }
    }

    pub(super) fn raise(&mut self, event: u32) {
        self.events |= event & self.recorded;
    }

    /// A data error: the lines stay blocked.
    pub(super) fn fail(&mut self, event: u32) {
        self.blocked = RESET_DATA;
        self.raise(event);
    }

    /// Does the controller use as many lines as the card?
    pub(super) fn widths_agree(&self) -> bool {
        let wide = self.control & FOUR_BITS != 0;
        self.card.as_ref().is_some_and(|card| card.wide == wide)
    }
}
