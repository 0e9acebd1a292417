//! Canaries 1 GiB below a buffer: nothing of a transfer above the first GiB lands there.
//!
//! A legacy channel sees the first GiB of RAM and aliases of it. In the emulator a buffer above that,
//! given to it as it is, stands for the memory 1 GiB below: no error, just another victim.

extern crate alloc;

use super::bed::{NO_POOL, holds, pattern};
use super::copy::copy;
use super::second_handle::{copy_polled, second_handle};
use super::{Bed, Test, Verdict, attempt, check, fail};
use crate::channels::RamPages;
use crate::end;
use alloc::vec::Vec;
use arch::Board;
use dma::{Bouncing, DmaDevice, FromDevice, ToDevice};
use hal::{GIB, MIB, Pages, Zone};
use spin::Once;

pub(super) const TESTS: &[Test] = &[
    // rules: INV-4, CAP-3
    ("a bounced transfer leaves 1 GiB below alone", canary_stays),
    ("a raw high address trips the canary", canary_trips),
];

/// Blocks in which a pair with 1 GiB between is looked for.
const MIRROR: u64 = 16 * MIB;
/// Bytes of a canary, and of the buffer above it.
const LEN: u64 = 4096;
/// What a canary is made of.
const ALIVE: u8 = 0xCA;
const NO_PAIR: Verdict = Verdict::Skipped("no pages with 1 GiB between them");

fn canary_stays(bed: &Bed) -> Verdict {
    if bed.out_of_reach(&[Zone::High]) {
        return NO_POOL;
    }
    let Some((canary, buffer)) = canary_and_buffer(bed) else {
        return NO_PAIR;
    };
    let Some(source) = bed.pages(Zone::Dma, 0, LEN, pattern) else {
        fail!("no pages");
    };
    let (_, buffer) = attempt!(
        copy(bed.first(), (source, ToDevice), (buffer, FromDevice)),
        "copy"
    );
    check!(holds(&buffer.bytes(&Board), pattern), "wrong bytes");
    check!(
        holds(&canary.bytes(&Board), |_| ALIVE),
        "the canary is dead"
    );
    Verdict::Passed
}

/// A device that is said to reach everything is given a high address as it is. The emulator wraps it
/// to 1 GiB below: if the canary did not notice, no other test would.
fn canary_trips(bed: &Bed) -> Verdict {
    if !end::is_emulator() || bed.bouncing() == Bouncing::Forced {
        return Verdict::Skipped("only the emulator, told not to bounce, does this harmlessly");
    }
    let device = misdescribed(bed);
    let Some((canary, buffer)) = canary_and_buffer(bed) else {
        return NO_PAIR;
    };
    let Some(channel) = second_handle(bed, bed.first().id(), device) else {
        fail!("no second handle on the channel");
    };
    let Some(source) = bed.pages(Zone::Dma, 0, LEN, pattern) else {
        fail!("no pages");
    };
    attempt!(copy_polled(&channel, source, buffer), "copy");
    check!(
        canary.bytes(&Board)[0] == pattern(0),
        "the canary lives: it would notice nothing"
    );
    Verdict::Passed
}

/// A master that is said to reach all there is. Made once: channels refer to it for good.
fn misdescribed(bed: &Bed) -> &'static DmaDevice {
    static DEVICE: Once<DmaDevice> = Once::new();
    DEVICE.call_once(|| {
        let described = DmaDevice::builder("misdescribed")
            .granule(4)
            .build(&bed.memory.ram());
        described.expect("no limit contradicts another")
    })
}

/// A canary that lives, and a buffer exactly 1 GiB above it.
fn canary_and_buffer(bed: &Bed) -> Option<(RamPages, RamPages)> {
    let window = |pages: RamPages| pages.with_window(0, LEN).ok();
    let (canary, buffer) = mirrored(bed)?;
    let (mut canary, buffer) = (window(canary)?, window(buffer)?);
    canary.bytes_mut(&Board).fill(ALIVE);
    Some((canary, buffer))
}

/// Two stretches of pages, the second exactly 1 GiB above the first: where the emulator drops a bit
/// of an address, an access to the second hits the first.
fn mirrored(bed: &Bed) -> Option<(RamPages, RamPages)> {
    let alloc = |zone| Pages::alloc(bed.memory.zones, MIRROR, zone).ok();
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
