//! The data phase: blocks through a FIFO of one block.

use super::Fault;
use super::card::{BLOCK, State};
use super::command::{READ, Word};
use super::controller::{
    Controller, DATA_CRC, DATA_TIMEOUT, READ_READY, TRANSFER_COMPLETE, WRITE_READY,
};

/// Looks until a block is there, or taken.
const LOOKS: u32 = 3;

pub(super) struct Phase {
    read: bool,
    /// Blocks to come, the one in the FIFO not counted when reading.
    left: u32,
    /// Good blocks so far.
    moved: u64,
    /// A block to be read, or the part of one that was written.
    fifo: Vec<u8>,
    /// Bytes of `fifo` that were read.
    taken: usize,
    /// Bytes that were asked for by the request line and have not come.
    asked: usize,
    /// Looks until it is ready; 0 once it is.
    looks: u32,
    failed: bool,
}

impl Controller {
    pub(super) fn begin(&mut self, word: Word) {
        let many = word.index() == 18 || word.index() == 25;
        self.phase = Some(Phase {
            read: word.has(READ),
            left: if many { self.blocks >> 16 } else { 1 },
            moved: 0,
            fifo: Vec::new(),
            taken: 0,
            asked: 0,
            looks: LOOKS,
            failed: false,
        });
    }

    /// Time passes.
    pub(super) fn look(&mut self) {
        let fault = self.fault;
        let Some(phase) = &mut self.phase else {
            return;
        };
        if phase.looks == 0 || phase.failed || fault == Some(Fault::Stall(phase.moved)) {
            return;
        }
        phase.looks -= 1;
        if phase.looks == 0 {
            self.ready();
        }
    }

    /// The FIFO turns ready, or the phase ends.
    fn ready(&mut self) {
        let Some(phase) = &self.phase else {
            return;
        };
        if phase.left == 0 {
            return self.end();
        }
        let error = match self.fault {
            Some(Fault::DataCrc(after)) if after == phase.moved => Some(DATA_CRC),
            Some(Fault::DataTimeout(after)) if after == phase.moved => Some(DATA_TIMEOUT),
            _ if self.card.is_none() => Some(DATA_TIMEOUT),
            _ => (!self.widths_agree()).then_some(DATA_CRC),
        };
        match (error, phase.read) {
            (Some(error), _) => self.break_off(error),
            (None, true) => self.fetch(),
            (None, false) => self.raise(WRITE_READY),
        }
    }

    fn fetch(&mut self) {
        let block = self.card.as_mut().and_then(|card| card.send());
        let (Some(block), Some(phase)) = (block, &mut self.phase) else {
            return self.break_off(DATA_TIMEOUT);
        };
        (phase.fifo, phase.taken) = (block, 0);
        phase.left -= 1;
        self.raise(READ_READY);
    }

    fn break_off(&mut self, error: u32) {
        if let Some(phase) = &mut self.phase {
            phase.failed = true;
        }
        self.fail(error);
    }

    /// A single block ends by itself; after many the controller stops the card.
    fn end(&mut self) {
        self.phase = None;
        if let Some(card) = &mut self.card {
            card.state = State::Transfer;
        }
        self.raise(TRANSFER_COMPLETE);
    }

    /// Is the request line up? It asks for as many words as there are, or as there is room for: a
    /// word that was asked for may still be on its way.
    pub(super) fn requests_word(&mut self) -> bool {
        self.look();
        self.phase.as_mut().is_some_and(Phase::request)
    }

    pub(super) fn take_word(&mut self) -> u32 {
        let phase = self.phase.as_mut().filter(|phase| phase.read);
        let phase = phase.expect("the data port is read with nothing to read");
        assert!(phase.is_ready(), "the data port is read before it is ready");
        let word = &phase.fifo[phase.taken..phase.taken + 4];
        let word = u32::from_le_bytes(word.try_into().expect("four bytes"));
        phase.taken += 4;
        if phase.taken == BLOCK {
            phase.moved += 1;
            phase.looks = LOOKS;
        }
        word
    }

    pub(super) fn give_word(&mut self, value: u32) {
        let phase = self.phase.as_mut().filter(|phase| !phase.read);
        let phase = phase.expect("the data port is written with nothing to write");
        assert!(
            phase.is_ready(),
            "the data port is written before it is ready"
        );
        phase.fifo.extend(value.to_le_bytes());
        phase.asked = phase.asked.saturating_sub(4);
        if phase.fifo.len() == BLOCK {
            self.store();
        }
    }

    /// A whole block goes to the card.
    fn store(&mut self) {
        let Some(phase) = &mut self.phase else {
            return;
        };
        let block = std::mem::take(&mut phase.fifo);
        (phase.left, phase.moved, phase.looks) = (phase.left - 1, phase.moved + 1, LOOKS);
        let stored = self.card.as_mut().and_then(|card| card.receive(&block));
        if stored.is_none() {
            self.break_off(DATA_TIMEOUT);
        }
    }
}

impl Phase {
    fn is_ready(&self) -> bool {
        self.looks == 0 && !self.failed
    }

    fn request(&mut self) -> bool {
        let room = self.read || self.fifo.len() + self.asked < BLOCK;
        let up = self.is_ready() && room;
        if up && !self.read {
            self.asked += 4;
        }
        up
    }
}
