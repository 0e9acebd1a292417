//! Commands: what each asks, and how its end is found.

use super::error::{SdError, Wait};
use super::host::Host;
use super::registers::{
    ARGUMENT, BLOCKS, Blocks, COMMAND, Command as Word, Events, PRESENT, Present, RESPONSE,
};
use hal::{Clock, Mmio};
use tock_registers::fields::FieldValue;

/// Time for an answer: 64 periods of the slowest clock are a third of a millisecond.
const ANSWER_US: u64 = 100_000;
/// Time that a card may be busy.
const BUSY_US: u64 = 1_000_000;
/// Bytes of a block.
pub const BLOCK: u64 = 512;

/// Status bits of a card that mean that this command failed. The two that speak of the command
/// before (bad CRC, illegal) are left out: that one was told by its own silence.
const REFUSALS: u32 = 0xFD39_0008;

/// What the card answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    None,
    /// The card's status, which may refuse (R1).
    Status,
    /// The same, then busy (R1b).
    StatusBusy,
    /// 128 bits (R2).
    Long,
    /// Operating conditions, without index or CRC (R3).
    Conditions,
    /// A word that is no status (R6, R7).
    Word,
}

/// Blocks that follow a command.
#[derive(Clone, Copy)]
pub(crate) struct Data {
    pub(crate) blocks: u16,
    pub(crate) read: bool,
}

/// A command of the SD Physical Layer Simplified Specification.
#[derive(Clone, Copy)]
pub(crate) struct Command {
    index: u8,
    argument: u32,
    answer: Answer,
    data: Option<Data>,
}

impl Command {
    const fn new(index: u8, argument: u32, answer: Answer) -> Self {
        Self {
            index,
            argument,
            answer,
            data: None,
        }
    }

    pub(crate) const fn go_idle() -> Self {
        Self::new(0, 0, Answer::None)
    }

    pub(crate) const fn all_send_cid() -> Self {
        Self::new(2, 0, Answer::Long)
    }

    pub(crate) const fn send_address() -> Self {
        Self::new(3, 0, Answer::Word)
    }

    pub(crate) const fn select(rca: u32) -> Self {
        Self::new(7, rca, Answer::StatusBusy)
    }

    /// 2.7-3.6 V, and a pattern to come back.
    pub(crate) const fn interface_condition(pattern: u32) -> Self {
        Self::new(8, pattern, Answer::Word)
    }

    pub(crate) const fn send_csd(rca: u32) -> Self {
        Self::new(9, rca, Answer::Long)
    }

    pub(crate) const fn stop() -> Self {
        Self::new(12, 0, Answer::StatusBusy)
    }

    pub(crate) const fn status(rca: u32) -> Self {
        Self::new(13, rca, Answer::Status)
    }

    pub(crate) const fn block_length() -> Self {
        Self::new(16, BLOCK as u32, Answer::Status)
    }

    /// The next command is one of the application's.
    pub(crate) const fn application(rca: u32) -> Self {
        Self::new(55, rca, Answer::Status)
    }

    /// ACMD6.
    pub(crate) const fn four_bits() -> Self {
        Self::new(6, 2, Answer::Status)
    }

    /// ACMD41.
    pub(crate) const fn operating_condition(wanted: u32) -> Self {
        Self::new(41, wanted, Answer::Conditions)
    }

    /// CMD17, 18, 24 or 25.
    pub(crate) const fn transfer(argument: u32, data: Data) -> Self {
        let single = if data.read { 17 } else { 24 };
        let many = (data.blocks > 1) as u8;
        Self {
            data: Some(data),
            ..Self::new(single + many, argument, Answer::Status)
        }
    }

    /// The word that starts it.
    fn word(&self) -> FieldValue<u32, Word::Register> {
        let index = Word::INDEX.val(self.index.into());
        let (crc, checked) = (Word::CHECK_CRC::SET, Word::CHECK_INDEX::SET);
        let answer = match self.answer {
            Answer::None => Word::RESPONSE::None,
            Answer::Long => Word::RESPONSE::Long + crc,
            Answer::Conditions => Word::RESPONSE::Short,
            Answer::StatusBusy => Word::RESPONSE::ShortBusy + crc + checked,
            Answer::Status | Answer::Word => Word::RESPONSE::Short + crc + checked,
        };
        match self.data {
            Some(data) => index + answer + mode(data),
            None => index + answer,
        }
    }

    /// Does it need the data lines?
    const fn uses_data_lines(&self) -> bool {
        self.data.is_some() || matches!(self.answer, Answer::StatusBusy)
    }
}

/// The transfer mode. The controller itself stops a transfer of many blocks (CMD12).
fn mode(data: Data) -> FieldValue<u32, Word::Register> {
    let way = Word::DATA::SET + Word::READ.val(data.read.into());
    if data.blocks > 1 {
        way + Word::MULTI_BLOCK::SET + Word::BLOCK_COUNT_ENABLE::SET + Word::AUTO_CMD12::SET
    } else {
        way
    }
}

impl<M: Mmio, K: Clock + ?Sized> Host<'_, M, K> {
    /// Sends a command and returns the first word of its answer. The data phase, if there is one,
    /// has begun. After an error the lines have to be reset.
    pub(crate) fn send(&mut self, command: Command) -> Result<u32, SdError> {
        self.command = command.index;
        self.await_lines(command)?;
        self.set(&super::registers::EVENTS, super::registers::ALL_EVENTS);
        if let Some(data) = command.data {
            let blocks = Blocks::SIZE.val(BLOCK as u32) + Blocks::COUNT.val(data.blocks.into());
            self.write(&BLOCKS, blocks);
        }
        self.set(&ARGUMENT, command.argument);
        self.write(&COMMAND, command.word());
        self.event(Wait::Command, Events::COMMAND_COMPLETE::SET, ANSWER_US)?;
        let answer = self.read(&RESPONSE[0]).get();
        self.check(command, answer)?;
        if command.answer == Answer::StatusBusy {
            self.event(Wait::Busy, Events::TRANSFER_COMPLETE::SET, BUSY_US)?;
        }
        Ok(answer)
    }

    /// As [`send`](Self::send), for a command of the application's.
    pub(crate) fn send_application(&mut self, rca: u32, command: Command) -> Result<u32, SdError> {
        self.send(Command::application(rca))?;
        self.send(command)
    }

    /// As [`send`](Self::send), for an answer of 128 bits: its upper 120, in place, above eight zeros.
    pub(crate) fn send_long(&mut self, command: Command) -> Result<u128, SdError> {
        self.send(command)?;
        let words = RESPONSE.iter().rev();
        let bits = words.fold(0, |bits, word| {
            bits << 32 | u128::from(self.read(word).get())
        });
        // The controller keeps the CRC, the lowest byte, to itself.
        Ok(bits << 8)
    }

    fn await_lines(&mut self, command: Command) -> Result<(), SdError> {
        self.poll_for(Wait::Lines, BUSY_US, |host| {
            let present = host.read(&PRESENT);
            let data = command.uses_data_lines() && present.is_set(Present::DAT_INHIBIT);
            !data && !present.is_set(Present::CMD_INHIBIT)
        })
    }

    fn check(&self, command: Command, answer: u32) -> Result<(), SdError> {
        let is_status = matches!(command.answer, Answer::Status | Answer::StatusBusy);
        if is_status && answer & REFUSALS != 0 {
            return Err(SdError::Refused {
                command: command.index,
                status: answer,
            });
        }
        Ok(())
    }
}
