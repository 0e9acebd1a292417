//! A channel that is told to write more than its buffer has, for a master that is not believed to keep to it.
//!
//! No driver of ours can do that, so the channel is driven by hand. What it writes too much lands in the line
//! that guards the bounce buffer, and nowhere else.

#![expect(unsafe_code, reason = "gives a channel a wrong length")]

use super::bed::{NO_POOL, holds, pattern};
use super::copy::told;
use super::{Bed, Reason, Test, Verdict, check};
use crate::debug;
use crate::layer::inspector;
use arch::{Board, MmioRegion};
use core::cell::RefCell;
use dma::{DmaDevice, Engine, EngineId, FromDevice, Halt, ToDevice};
use hal::{LINE, Mmio, Platform, Zone};
use spin::Once;

pub(super) const TESTS: &[Test] = &[
    // rules: CP-4
    (
        "a channel that overruns its buffer is told by name",
        overruns,
    ),
];

/// Registers of a channel, and bits of CS and of a control block's first word (BCM2711 ARM Peripherals,
/// chapter 4).
const CS: usize = 0x00;
const CONBLK_AD: usize = 0x04;
const ACTIVE: u32 = 1 << 0;
const END: u32 = 1 << 1;
const SRC_INC: u32 = 1 << 8;
const DEST_INC: u32 = 1 << 4;
/// How often the channel is asked whether it has ended.
const POLLS: u32 = 1_000_000;

/// Bytes of the buffer, and of what the channel is told to write: a line too much.
const LEN: u64 = LINE;
const TOO_MUCH: u64 = 2 * LINE;

/// A channel, driven by hand.
struct Raw {
    io: RefCell<MmioRegion>,
    id: EngineId,
}

impl Raw {
    /// Runs the control block at `block` to its end.
    fn run(&self, block: u32) {
        Board.publish();
        let mut io = self.io.borrow_mut();
        io.write32(CONBLK_AD, block);
        io.write32(CS, ACTIVE);
        // If it never ends, `halt` says so.
        let _ = (0..POLLS).any(|_| io.read32(CS) & END != 0);
        io.write32(CS, END);
    }
}

// SAFETY: a channel that is not active makes no access.
unsafe impl Engine for &Raw {
    fn id(&self) -> EngineId {
        self.id
    }
    fn halt(&self) -> Halt {
        if self.io.borrow_mut().read32(CS) & ACTIVE == 0 {
            Halt::Confirmed
        } else {
            Halt::Unconfirmed
        }
    }
}

/// The channels' master, not believed. Made once: mappings refer to it for good.
fn untrusted(bed: &Bed) -> &'static DmaDevice {
    static DEVICE: Once<DmaDevice> = Once::new();
    DEVICE.call_once(|| {
        let windows = inspector().reach(bed.master()).windows();
        let builder = DmaDevice::builder("overrun-test").windows(windows);
        let mut builder = builder.granule(4).untrusted();
        if let Some(own) = inspector().restricted_pool(bed.master()) {
            builder = builder.restricted(own);
        }
        let described = builder.build(&bed.memory.ram());
        described.expect("as the master, which exists")
    })
}

fn overruns(bed: &Bed) -> Verdict {
    if !bed.has_pool() {
        return NO_POOL;
    }
    let (device, before) = (untrusted(bed), bed.in_use());
    let overran = inspector().totals(device).overran;
    if let Err(why) = overrun(bed, device) {
        return Verdict::Failed(why);
    }
    debug::tell();
    let noticed = inspector().totals(device).overran - overran;
    check!(noticed == 1, "{noticed} overruns were noticed, 1 was made");
    let used = bed.in_use();
    check!(used == before, "{used} slots in use, {before} before");
    Verdict::Passed
}

fn overrun(bed: &Bed, device: &'static DmaDevice) -> Result<(), Reason> {
    let (dma, master) = (bed.dma(), bed.master());
    let io = bed.channels.registers_again(bed.first().id());
    let raw = Raw {
        io: RefCell::new(io.ok_or_else(|| told("no registers"))?),
        id: EngineId::new(),
    };
    let pages = |zone, len, fill: fn(usize) -> u8| {
        let pages = bed.pages(zone, 0, len, fill);
        pages.ok_or_else(|| told("no pages"))
    };
    let source = dma.map(master, pages(Zone::Dma, TOO_MUCH, pattern)?, ToDevice);
    let dest = dma.map(device, pages(Zone::High, LEN, |i| !pattern(i))?, FromDevice);
    let block = dma.map(master, pages(Zone::Dma, LINE, |_| 0)?, ToDevice);
    // SAFETY: to this channel's control block alone, which reads it.
    let (from, source) = unsafe { source.map_err(told)?.launch(&raw) };
    // SAFETY: to that control block. It writes a line more, which guards the bounce buffer and is nobody
    // else's; a buffer in place would be in a page of ours that has nothing else.
    let (to, dest) = unsafe { dest.map_err(told)?.launch(&raw) };
    let words = [
        SRC_INC | DEST_INC,
        from.get() as u32,
        to.get() as u32,
        TOO_MUCH as u32,
    ];
    let fill = |_, bytes: &mut [u8]| {
        bytes.fill(0);
        for (word, place) in words.iter().zip(bytes.chunks_exact_mut(4)) {
            place.copy_from_slice(&word.to_le_bytes());
        }
    };
    // SAFETY: to the channel's register alone.
    let (first, block) = unsafe { block.map_err(told)?.launch_with(&raw, fill) };
    raw.run(first.get() as u32);
    drop((source.end().map_err(told)?, block.end().map_err(told)?));
    let dest = dest.end().map_err(told)?.unmap();
    if holds(&dest.bytes(&Board), pattern) {
        Ok(())
    } else {
        Err(told("the bytes of the buffer itself are wrong"))
    }
}
