//! All cores map, copy and unmap at the same time, and the layer's books are right afterwards.

use super::super::bed::NO_POOL;
use super::super::copy::{copy, told};
use super::super::{Bed, Reason, Test, Verdict, attempt, check, reason};
use super::rounds::{Shared, check_bytes, fill, play, share};
use super::together::together;
use crate::channels::RamPages;
use crate::layer::inspector;
use core::sync::atomic::{AtomicU64, Ordering};
use dma::{Bidirectional, FromDevice, ToDevice};
use hal::{Pages, Zone};

pub(super) const TESTS: &[Test] = &[("all cores share the layer at the same time", shared_layer)];

/// Mappings that the cores made.
static MAPPED: AtomicU64 = AtomicU64::new(0);

fn shared_layer(bed: &Bed) -> Verdict {
    if bed.out_of_reach(&[Zone::High]) {
        return NO_POOL;
    }
    share(bed);
    MAPPED.store(0, Ordering::Release);
    let (slots, counted) = (bed.in_use(), inspector().totals(bed.master()).bounced_all());
    attempt!(
        together(|core| play(core, hold, carry_by_channel)),
        "a core"
    );
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

fn pages(shared: &Shared, core: usize, round: usize, blank: bool) -> Result<RamPages, Reason> {
    let (offset, len) = (
        round as u64 * 5,
        900 + core as u64 * 2048 + round as u64 * 333,
    );
    let pages = Pages::alloc(shared.zones, offset + len, Zone::High).map_err(told)?;
    let Ok(mut pages) = pages.with_window(offset, len) else {
        return Err(reason(format_args!("no window of {len} bytes")));
    };
    fill(&mut pages, (core, round), blank);
    Ok(pages)
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
