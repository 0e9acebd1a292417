//! What the tests share: the machine as it was brought up, and pages with known bytes.

use super::Verdict;
use crate::channels::{Channels, DmaChannel, RamPages};
use crate::layer::Layer;
use crate::layer::inspector;
use crate::memory::Memory;
use arch::Board;
use dma::{Bouncing, Dma, DmaDevice, PoolView};
use hal::{DmaBuffer, Pages, Zone};

/// Why a test is skipped that needs a pool to be possible at all.
pub(super) const NO_POOL: Verdict = Verdict::Skipped("swiotlb=noforce: out of the device's reach");

/// What a test has to work with. There is at least one channel.
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

    /// The channel of most tests.
    pub(super) fn first(&self) -> &'static DmaChannel {
        &self.channels.channels[0].1
    }

    /// The master that all channels are.
    pub(super) fn master(&self) -> &'static DmaDevice {
        self.first().device()
    }

    /// What the channels bounce through, if there is anything.
    pub(super) fn pool(&self) -> Option<PoolView<'static, Board>> {
        inspector().pool_of(self.dma(), self.master())
    }

    /// Is there anything to bounce by?
    pub(super) fn has_pool(&self) -> bool {
        self.pool().is_some()
    }

    /// What of the channels' buffers bounces.
    pub(super) fn bouncing(&self) -> Bouncing {
        inspector().bouncing_of(self.dma(), self.master())
    }

    /// Is one of these zones out of the channels' reach for good? They reach `Dma`, and what bounces.
    pub(super) fn out_of_reach(&self, zones: &[Zone]) -> bool {
        !self.has_pool() && zones.contains(&Zone::High)
    }

    /// The zone farthest away that can still be mapped.
    pub(super) fn far_zone(&self) -> Zone {
        if self.out_of_reach(&[Zone::High]) {
            Zone::Dma
        } else {
            Zone::High
        }
    }

    /// Slots and cells in use right now: the channels' control blocks may have some.
    pub(super) fn in_use(&self) -> u32 {
        let slots = self.pool().map_or(0, |pool| pool.usage().used);
        slots + self.used_cells().unwrap_or(0)
    }

    /// Cells in use right now, if there are any at all.
    pub(super) fn used_cells(&self) -> Option<u32> {
        let cells = self.pool().and_then(|pool| pool.cells());
        cells.map(|(_, usage)| usage.used)
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
}

/// What stands around the bytes of a test.
pub(super) const AROUND: u8 = 0xC3;

/// Bytes that are told apart by their place.
pub(super) fn pattern(i: usize) -> u8 {
    (i * 7 + i / 256 + 1) as u8
}

/// Are these the bytes of `fill`?
pub(super) fn holds(bytes: &[u8], fill: impl Fn(usize) -> u8) -> bool {
    bytes.iter().enumerate().all(|(i, byte)| *byte == fill(i))
}

/// Do pages hold the bytes of `fill` in their window, and nothing new around it? The device moves whole words:
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
