//! Devices that the tree binds to a restricted pool: the channels, and another one beside them.

extern crate alloc;

use super::bed::{intact, pattern};
use super::copy::{TIMEOUT_US, copy, map_ends};
use super::second_handle::{run_polled, second_handle};
use super::{Bed, Test, Verdict, attempt, check, fail};
use crate::channels::RamPages;
use crate::firmware;
use crate::layer::inspector;
use alloc::boxed::Box;
use alloc::vec::Vec;
use arch::{Board, Timer};
use dma::{BounceReason, DmaDevice, FromDevice, MapError, PoolView, RestrictedPool, ToDevice};
use drivers::mailbox::DmaChannels;
use hal::{KIB, Pages, Zone};

pub(super) const TESTS: &[Test] = &[
    // rules: RP-2
    (
        "a restricted pool has every transfer of the channels",
        every_transfer,
    ),
    // rules: RP-2
    ("two devices at once on one restricted pool", two_devices),
    // rules: RP-2
    (
        "a full restricted pool refuses and borrows nothing",
        full_pool,
    ),
    // rules: RP-2
    ("the mailbox and its restricted pool", mailbox),
];

const UNBOUND: Verdict = Verdict::Skipped("the tree binds it to no restricted pool");
const SHAPES: &[(u64, u64)] = &[(0, 64), (3, 16), (0, 4096), (17, 5000), (0, 200_000)];

/// The pool that the channels are bound to.
fn own(bed: &Bed) -> Option<RestrictedPool> {
    inspector().restricted_pool(bed.master())
}

fn view(bed: &Bed, pool: Option<RestrictedPool>) -> Option<PoolView<'static, Board>> {
    let mut pools = inspector().pools(bed.dma());
    pools.find(|view| view.restricted() == pool)
}

/// Slots in use of the pool of all other devices.
fn shared_used(bed: &Bed) -> u32 {
    view(bed, None).map_or(0, |shared| shared.usage().used)
}

fn every_transfer(bed: &Bed) -> Verdict {
    let Some(own) = own(bed).and_then(|own| view(bed, Some(own))) else {
        return UNBOUND;
    };
    let (before, used) = (inspector().totals(bed.master()), own.usage().used);
    let shared = shared_used(bed);
    for (zone, &(offset, len)) in [Zone::Dma, Zone::High]
        .into_iter()
        .flat_map(|zone| SHAPES.iter().map(move |shape| (zone, shape)))
    {
        let pages = (
            bed.pages(zone, offset, len, pattern),
            bed.pages(zone, 64 - offset % 64, len, |i| !pattern(i)),
        );
        let (Some(source), Some(dest)) = pages else {
            fail!("no pages for {len} bytes");
        };
        let (source, dest) = attempt!(
            copy(bed.first(), (source, ToDevice), (dest, FromDevice)),
            "copy"
        );
        check!(intact(dest, pattern), "{len} bytes at {offset} are wrong");
        check!(intact(source, pattern), "the source changed");
    }
    let after = inspector().totals(bed.master());
    let bounced = |totals: &dma::Totals| totals.bounced[BounceReason::Restricted as usize];
    let (direct, through) = (
        after.direct - before.direct,
        bounced(&after) - bounced(&before),
    );
    let wanted = 4 * SHAPES.len() as u64;
    check!(
        direct == 0 && through >= wanted,
        "{direct} direct, {through} through the pool"
    );
    let now = own.usage().used;
    check!(now == used, "{now} slots in use, {used} before");
    let now = shared_used(bed);
    check!(
        now == shared,
        "{now} slots of the shared pool, {shared} before"
    );
    Verdict::Passed
}

/// A master like the channels', bound to the same pool.
fn twin(bed: &Bed, own: RestrictedPool) -> Option<&'static DmaDevice> {
    let reach = inspector().reach(bed.master());
    let builder = DmaDevice::builder("twin").windows(reach.windows());
    let builder = builder.granule(bed.master().limits().granule);
    let twin = builder.restricted(own).build(&bed.memory.ram()).ok()?;
    Some(Box::leak(Box::new(twin)))
}

/// All four ends lie in the pool at the same time, of two devices.
fn two_devices(bed: &Bed) -> Verdict {
    let Some(own) = own(bed) else {
        return UNBOUND;
    };
    let (first, Some(second)) = (bed.first(), bed.channel(1)) else {
        return Verdict::Skipped("only one channel");
    };
    let handle = twin(bed, own).and_then(|twin| second_handle(bed, second.id(), twin));
    let Some(other) = handle else {
        fail!("no second device");
    };
    let flipped = |i| pattern(i) ^ 0xFF;
    let pages = (
        bed.pages(Zone::High, 5, 30_000, pattern),
        bed.pages(Zone::High, 0, 30_000, |_| 0),
        bed.pages(Zone::Dma, 7, 20_001, flipped),
        bed.pages(Zone::Dma, 0, 20_001, |_| 0),
    );
    let (Some(a), Some(to_a), Some(b), Some(to_b)) = pages else {
        fail!("no pages");
    };
    let used = view(bed, Some(own)).map_or(0, |own| own.usage().used);
    let ends = attempt!(map_ends(first, (a, ToDevice), (to_a, FromDevice)), "map");
    let others = attempt!(map_ends(&other, (b, ToDevice), (to_b, FromDevice)), "map");
    let now = view(bed, Some(own)).map_or(0, |own| own.usage().used);
    check!(
        now == used + 2 * (15 + 10),
        "{now} slots in use, {used} before"
    );
    let transfer = attempt!(first.start(ends), "start");
    let (_, to_b) = attempt!(run_polled(&other, others), "the second device");
    let (_, to_a) = attempt!(transfer.wait(&Timer, TIMEOUT_US), "the first device");
    check!(intact(to_a.unmap(), pattern), "the first's bytes are wrong");
    check!(intact(to_b, flipped), "the second's bytes are wrong");
    Verdict::Passed
}

fn full_pool(bed: &Bed) -> Verdict {
    let Some(own) = own(bed).and_then(|own| view(bed, Some(own))) else {
        return UNBOUND;
    };
    let (shared, before) = (shared_used(bed), own.usage());
    let mut held = Vec::new();
    let error = loop {
        let pages = Pages::alloc(bed.memory.zones, 64 * KIB, Zone::Normal);
        let pages: RamPages = attempt!(pages, "pages");
        match bed.dma().map(bed.master(), pages, ToDevice) {
            Ok(mapping) => held.push(mapping),
            Err(refused) => break refused.error,
        }
    };
    let (usage, now) = (own.usage(), shared_used(bed));
    drop(held);
    check!(
        matches!(error, MapError::PoolFull { .. }),
        "the refusal says {error}"
    );
    check!(usage.total == before.total, "it grew to {}", usage.total);
    check!(
        now == shared,
        "{now} slots of the shared pool, {shared} before"
    );
    let after = own.usage().used;
    check!(
        after == before.used,
        "{after} slots in use, {} before",
        before.used
    );
    Verdict::Passed
}

fn mailbox(bed: &Bed) -> Verdict {
    let Some(mailbox) = bed.layer.master("mailbox") else {
        return Verdict::Skipped("no mailbox");
    };
    if inspector().restricted_pool(mailbox).is_none() {
        return UNBOUND;
    }
    let Some(first) = firmware::value(&DmaChannels) else {
        return Verdict::Skipped("the firmware does not say");
    };
    let again = firmware::value(&DmaChannels);
    check!(again == Some(first), "{again:?}, {first:?} before");
    // The message stays mapped from question to question.
    let totals = inspector().totals(mailbox);
    let (direct, bounced) = (totals.direct, totals.bounced_all());
    check!(
        direct == 0 && bounced > 0,
        "{direct} direct, {bounced} through the pool"
    );
    Verdict::Passed
}
