//! Transfers that are held in flight.
//!
//! The emulator finishes a transfer inside the store that starts it, unless the channel's enable bit
//! is clear: then it stays active and moves nothing. On the board the bit does the same.

use super::bed::{intact, pattern};
use super::copy::{Mapped, TIMEOUT_US, copy, map_ends};
use super::second_handle::second_handle;
use super::{Bed, Test, Verdict, attempt, check, fail};
use crate::channels::{DmaChannel, RamPages};
use arch::Timer;
use core::mem::forget;
use dma::{Engine, FromDevice, Halt, ToDevice};
use drivers::dma_channel::{StartError, TransferError};
use hal::Zone;

pub(super) const TESTS: &[Test] = &[
    ("a time-out halts the channel", time_out),
    ("an aborted transfer moves nothing", abort),
    ("a dropped transfer halts and frees", dropped),
    ("two channels in flight at once", two_at_once),
    (
        "a forgotten transfer keeps its memory and its channel",
        forgotten,
    ),
];

type Ends = Mapped<RamPages, ToDevice, RamPages, FromDevice>;

/// A copy of `len` bytes that can go direct, mapped.
fn mapped(bed: &Bed, channel: &DmaChannel, len: u64) -> Option<Ends> {
    let source = bed.pages(Zone::Dma, 0, len, pattern)?;
    let dest = bed.pages(Zone::Dma, 0, len, |i| !pattern(i))?;
    map_ends(channel, (source, ToDevice), (dest, FromDevice)).ok()
}

/// The channel copies again.
fn works(bed: &Bed, channel: &'static DmaChannel) -> bool {
    bed.channels.controller.enable(channel.id());
    let pages = (
        bed.pages(Zone::Dma, 0, 1000, pattern),
        bed.pages(Zone::Dma, 0, 1000, |i| !pattern(i)),
    );
    let (Some(source), Some(dest)) = pages else {
        return false;
    };
    let copied = copy(channel, (source, ToDevice), (dest, FromDevice));
    copied.is_ok_and(|(_, dest)| intact(dest, pattern))
}

fn time_out(bed: &Bed) -> Verdict {
    let channel = bed.first();
    let Some(ends) = mapped(bed, channel, 4096) else {
        fail!("no mappings");
    };
    bed.channels.controller.disable(channel.id());
    let transfer = attempt!(channel.start(ends), "start");
    let Err(failure) = transfer.wait(&Timer, 1000) else {
        fail!("a channel that is switched off has copied");
    };
    check!(
        matches!(failure.error, TransferError::TimedOut { .. }),
        "{:?}",
        failure.error
    );
    let Some((_, dest)) = failure.ends else {
        fail!("the mappings did not come back");
    };
    check!(intact(dest.unmap(), |i| !pattern(i)), "bytes moved");
    check!(works(bed, channel), "the channel does not work any more");
    Verdict::Passed
}

fn abort(bed: &Bed) -> Verdict {
    let channel = bed.first();
    let Some(ends) = mapped(bed, channel, 4096) else {
        fail!("no mappings");
    };
    bed.channels.controller.disable(channel.id());
    let transfer = attempt!(channel.start(ends), "start");
    check!(!transfer.is_done(), "done before it ran");
    let (_, dest) = attempt!(transfer.abort(), "abort");
    bed.channels.controller.enable(channel.id());
    check!(
        intact(dest.unmap(), |i| !pattern(i)),
        "bytes moved after the abort"
    );
    check!(works(bed, channel), "the channel does not work any more");
    Verdict::Passed
}

fn dropped(bed: &Bed) -> Verdict {
    let (channel, zones) = (bed.first(), bed.memory.zones);
    let (slots, free) = (bed.in_use(), zones.counters(Zone::Dma).free);
    let Some(ends) = mapped(bed, channel, 4096) else {
        fail!("no mappings");
    };
    bed.channels.controller.disable(channel.id());
    drop(attempt!(channel.start(ends), "start"));
    let (slots_now, free_now) = (bed.in_use(), zones.counters(Zone::Dma).free);
    check!(
        slots_now == slots,
        "{slots_now} slots in use, {slots} before"
    );
    check!(free_now == free, "{free_now} bytes free, {free} before");
    check!(works(bed, channel), "the channel does not work any more");
    Verdict::Passed
}

fn two_at_once(bed: &Bed) -> Verdict {
    let (Some(a), Some(b)) = (bed.channel(0), bed.channel(1)) else {
        return Verdict::Skipped("only one channel");
    };
    let (Some(first), Some(second)) = (mapped(bed, a, 4096), mapped(bed, b, 9999)) else {
        fail!("no mappings");
    };
    for channel in [a, b] {
        bed.channels.controller.disable(channel.id());
    }
    let first = attempt!(a.start(first), "start of the first");
    let second = attempt!(b.start(second), "start of the second");
    let Some(third) = mapped(bed, a, 64) else {
        fail!("no mappings");
    };
    let refused = a.start(third).err().map(|not| not.error);
    check!(
        refused == Some(StartError::Busy),
        "a busy channel said {refused:?}"
    );
    // The second is aborted, the first is let go: neither disturbs the other.
    let (_, untouched) = attempt!(second.abort(), "abort of the second");
    check!(
        intact(untouched.unmap(), |i| !pattern(i)),
        "the second moved bytes"
    );
    let (_, dest) = attempt!(first.abort(), "abort of the first");
    check!(
        intact(dest.unmap(), |i| !pattern(i)),
        "the first moved bytes"
    );
    check!(
        works(bed, a) && works(bed, b),
        "a channel does not work any more"
    );
    overlapping(bed, a, b)
}

/// Both run, the later one ends first.
fn overlapping(bed: &Bed, a: &'static DmaChannel, b: &'static DmaChannel) -> Verdict {
    let (Some(first), Some(second)) = (mapped(bed, a, 70_000), mapped(bed, b, 64)) else {
        fail!("no mappings");
    };
    let first = attempt!(a.start(first), "start of the first");
    let second = attempt!(b.start(second), "start of the second");
    let (_, dest) = attempt!(second.wait(&Timer, TIMEOUT_US), "the second");
    check!(
        intact(dest.unmap(), pattern),
        "the second's bytes are wrong"
    );
    let (_, dest) = attempt!(first.wait(&Timer, TIMEOUT_US), "the first");
    check!(intact(dest.unmap(), pattern), "the first's bytes are wrong");
    Verdict::Passed
}

/// By a second handle, which then is the channel that is lost. What the transfer had stays lost with
/// it, as it must: its ends and its control blocks, three pages for each run of the test.
fn forgotten(bed: &Bed) -> Verdict {
    let proper = bed.first();
    let Some(channel) = second_handle(bed, proper.id(), bed.master()) else {
        fail!("no second handle on the channel");
    };
    let Some(ends) = mapped(bed, &channel, 4096) else {
        fail!("no mappings");
    };
    bed.channels.controller.disable(proper.id());
    let free = bed.memory.zones.counters(Zone::Dma).free;
    forget(attempt!(channel.start(ends), "start"));
    let Some(ends) = mapped(bed, &channel, 4096) else {
        fail!("no mappings");
    };
    let refused = channel.start(ends).err().map(|not| not.error);
    drop(channel);
    check!(
        refused == Some(StartError::Busy),
        "the channel said {refused:?}"
    );
    let free_now = bed.memory.zones.counters(Zone::Dma).free;
    check!(
        free_now == free,
        "{free_now} bytes free, {free} while it was in flight"
    );
    let halted = proper.halt();
    check!(halted == Halt::Confirmed, "the registers do not rest");
    check!(works(bed, proper), "the channel does not work any more");
    Verdict::Passed
}
