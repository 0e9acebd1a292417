//! All channels together, as the register stores and loads of a driver see them.

use super::Pace;
use super::channel::Channel;
use super::port::Ports;
use super::registers::{self as reg, Place, Register};
use crate::{BusView, Machine, Op};

pub(crate) struct Controller {
    pub(crate) machine: Machine,
    pub(crate) bus: BusView,
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

    pub(crate) fn is_enabled(&self, channel: usize) -> bool {
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
