//! What the tests share: buffers with known bytes, copies by a channel, and a canary.

extern crate alloc;

use crate::channels::{Channels, DmaChannel, RamPages};
use crate::layer::Layer;
use crate::memory::Memory;
use alloc::vec::Vec;
use arch::{Board, Timer};
use core::fmt::Debug;
use dma::{DeviceReads, DeviceWrites, Dma, DmaDevice};
use drivers::dma_channel::Copy;
use hal::{DmaBuffer, GIB, MIB, Pages, Zone};

/// Enough for any copy of a test.
pub(super) const TIMEOUT_US: u64 = 2_000_000;

/// Blocks in which a pair with 1 GiB between is looked for.
const MIRROR: u64 = 16 * MIB;

pub(crate) struct Bed<'a> {
    pub(super) layer: &'a Layer,
    pub(super) memory: &'a Memory,
    pub(super) channels: &'static Channels,
}

impl<'a> Bed<'a> {
    pub(super) fn new(layer: &'a Layer, memory: &'a Memory) -> Option<Self> {
        let channels = layer.channels.filter(|all| !all.channels.is_empty())?;
        Some(Self {
            layer,
            memory,
            channels,
        })
    }

    pub(super) fn dma(&self) -> &'static Dma<Board> {
        self.layer.dma
    }

    /// Channel `i` of ours.
    pub(super) fn channel(&self, i: usize) -> Option<&'static DmaChannel> {
        self.channels.channels.get(i).map(|(_, channel)| channel)
    }

    pub(super) fn first(&self) -> &'static DmaChannel {
        &self.channels.channels[0].1
    }

    /// The master that all channels are.
    pub(super) fn master(&self) -> &'static DmaDevice {
        self.first().device()
    }

    /// Slots in use right now: the channels' control blocks may have some.
    pub(super) fn used_slots(&self) -> u32 {
        self.dma().pool_usage().map_or(0, |usage| usage.used)
    }

    /// `len` bytes of `fill` at `offset` into pages of a zone; what is around them has other bytes.
    pub(super) fn pages(
        &self,
        zone: Zone,
        offset: u64,
        len: u64,
        fill: impl Fn(usize) -> u8,
    ) -> Option<RamPages> {
        let pages = Pages::alloc(self.memory.zones, offset + len, zone).ok()?;
        let whole = pages.extent().len();
        let mut pages = pages.with_window(0, whole).ok()?;
        pages.bytes_mut(&Board).fill(AROUND);
        let mut pages = pages.with_window(offset, len).ok()?;
        let mut bytes = pages.bytes_mut(&Board);
        bytes
            .iter_mut()
            .enumerate()
            .for_each(|(i, byte)| *byte = fill(i));
        drop(bytes);
        Some(pages)
    }

    /// Two stretches of pages, the second exactly 1 GiB above the first: where the emulator drops a
    /// bit of an address, an access to the second hits the first.
    pub(super) fn mirrored(&self) -> Option<(RamPages, RamPages)> {
        let alloc = |zone| Pages::alloc(self.memory.zones, MIRROR, zone).ok();
        let low = alloc(Zone::Dma)?;
        let wanted = low.extent().start().checked_add(GIB)?;
        let mut others = Vec::new();
        loop {
            let high = alloc(Zone::High)?;
            if high.extent().start() == wanted {
                return Some((low, high));
            }
            others.push(high);
        }
    }
}

/// What stands around the bytes of a test.
pub(super) const AROUND: u8 = 0xC3;

/// Bytes that are told apart by their place.
pub(super) fn pattern(i: usize) -> u8 {
    (i * 7 + i / 256 + 1) as u8
}

/// Copies by `channel` and gives both buffers back.
pub(super) fn copy<A, S, B, T>(
    channel: &'static DmaChannel,
    (source, reads): (A, S),
    (dest, writes): (B, T),
) -> Result<(A, B), impl Debug>
where
    A: DmaBuffer,
    S: DeviceReads,
    B: DmaBuffer,
    T: DeviceWrites,
{
    let (dma, device) = (channel.layer(), channel.device());
    let text = |error: &dyn core::fmt::Display| super::reason(format_args!("{error}"));
    let source = dma
        .map(device, source, reads)
        .map_err(|refused| text(&refused))?;
    let dest = dma
        .map(device, dest, writes)
        .map_err(|refused| text(&refused))?;
    let started = channel.start(Copy { source, dest });
    let transfer = started.map_err(|not| text(&not.error))?;
    let ends = transfer
        .wait(&Timer, TIMEOUT_US)
        .map_err(|failure| text(&failure.error))?;
    Ok::<_, super::Reason>((ends.0.unmap(), ends.1.unmap()))
}

/// Do pages hold the pattern in their window, and nothing new around it? The device moves whole words:
/// up to three bytes behind the window are its own to write (HW-8).
pub(super) fn intact(pages: RamPages, fill: impl Fn(usize) -> u8) -> bool {
    let (window, extent) = (pages.range(), pages.extent());
    let first = window.start().offset_from(extent.start()).unwrap_or(0) as usize;
    let (end, words) = (
        first + window.len() as usize,
        window.len().next_multiple_of(4) as usize,
    );
    let Ok(pages) = pages.with_window(0, extent.len()) else {
        return false;
    };
    let bytes = pages.bytes(&Board);
    bytes.iter().enumerate().all(|(i, byte)| match i {
        _ if i < first || i >= first + words => *byte == AROUND,
        _ if i < end => *byte == fill(i - first),
        _ => true,
    })
}
