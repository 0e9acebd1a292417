//! All channels together: register dispatch, and the moves.

use super::Pace;
use super::block::{Block, Cursor};
use super::channel::{Channel, Running};
use super::port::{Ports, is_register};
use super::registers::{self as reg, Place, Register};
use crate::{BusView, Machine, Op};
use hal::DmaAddr;

/// Writes that a running channel keeps outstanding.
const WRITES_IN_FLIGHT: usize = 4;
/// Words after which [`Controller::run`] takes a chain for endless: more than all RAM of a test.
const ENDLESS: usize = 1 << 24;

pub(crate) struct Controller {
    machine: Machine,
    bus: BusView,
    pub(crate) channels: Vec<Channel>,
    pub(crate) ports: Ports,
    enable: u32,
    pub(crate) usable: u32,
    pub(crate) pace: Pace,
}

impl Controller {
    pub(crate) fn new(machine: Machine) -> Self {
        Self {
            machine,
            bus: BusView::legacy(),
            channels: (0..reg::CHANNELS).map(Channel::new).collect(),
            ports: Ports::default(),
            enable: reg::ENABLE_CHANNELS,
            usable: reg::ENABLE_CHANNELS,
            pace: Pace::AtOnce,
        }
    }

    fn decode(&self, offset: usize) -> Place {
        let place = reg::decode(offset);
        if let Place::Channel(channel, _) = place {
            let ours = self.usable >> channel & 1 == 1;
            assert!(ours, "channel {channel} belongs to the firmware");
        }
        place
    }

    pub(crate) fn read(&mut self, offset: usize) -> u32 {
        let place = self.decode(offset);
        self.machine.status_read();
        match place {
            Place::IntStatus => self.int_status(),
            Place::Enable => self.enable,
            Place::Channel(channel, Register::Cs) => self.read_cs(channel),
            Place::Channel(channel, register) => self.channels[channel].read(register),
        }
    }

    pub(crate) fn write(&mut self, offset: usize, value: u32) {
        let place = self.decode(offset);
        self.machine.note(Op::RegisterWrite { offset, value });
        match place {
            Place::Enable => self.write_enable(value),
            Place::Channel(channel, Register::Cs) => self.write_cs(channel, value),
            Place::Channel(channel, register) => self.channels[channel].write(register, value),
            Place::IntStatus => panic!("INT_STATUS is read-only"),
        }
        if self.pace == Pace::AtOnce {
            self.run();
        }
    }

    fn int_status(&self) -> u32 {
        let raised = self.channels.iter().filter(|channel| channel.interrupt);
        raised.fold(0, |mask, channel| mask | 1 << channel.index)
    }

    fn write_enable(&mut self, value: u32) {
        let others = value & !reg::ENABLE_CHANNELS;
        assert!(
            others == 0,
            "ENABLE: PAGE fields are shared with the firmware, keep them 0"
        );
        self.enable = value;
    }

    fn is_enabled(&self, channel: usize) -> bool {
        self.enable >> channel & 1 == 1
    }

    fn read_cs(&mut self, channel: usize) -> u32 {
        if self.channels[channel].poll() {
            self.land_all(channel);
        }
        self.channels[channel].cs(self.is_enabled(channel))
    }

    fn write_cs(&mut self, index: usize, value: u32) {
        let channel = &mut self.channels[index];
        channel.insist(value & reg::CS_RESERVED == 0, "reserved bits set in CS");
        if value & reg::CS_RESET != 0 {
            return channel.reset();
        }
        let aborted = channel.running.filter(|_| value & reg::CS_ABORT != 0);
        if let Some(running) = aborted {
            channel.skip_block(&running.block);
        }
        if channel.write_cs(value) {
            self.machine.doorbell();
            self.land_all(index);
            self.channels[index].start();
        }
    }

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

    /// All outstanding writes of a channel reach their targets.
    pub(crate) fn land_all(&mut self, index: usize) {
        while !self.channels[index].outstanding.is_empty() {
            self.land(index);
        }
    }
}

impl Channel {
    fn read(&self, register: Register) -> u32 {
        let running = self.running.as_ref().and_then(|running| running.cursor);
        match register {
            Register::Cs => self.cs(true),
            Register::ConblkAd => self.conblk,
            Register::Ti => self.shown(|block| block.info),
            Register::SourceAd => running.map_or(0, |cursor| cursor.source),
            Register::DestAd => running.map_or(0, |cursor| cursor.dest),
            Register::TxfrLen => running.map_or(0, |cursor| cursor.length()),
            Register::Stride => self.shown(|block| block.stride),
            Register::Nextconbk => self.shown(|block| block.next),
            Register::Debug => self.debug(),
        }
    }

    fn write(&mut self, register: Register, value: u32) {
        match register {
            Register::ConblkAd => self.write_conblk(value),
            Register::Nextconbk => self.write_nextconbk(value),
            Register::Debug => self.write_debug(value),
            _ => panic!("channel {}: {register:?} is read-only", self.index),
        }
    }
}
