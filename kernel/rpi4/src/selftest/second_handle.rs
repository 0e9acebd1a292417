//! A second handle on a channel that rests, for tests that need it otherwise described than it is.
//!
//! No interrupt handler knows it, so it is asked instead, with interrupts masked: the channel proper
//! would take the interrupt for its own.

use super::copy::{Mapped, map_ends, told};
use super::{Bed, Reason};
use crate::channels::DmaChannel;
use arch::{Board, Timer};
use dma::{DmaDevice, FromDevice, ToDevice};
use drivers::dma_channel::{Channel, ChannelId};
use hal::{DmaBuffer, Irq, PAGE, Pages, Zone};

/// How often the channel is asked whether it has ended.
const POLLS: u32 = 1_000_000;

/// The registers of channel `id`, as a channel that masters the bus as `device`.
pub(super) fn second_handle(
    bed: &Bed,
    id: ChannelId,
    device: &'static DmaDevice,
) -> Option<DmaChannel> {
    let io = bed.channels.registers_again(id)?;
    let blocks = Pages::alloc(bed.memory.zones, PAGE, Zone::Dma).ok()?;
    Channel::new(id, io, bed.dma(), device, blocks).ok()
}

/// Copies by a second handle, and gives both buffers back.
pub(super) fn copy_polled<A: DmaBuffer, B: DmaBuffer>(
    channel: &DmaChannel,
    source: A,
    dest: B,
) -> Result<(A, B), Reason> {
    let ends = map_ends(channel, (source, ToDevice), (dest, FromDevice))?;
    run_polled(channel, ends)
}

/// The same of ends that are mapped.
pub(super) fn run_polled<A: DmaBuffer, B: DmaBuffer>(
    channel: &DmaChannel,
    ends: Mapped<A, ToDevice, B, FromDevice>,
) -> Result<(A, B), Reason> {
    let masked = Board::mask();
    let started = channel.start(ends);
    // Should it never end, `wait` says so.
    let _ = (0..POLLS).any(|_| channel.interrupt());
    Board::restore(masked);
    let transfer = started.map_err(|not| told(not.error))?;
    let (source, dest) = transfer
        .wait(&Timer, 0)
        .map_err(|failure| told(failure.error))?;
    Ok((source.unmap(), dest.unmap()))
}
