//! The DMA channels that the firmware leaves to us.

#![expect(unsafe_code, reason = "takes possession of the channels' registers")]

extern crate alloc;

use crate::firmware;
use crate::information::Machine;
use crate::interrupts;
use crate::memory::Memory;
use alloc::boxed::Box;
use alloc::vec::Vec;
use arch::{Board, IrqId, MmioRegion};
use boot::tree::{Device, Kind};
use core::fmt;
use dma::{Dma, DmaDevice};
use drivers::dma_channel::{
    CHANNEL_LEN, CHANNEL_STRIDE, Channel, ChannelId, Controller, GLOBAL_LEN, GLOBAL_OFFSET, usable,
};
use drivers::mailbox::DmaChannels;
use hal::{PAGE, Pages, PhysRange, Zone};
use log::warn;
use mm::Zones;
use spin::Once;

/// Pages of this machine.
pub(crate) type RamPages = Pages<&'static Zones<Board>>;
/// A channel of this machine; its control blocks have a page.
pub(crate) type DmaChannel = Channel<'static, Board, MmioRegion, RamPages>;

/// The legacy controller and its channels.
pub(crate) struct Channels {
    pub(crate) controller: Controller<MmioRegion, Board>,
    pub(crate) channels: Vec<(IrqId, DmaChannel)>,
    block: PhysRange,
}

/// For the interrupt handler.
static CHANNELS: Once<&'static Channels> = Once::new();

/// Brings up every channel that tree and firmware leave to us.
///
/// They master the bus as `master`, through `dma`.
pub(crate) fn bring_up(
    machine: &Machine,
    memory: &Memory,
    dma: &'static Dma<Board>,
    master: &'static DmaDevice,
) -> Option<&'static Channels> {
    let device = machine.info.device(Kind::Dma)?;
    let block = *device.registers.first()?;
    // The node ends with channel 10; the controller's own registers lie behind the last channel.
    let globals = PhysRange::new(block.start().checked_add(GLOBAL_OFFSET)?, GLOBAL_LEN).ok()?;
    let controller = Controller::new(registers(globals)?);
    let ids = usable(
        device.channel_mask.unwrap_or(0),
        firmware::value(&DmaChannels),
    );
    let channels = ids.filter_map(|id| {
        controller.enable(id);
        let (io, irq) = (channel_registers(block, id)?, line(device, id)?);
        let blocks = Pages::alloc(memory.zones, PAGE, Zone::Dma);
        let blocks = told(id, blocks)?;
        Some((irq, told(id, Channel::new(id, io, dma, master, blocks))?))
    });
    let channels = channels.collect();
    let all: &'static _ = Box::leak(Box::new(Channels {
        controller,
        channels,
        block,
    }));
    CHANNELS.call_once(|| all);
    listen(&all.channels);
    Some(all)
}

/// Takes the channels' interrupts, each once: pairs share theirs.
fn listen(channels: &[(IrqId, DmaChannel)]) {
    for (i, (irq, _)) in channels.iter().enumerate() {
        if channels[..i].iter().any(|(earlier, _)| earlier == irq) {
            continue;
        }
        if let Err(why) = interrupts::register(*irq, interrupt) {
            warn!("DMA channels: {why}");
        }
    }
}

/// The interrupt of a channel: the node lists them by channel.
fn line(device: &Device, id: ChannelId) -> Option<IrqId> {
    let number = device.interrupts.get(id.number() as usize)?;
    IrqId::new(u32::from(*number))
}

/// What was asked for, or a warning.
fn told<T>(id: ChannelId, result: Result<T, impl fmt::Display>) -> Option<T> {
    result
        .map_err(|error| warn!("DMA channel {}: {error}", id.number()))
        .ok()
}

fn channel_registers(block: PhysRange, id: ChannelId) -> Option<MmioRegion> {
    registers(block.slice(u64::from(id.number()) * CHANNEL_STRIDE, CHANNEL_LEN)?)
}

fn registers(block: PhysRange) -> Option<MmioRegion> {
    // SAFETY: part of the controller's registers as the tree names them, mapped in every table; each
    // part is taken once, save that a self-test takes a channel's again while that channel rests.
    let region = unsafe { MmioRegion::new(block) };
    region
        .map_err(|error| warn!("DMA controller: {error}"))
        .ok()
}

impl Channels {
    /// A channel's registers a second time, for a self-test that misdescribes it on purpose while
    /// the channel proper rests.
    pub(crate) fn registers_again(&self, id: ChannelId) -> Option<MmioRegion> {
        channel_registers(self.block, id)
    }
}

/// Hands an interrupt to its channel. Lines are shared by pairs, so each with that line is asked.
fn interrupt(irq: IrqId) {
    if let Some(channels) = CHANNELS.get() {
        for (line, channel) in &channels.channels {
            if *line == irq {
                channel.interrupt();
            }
        }
    }
}
