//! All cores map, copy and unmap at the same time, and the layer's books are right afterwards.

use super::super::bed::NO_POOL;
use super::super::copy::{copy, told};
use super::super::{Bed, Reason, Test, Verdict, attempt, check, reason};
use super::together::together;
use crate::channels::{Channels, RamPages};
use crate::layer::inspector;
use arch::Board;
use core::sync::atomic::{AtomicU64, Ordering};
use dma::{Bidirectional, FromDevice, ToDevice};
use hal::{CpuId, Pages, Zone};
use mm::Zones;
use spin::Once;

pub(super) const TESTS: &[Test] = &[("all cores share the layer at the same time", shared_layer)];

/// What the cores share.
struct Shared {
    channels: &'static Channels,
    zones: &'static Zones<Board>,
}

static SHARED: Once<Shared> = Once::new();
/// Mappings that the cores made.
static MAPPED: AtomicU64 = AtomicU64::new(0);

fn shared_layer(bed: &Bed) -> Verdict {
    if bed.out_of_reach(&[Zone::High]) {
        return NO_POOL;
    }
    SHARED.call_once(|| Shared {
        channels: bed.channels,
        zones: bed.memory.zones,
    });
    MAPPED.store(0, Ordering::Release);
    let (slots, counted) = (bed.in_use(), inspector().totals(bed.master()).bounced_all());
    attempt!(together(carry), "a core");
    let (made, left) = (MAPPED.load(Ordering::Acquire), bed.in_use());
    let bounced = inspector().totals(bed.master()).bounced_all() - counted;
    check!(
        left == slots,
        "{slots} slots were in use before, {left} after"
    );
    check!(
        bounced == made,
        "{made} mappings bounced, {bounced} were counted"
    );
    Verdict::Passed
}

/// Rounds of every core.
const ROUNDS: usize = 24;

fn carry(core: CpuId) -> Result<(), Reason> {
    let core = core.index();
    let shared = SHARED
        .get()
        .ok_or_else(|| reason(format_args!("nothing is shared")))?;
    for round in 0..ROUNDS {
        hold(shared, core, round)?;
        // Not every core has a channel.
        if core < shared.channels.channels.len() {
            carry_by_channel(shared, core, round)?;
        }
    }
    Ok(())
}

/// Bytes that no other core and no other round has in this order.
fn byte(core: usize, round: usize, i: usize) -> u8 {
    (i * 13 + i / 251 + core * 64 + round * 3 + 1) as u8
}

fn pages(shared: &Shared, core: usize, round: usize, blank: bool) -> Result<RamPages, Reason> {
    let (offset, len) = (
        round as u64 * 5,
        900 + core as u64 * 2048 + round as u64 * 333,
    );
    let pages = Pages::alloc(shared.zones, offset + len, Zone::High).map_err(told)?;
    let Ok(mut pages) = pages.with_window(offset, len) else {
        return Err(reason(format_args!("no window of {len} bytes")));
    };
    let mut bytes = pages.bytes_mut(&Board);
    let value = |i| {
        if blank {
            !byte(core, round, i)
        } else {
            byte(core, round, i)
        }
    };
    bytes
        .iter_mut()
        .enumerate()
        .for_each(|(i, to)| *to = value(i));
    drop(bytes);
    Ok(pages)
}

fn check_bytes(pages: &RamPages, core: usize, round: usize) -> Result<(), Reason> {
    let bytes = pages.bytes(&Board);
    let wrong = bytes
        .iter()
        .enumerate()
        .find(|(i, found)| **found != byte(core, round, *i));
    wrong.map_or(Ok(()), |(i, found)| {
        Err(reason(format_args!(
            "core {core}, round {round}: byte {i} is {found:#04x}"
        )))
    })
}

/// Through a slot and back, with no engine.
fn hold(shared: &Shared, core: usize, round: usize) -> Result<(), Reason> {
    let any = &shared.channels.channels[0].1;
    let pages = pages(shared, core, round, false)?;
    let mapping = any
        .layer()
        .map(any.device(), pages, Bidirectional)
        .map_err(told)?;
    MAPPED.fetch_add(1, Ordering::Relaxed);
    check_bytes(&mapping.unmap(), core, round)
}

fn carry_by_channel(shared: &Shared, core: usize, round: usize) -> Result<(), Reason> {
    let channel = &shared.channels.channels[core].1;
    let source = pages(shared, core, round, false)?;
    let dest = pages(shared, core, round, true)?;
    let (_, dest) = copy(channel, (source, ToDevice), (dest, FromDevice))?;
    MAPPED.fetch_add(2, Ordering::Relaxed);
    check_bytes(&dest, core, round)
}
