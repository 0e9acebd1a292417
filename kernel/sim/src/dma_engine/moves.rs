//! What a channel does while it runs: fetch a control block, move words, end the block.

use super::block::{Block, Cursor};
use super::channel::Running;
use super::controller::Controller;
use super::port::is_register;
use super::registers as reg;
use crate::Op;
use hal::DmaAddr;

/// Writes that a running channel keeps outstanding.
const WRITES_IN_FLIGHT: usize = 4;
/// Words after which [`Controller::run`] takes a chain for endless: more than all RAM of a test.
const ENDLESS: usize = 1 << 22;

impl Controller {
    /// Moves until nothing moves any more.
    pub(crate) fn run(&mut self) {
        let moved = self.step(ENDLESS);
        assert!(
            moved < ENDLESS,
            "{moved} words and no end: a chain that loops?"
        );
    }

    /// Up to `words` words, in turn from all channels that can move.
    pub(crate) fn step(&mut self, words: usize) -> usize {
        let mut moved = 0;
        loop {
            let before = moved;
            for channel in 0..reg::CHANNELS {
                if moved == words {
                    return moved;
                }
                moved += usize::from(self.advance(channel));
            }
            if moved == before {
                return moved;
            }
        }
    }

    /// One word of `index`. `false` if nothing can move.
    fn advance(&mut self, index: usize) -> bool {
        let channel = &self.channels[index];
        let stalled = channel
            .faults
            .stall_after
            .is_some_and(|n| channel.words >= n);
        if !channel.active || !self.is_enabled(index) || stalled {
            return false;
        }
        let Running { block, cursor } = self.running(index);
        match cursor {
            Some(cursor) => self.move_word(index, &block, cursor),
            None => {
                self.finish(index, &block);
                self.channels[index].running.is_none() && self.advance(index)
            }
        }
    }

    /// The block under way; fetches it if it is new.
    fn running(&mut self, index: usize) -> Running {
        if let Some(running) = self.channels[index].running {
            return running;
        }
        let channel = &self.channels[index];
        let at = DmaAddr::new(channel.conblk.into());
        let bytes = self.machine.device_read(&self.bus, at, 32);
        let block = Block::parse(&bytes, channel.lite())
            .unwrap_or_else(|why| panic!("channel {index}, control block at {at}: {why}"));
        self.machine.note(Op::Transfer {
            from: DmaAddr::new(block.source.into()),
            to: DmaAddr::new(block.dest.into()),
            len: block.length,
        });
        self.channels[index].load(block);
        Running {
            block,
            cursor: Some(block.start()),
        }
    }

    fn move_word(&mut self, index: usize, block: &Block, at: Cursor) -> bool {
        let channel = &mut self.channels[index];
        if channel.faults.read_error_after == Some(channel.words) {
            channel.read_error();
            return false;
        }
        if !self.is_paced(block, at) {
            self.land_while_waiting(index);
            return false;
        }
        let word = self.load(block, at.source);
        self.store(index, block, at.dest, word);
        let cursor = at.advance(block);
        let channel = &mut self.channels[index];
        channel.words += 1;
        channel.running = Some(Running {
            block: *block,
            cursor,
        });
        if cursor.is_none() {
            self.finish(index, block);
        }
        true
    }

    /// All words have moved: the block ends, now or when its writes can land.
    fn finish(&mut self, index: usize, block: &Block) {
        let channel = &self.channels[index];
        let waits = channel.waits_for_writes(block);
        if waits && channel.faults.sticky_writes {
            return;
        }
        if waits {
            self.land_all(index);
        }
        self.channels[index].finish_block(block);
    }

    /// Do the request lines that pace this block allow a word?
    fn is_paced(&mut self, block: &Block, at: Cursor) -> bool {
        let sides = [(reg::TI_SRC_DREQ, at.source), (reg::TI_DEST_DREQ, at.dest)];
        sides.iter().all(|&(pacing, addr)| {
            !block.has(pacing) || !is_register(addr) || self.ports.at(addr).0.ready()
        })
    }

    fn load(&mut self, block: &Block, addr: u32) -> u32 {
        if block.has(reg::TI_SRC_IGNORE) {
            return 0;
        }
        if !is_register(addr) {
            let bytes = self
                .machine
                .transfer_read(&self.bus, DmaAddr::new(addr.into()));
            return u32::from_le_bytes(bytes);
        }
        assert!(
            !block.has(reg::TI_SRC_WIDTH128),
            "wide read of register {addr:#x}"
        );
        let (port, offset) = self.ports.at(addr);
        port.read32(offset)
    }

    fn store(&mut self, index: usize, block: &Block, addr: u32, word: u32) {
        // Without a source the writes have no byte strobes: nothing changes.
        if block.has(reg::TI_DEST_IGNORE | reg::TI_SRC_IGNORE) {
            return;
        }
        let wide = block.has(reg::TI_DEST_WIDTH128) && is_register(addr);
        assert!(!wide, "wide write of register {addr:#x}");
        let outstanding = &mut self.channels[index].outstanding;
        outstanding.push_back((addr, word));
        if outstanding.len() > WRITES_IN_FLIGHT {
            self.land(index);
        }
    }

    /// The oldest outstanding write of a channel reaches its target.
    fn land(&mut self, index: usize) {
        let Some((addr, word)) = self.channels[index].outstanding.pop_front() else {
            return;
        };
        if is_register(addr) {
            let (port, offset) = self.ports.at(addr);
            port.write32(offset, word);
        } else {
            let addr = DmaAddr::new(addr.into());
            self.machine
                .transfer_write(&self.bus, addr, word.to_le_bytes());
        }
    }

    /// A channel that waits for a request line has no newer writes to hold its older ones back.
    fn land_while_waiting(&mut self, index: usize) {
        if !self.channels[index].faults.sticky_writes {
            self.land_all(index);
        }
    }

    /// All outstanding writes of a channel reach their targets.
    pub(crate) fn land_all(&mut self, index: usize) {
        while !self.channels[index].outstanding.is_empty() {
            self.land(index);
        }
    }
}
