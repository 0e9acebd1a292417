//! Copies by a channel, as a driver makes them: map both ends, start, wait, unmap.

use super::{Reason, reason};
use crate::channels::DmaChannel;
use arch::{Board, Timer};
use core::fmt::Display;
use dma::{DeviceReads, DeviceWrites, Mapping};
use drivers::dma_channel::{Copy, Sink, Source};
use hal::DmaBuffer;

/// Enough for any copy of a test.
pub(super) const TIMEOUT_US: u64 = 2_000_000;

/// A copy between two mappings.
pub(super) type Mapped<A, S, B, T> =
    Copy<Mapping<'static, Board, A, S>, Mapping<'static, Board, B, T>>;

/// Maps both ends of a copy for `channel`.
pub(super) fn map_ends<A, S, B, T>(
    channel: &DmaChannel,
    (source, reads): (A, S),
    (dest, writes): (B, T),
) -> Result<Mapped<A, S, B, T>, Reason>
where
    A: DmaBuffer,
    S: DeviceReads,
    B: DmaBuffer,
    T: DeviceWrites,
{
    let (dma, device) = (channel.layer(), channel.device());
    let source = dma.map(device, source, reads).map_err(told)?;
    let dest = dma.map(device, dest, writes).map_err(told)?;
    Ok(Copy { source, dest })
}

/// Copies by `channel` and gives both buffers back.
pub(super) fn copy<A, S, B, T>(
    channel: &DmaChannel,
    source: (A, S),
    dest: (B, T),
) -> Result<(A, B), Reason>
where
    A: DmaBuffer,
    S: DeviceReads,
    B: DmaBuffer,
    T: DeviceWrites,
{
    let (source, dest) = moved(channel, map_ends(channel, source, dest)?)?;
    Ok((source.unmap(), dest.unmap()))
}

/// Has `channel` move the bytes, and gives what is mapped at both ends back, unless the channel kept it.
pub(super) fn moved<S: Source<Board>, T: Sink<Board>>(
    channel: &DmaChannel,
    ends: Copy<S, T>,
) -> Result<(S, T), Reason> {
    let transfer = channel.start(ends).map_err(|not| told(not.error))?;
    let ended = transfer.wait(&Timer, TIMEOUT_US);
    ended.map_err(|failure| told(failure.error))
}

/// An error as a reason.
pub(super) fn told(error: impl Display) -> Reason {
    reason(format_args!("{error}"))
}
