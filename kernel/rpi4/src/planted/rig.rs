//! A channel's registers and some fresh pages, with nothing between: whoever has it can do
//! everything wrong.
//!
//! All that a mistake consists of is inlined into its function, so that each step is on a line of it.
//! The memory is never given back: what the oracle knows of it stays with it.

#![expect(
    unsafe_code,
    reason = "memory and cache operations without the layer that makes them safe"
)]

use crate::layer::Layer;
use crate::memory::Memory;
use arch::{Board, MmioRegion};
use core::mem::forget;
use core::ptr::NonNull;
use hal::{Access, Mmio, PAGE, Pages, PhysAddr, PhysRange, Platform, Zone};

/// Where the channels see RAM (BCM2711 ARM Peripherals, 1.2.4).
pub(super) const RAM_ON_BUS: u32 = 0xC000_0000;

/// Registers of a channel, and bits of CS and of a control block's first word (chapter 4).
const CS: usize = 0x00;
const CONBLK_AD: usize = 0x04;
const ACTIVE: u32 = 1 << 0;
const END: u32 = 1 << 1;
const SRC_INC: u32 = 1 << 8;
const DEST_INC: u32 = 1 << 4;
/// How often the channel is asked whether it has ended.
const POLLS: u32 = 1_000_000;

/// A part of the rig's memory: byte offset, bytes.
#[derive(Clone, Copy)]
pub(super) struct Part(u64, u64);

/// The control block.
pub(super) const BLOCK: Part = Part(0, 32);
/// What the channel reads: two lines.
pub(super) const SOURCE: Part = Part(0x100, 128);
/// What it writes: a line and a half.
pub(super) const DEST: Part = Part(0x200, 96);
/// The other half of that line.
pub(super) const BESIDE: Part = Part(0x260, 32);
/// Where nothing but the CPU goes.
pub(super) const ELSEWHERE: Part = Part(0x400, 96);

/// A channel, and a page in zone `Dma`.
pub(super) struct Rig<'a> {
    io: MmioRegion,
    page: PhysRange,
    memory: &'a Memory,
}

impl<'a> Rig<'a> {
    /// The first channel, and a page of zeros that is in no cache.
    pub(super) fn new(layer: &Layer, memory: &'a Memory) -> Option<Self> {
        let channels = layer.channels?;
        let (_, channel) = channels.channels.first()?;
        let page = fresh(memory, Zone::Dma)?;
        Some(Self {
            io: channels.registers_again(channel.id())?,
            page,
            memory,
        })
    }

    /// A page above what the channel reaches.
    pub(super) fn high(&self) -> Option<PhysRange> {
        fresh(self.memory, Zone::High)
    }

    #[inline(always)]
    pub(super) fn range(&self, part: Part) -> PhysRange {
        let range = self.page.slice(part.0, part.1);
        range.expect("the parts lie in a page")
    }

    /// A part as the channel should name it.
    #[inline(always)]
    pub(super) fn bus(&self, part: Part) -> u32 {
        RAM_ON_BUS + self.range(part).start().get() as u32
    }

    #[inline(always)]
    fn word(&self, part: Part, index: usize) -> NonNull<u32> {
        let words = Board.view(self.range(part), Access::Write).cast();
        // SAFETY: `index` counts words of a part, by the loops and constants that it comes from.
        unsafe { words.add(index) }
    }

    /// Loads the first word of a part.
    #[inline(always)]
    pub(super) fn load(&self, part: Part) -> u32 {
        // SAFETY: RAM of ours in the linear map; no reference to it exists.
        unsafe { self.word(part, 0).read_volatile() }
    }

    /// Stores to the first word of a part.
    #[inline(always)]
    pub(super) fn store(&self, part: Part) {
        self.store_word(part, 0, 0xB0_6B06);
    }

    #[inline(always)]
    fn store_word(&self, part: Part, index: usize, value: u32) {
        // SAFETY: as in `load`.
        unsafe { self.word(part, index).write_volatile(value) };
    }

    /// Drops the lines of a part, whatever is in them.
    #[inline(always)]
    pub(super) fn invalidate(&self, part: Part) {
        // SAFETY: every line of the page is ours, and nobody misses what is in it.
        unsafe { Board.invalidate(self.range(part)) };
    }

    /// Copies by the layer's own routine.
    #[inline(always)]
    pub(super) fn copy(&self, from: Part, to: Part) {
        let (from, to) = (self.range(from), self.range(to));
        // SAFETY: different parts of our page, `to` at least as long.
        unsafe { Board.copy(from.start(), to.start(), from.len()) };
    }

    /// Writes a control block that copies the source's bytes to the destination's.
    #[inline(always)]
    pub(super) fn describe(&self, source: u32, dest: u32) {
        let words = [SRC_INC | DEST_INC, source, dest, DEST.1 as u32, 0, 0];
        for (i, word) in words.into_iter().enumerate() {
            self.store_word(BLOCK, i, word);
        }
    }

    /// Everything up to the doorbell, as it should be.
    #[inline(always)]
    pub(super) fn prepare(&self) {
        self.describe(self.bus(SOURCE), self.bus(DEST));
        self.store(SOURCE);
        Board.clean(self.range(BLOCK));
        Board.clean(self.range(SOURCE));
        Board.complete();
        Board.publish();
    }

    /// Rings the doorbell.
    #[inline(always)]
    pub(super) fn ring(&mut self) {
        self.ring_at(self.bus(BLOCK));
    }

    /// Rings it for a control block at `bus`.
    #[inline(always)]
    pub(super) fn ring_at(&mut self, bus: u32) {
        self.io.write32(CONBLK_AD, bus);
        self.io.write32(CS, ACTIVE);
    }

    /// Waits until the channel says that it is done, and tells it that this is known.
    #[inline(never)]
    pub(super) fn end(&mut self) {
        let io = &mut self.io;
        let ended = (0..POLLS).any(|_| io.read32(CS) & END != 0);
        io.write32(CS, END);
        assert!(ended, "the channel does not end");
    }
}

/// A page of zeros that is in no cache and never given back.
fn fresh(memory: &Memory, zone: Zone) -> Option<PhysRange> {
    let mut pages = Pages::alloc(memory.zones, PAGE, zone).ok()?;
    pages.bytes_mut(&Board).fill(0);
    let page = pages.extent();
    Board.clean_invalidate(page);
    Board.complete();
    forget(pages);
    Some(page)
}

/// Loads the first word of a physical page by a virtual one that is not its own.
///
/// # Safety
/// `virt` shows RAM at `phys`, which is the caller's.
#[inline(always)]
pub(super) unsafe fn load_at(virt: u64, phys: PhysAddr) -> u32 {
    let word = core::ptr::with_exposed_provenance::<u32>((virt + phys.get()) as usize);
    // SAFETY: the caller's promise.
    unsafe { word.read_volatile() }
}
