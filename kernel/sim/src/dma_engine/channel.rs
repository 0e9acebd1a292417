//! One channel: its registers, its state, and the faults that a test injects.

use super::block::{Block, Cursor};
use super::registers as reg;
use std::collections::VecDeque;

/// Status reads for which writes stay outstanding after a channel stopped.
const SETTLE_POLLS: u32 = 2;

/// What goes wrong on a channel, from now on until [`DmaEngine::release`](super::DmaEngine::release).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The read after so many words of a transfer fails: DEBUG.READ_ERROR, and the channel stops.
    pub read_error_after: Option<u64>,
    /// Nothing moves after so many words of a transfer, though ACTIVE stays set.
    pub stall_after: Option<u64>,
    /// ACTIVE cannot be cleared, and the channel goes on.
    pub sticky_active: bool,
    /// Outstanding writes never land, and WAITING_FOR_OUTSTANDING_WRITES never clears.
    pub sticky_writes: bool,
}

/// A control block that is being carried out.
#[derive(Clone, Copy)]
pub(crate) struct Running {
    pub(crate) block: Block,
    /// `None` when all words have moved and only writes are outstanding.
    pub(crate) cursor: Option<Cursor>,
}

#[derive(Default)]
pub(crate) struct Channel {
    pub(crate) index: usize,
    config: u32,
    pub(crate) active: bool,
    end: bool,
    pub(crate) interrupt: bool,
    errors: u32,
    pub(crate) conblk: u32,
    pub(crate) running: Option<Running>,
    /// The block whose words the read-only registers show.
    shown: Option<Block>,
    /// Words since the start.
    pub(crate) words: u64,
    /// Writes that have left the engine and not reached their target: address and word.
    pub(crate) outstanding: VecDeque<(u32, u32)>,
    polls: u32,
    pub(crate) faults: Faults,
}

impl Channel {
    pub(crate) fn new(index: usize) -> Self {
        Self {
            index,
            ..Self::default()
        }
    }

    pub(crate) fn lite(&self) -> bool {
        reg::is_lite(self.index)
    }

    /// Is END held back until all writes have landed?
    pub(crate) fn waits_for_writes(&self, block: &Block) -> bool {
        block.has(reg::TI_WAIT_RESP) || self.config & reg::CS_WAIT_FOR_OUTSTANDING_WRITES != 0
    }

    pub(crate) fn cs(&self, enabled: bool) -> u32 {
        let waiting = self.faults.sticky_writes || (!self.active && !self.outstanding.is_empty());
        [
            (self.active, reg::CS_ACTIVE),
            (self.end, reg::CS_END),
            (self.interrupt, reg::CS_INT),
            (!self.active || !enabled, reg::CS_PAUSED),
            (waiting, reg::CS_WAITING_FOR_OUTSTANDING_WRITES),
            (self.errors != 0, reg::CS_ERROR),
        ]
        .iter()
        .filter(|(set, _)| *set)
        .fold(self.config, |cs, (_, bit)| cs | bit)
    }

    pub(crate) fn debug(&self) -> u32 {
        let lite = if self.lite() { reg::DEBUG_LITE } else { 0 };
        let outstanding = (self.outstanding.len() as u32) << 4;
        lite | reg::DEBUG_VERSION | (self.index as u32) << 8 | outstanding | self.errors
    }

    pub(crate) fn write_debug(&mut self, value: u32) {
        self.insist(
            value & reg::DEBUG_RESERVED == 0,
            "reserved bits set in DEBUG",
        );
        self.errors &= !(value & reg::DEBUG_ERRORS);
    }

    /// A word of the current (or last) control block.
    pub(crate) fn shown(&self, word: impl Fn(&Block) -> u32) -> u32 {
        self.shown.as_ref().map_or(0, word)
    }

    pub(crate) fn write_conblk(&mut self, value: u32) {
        self.insist(!self.active, "CONBLK_AD written while active");
        self.insist(value & 31 == 0, "control block not 32-byte aligned");
        self.conblk = value;
        self.running = None;
    }

    pub(crate) fn write_nextconbk(&mut self, value: u32) {
        self.insist(!self.active, "NEXTCONBK written while active");
        self.insist(value & 31 == 0, "control block not 32-byte aligned");
        let Some(running) = &mut self.running else {
            panic!(
                "channel {}: NEXTCONBK written with no block loaded",
                self.index
            );
        };
        running.block.next = value;
        self.shown = Some(running.block);
    }

    /// Everything in CS but RESET, ABORT and the start. Says whether the channel is to start.
    pub(crate) fn write_cs(&mut self, value: u32) -> bool {
        self.end &= value & reg::CS_END == 0;
        self.interrupt &= value & reg::CS_INT == 0;
        self.config = value & reg::CS_CONFIG;
        if value & reg::CS_ACTIVE == 0 {
            self.pause();
            return false;
        }
        let acknowledge = value & (reg::CS_INT | reg::CS_END) != 0;
        let ready = self.conblk != 0;
        // Drivers acknowledge with ACTIVE set; an idle channel takes no harm from it.
        self.insist(
            ready || acknowledge || self.active,
            "started without a control block",
        );
        ready && !self.active
    }

    fn pause(&mut self) {
        if self.active && !self.faults.sticky_active {
            self.stop();
        }
    }

    fn stop(&mut self) {
        self.active = false;
        self.polls = SETTLE_POLLS;
    }

    /// RESET. Panics if transactions are on their way, which may hang the bus, unless a fault keeps
    /// them there for good.
    pub(crate) fn reset(&mut self) {
        let stuck = self.faults.sticky_active || self.faults.sticky_writes;
        let busy = self.active || !self.outstanding.is_empty();
        self.insist(
            stuck || !busy,
            "RESET with transactions in flight (pause and wait first)",
        );
        if !self.faults.sticky_active {
            *self = Self {
                faults: self.faults,
                outstanding: std::mem::take(&mut self.outstanding),
                ..Self::new(self.index)
            };
        }
    }

    pub(crate) fn start(&mut self) {
        self.active = true;
        if self.running.is_none() {
            self.words = 0;
        }
    }

    pub(crate) fn load(&mut self, block: Block) {
        self.shown = Some(block);
        let cursor = Some(block.start());
        self.running = Some(Running { block, cursor });
    }

    /// A control block is done; the next one's address moves up.
    pub(crate) fn finish_block(&mut self, block: &Block) {
        self.end = true;
        self.interrupt |= block.has(reg::TI_INTEN);
        self.skip_block(block);
    }

    /// On to the next control block, or to rest.
    pub(crate) fn skip_block(&mut self, block: &Block) {
        self.running = None;
        self.conblk = block.next;
        if block.next == 0 {
            self.stop();
        }
    }

    pub(crate) fn read_error(&mut self) {
        self.errors |= reg::DEBUG_READ_ERROR;
        self.interrupt = true;
        self.stop();
    }

    /// A status read of an idle channel: do its writes land now?
    pub(crate) fn poll(&mut self) -> bool {
        self.polls = self.polls.saturating_sub(u32::from(!self.active));
        !self.active && self.polls == 0 && !self.faults.sticky_writes
    }

    pub(crate) fn insist(&self, condition: bool, why: &str) {
        assert!(condition, "channel {}: {why}", self.index);
    }
}
