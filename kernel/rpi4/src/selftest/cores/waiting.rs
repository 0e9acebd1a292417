//! All cores want more slots than there are: their maps wait for each other's unmaps, and none is lost.

use super::super::bed::NO_POOL;
use super::super::block_on::block_on;
use super::super::copy::{moved, told};
use super::super::scarce::Scarce;
use super::super::{Bed, Reason, Test, Verdict, attempt, check, reason};
use super::others;
use super::rounds::{Shared, check_bytes, fill, play, share};
use super::together::together;
use crate::channels::RamPages;
use crate::layer::inspector;
use arch::{Board, Timer};
use core::sync::atomic::{AtomicU32, Ordering};
use dma::{Direction, Dma, DmaDevice, FromDevice, Mapping, ToDevice};
use drivers::dma_channel::Copy;
use hal::{Clock, Pages, Zone};

pub(super) const TESTS: &[Test] = &[
    // rules: WT-1, WT-2, WT-4
    ("maps wait for slots while other cores unmap", waiting_maps),
];

/// How often a map had to wait.
static WAITS: AtomicU32 = AtomicU32::new(0);

/// Slots that are left for all cores: fewer than they want at a time, and more than they hold while they
/// wait.
const SLOTS: u32 = 12;
/// For which a core keeps what it has while nobody waits for it.
const TURN_US: u64 = 500;

fn waiting_maps(bed: &Bed) -> Verdict {
    if bed.out_of_reach(&[Zone::High]) {
        return NO_POOL;
    }
    if others().next().is_none() {
        return Verdict::Skipped("this core is alone: nobody else would unmap");
    }
    share(bed);
    WAITS.store(0, Ordering::Release);
    let before = bed.in_use();
    let scarce = attempt!(Scarce::leave(bed, SLOTS), "reserving the rest of the pool");
    let taken = bed.in_use();
    let played = together(|core| play(core, hold, carry_by_channel));
    let (left, waiters) = (bed.in_use(), inspector().waiters(bed.dma()));
    drop(scarce);
    attempt!(played, "a core");
    check!(
        left == taken,
        "{taken} slots were in use before, {left} after"
    );
    check!(waiters == 0, "{waiters} wait still");
    let waits = WAITS.load(Ordering::Acquire);
    check!(waits > 0, "nobody had to wait for {SLOTS} slots");
    check!(
        bed.in_use() == before,
        "{before} slots in use before, {} after",
        bed.in_use()
    );
    super::super::growth::regained(bed)
}

/// Pages of `len` bytes, blank or not.
fn pages(
    shared: &Shared,
    (core, round): (usize, usize),
    len: u64,
    blank: bool,
) -> Result<RamPages, Reason> {
    let mut pages = Pages::alloc(shared.zones, len, Zone::High).map_err(told)?;
    fill(&mut pages, (core, round), blank);
    Ok(pages)
}

/// Maps, after others unmapped if it must.
fn map<D: Direction>(
    (dma, device): (&'static Dma<Board>, &'static DmaDevice),
    pages: RamPages,
    direction: D,
) -> Result<Mapping<'static, Board, RamPages, D>, Reason> {
    let lost = || {
        reason(format_args!(
            "nobody woke a map: {} wait",
            inspector().waiters(dma)
        ))
    };
    let (mapped, waits) = block_on(dma.map_async(device, pages, direction)).ok_or_else(lost)?;
    WAITS.fetch_add(waits, Ordering::AcqRel);
    mapped.map_err(told)
}

/// Through up to eight slots and back, with no engine. Nothing else is held meanwhile.
fn hold(shared: &Shared, core: usize, round: usize) -> Result<(), Reason> {
    let any = &shared.channels.channels[0].1;
    let len = 900 + (core as u64 * 5 + round as u64) % 8 * 2048;
    let pages = pages(shared, (core, round), len, false)?;
    let mapping = map((any.layer(), any.device()), pages, ToDevice)?;
    // Until another core wants more than there is, or has had the time to: cores may run by turns.
    let deadline = Timer.deadline(TURN_US);
    while inspector().waiters(any.layer()) == 0 && Timer.ticks() < deadline {
        arch::cpu::relax();
    }
    check_bytes(&mapping.unmap(), core, round)
}

/// From one slot to another: waits for the second while it holds the first.
fn carry_by_channel(shared: &Shared, core: usize, round: usize) -> Result<(), Reason> {
    let channel = &shared.channels.channels[core].1;
    let (ends, len) = ((channel.layer(), channel.device()), 1000 + round as u64 * 4);
    let source = pages(shared, (core, round), len, false)?;
    let dest = pages(shared, (core, round), len, true)?;
    let source = map(ends, source, ToDevice)?;
    let dest = map(ends, dest, FromDevice)?;
    let (_, dest) = moved(channel, Copy { source, dest })?;
    check_bytes(&dest.unmap(), core, round)
}
