//! WT: maps that wait for slots, as plain futures polled by hand.

mod common;

use common::{
    CELLS, Layer, POOL, assert_clean, layer, layer_with_cells, legacy, pages, pattern, transfer,
};
use dma::swiotlb::Grants;
use dma::{
    Attrs, Bouncing, Direction, DmaDevice, FromDevice, MapError, MapFuture, Mapping, Refused,
    Reservation, ToDevice,
};
use hal::{PAGE, Pages, Zone};
use sim::Machine;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

const SLOT: u64 = 2048;
const SLOTS: usize = 1024;

/// What the layer asked the kernel around for.
#[derive(Default)]
struct Queue(AtomicUsize, AtomicU64);

impl Grants for Queue {
    fn grant_soon(&self) {
        self.0.fetch_add(1, SeqCst);
    }
    fn grant_in(&self, _: u64) {}
    fn micros(&self) -> u64 {
        self.1.load(SeqCst)
    }
}

/// A layer on which may be waited, with little more in its pool than `slots` slots.
struct Bed {
    machine: Machine,
    dma: Layer,
    queue: &'static Queue,
    holder: DmaDevice,
}

impl Bed {
    fn new() -> Self {
        Self::with(|machine| layer(machine, Bouncing::AsNeeded, POOL))
    }

    fn with(layer: impl FnOnce(&Machine) -> Layer) -> Self {
        let machine = Machine::default();
        let queue: &'static Queue = Box::leak(Box::default());
        let dma = layer(&machine).waiting(queue);
        let holder = legacy(&machine);
        Self {
            machine,
            dma,
            queue,
            holder,
        }
    }

    /// All slots but `left`, as long as it lives.
    fn leave(&self, left: usize) -> Reservation<'_, Machine> {
        let all = self.dma.reserve(&self.holder, SLOTS - left, SLOT, 1);
        all.expect("free slots")
    }

    fn pages(&self, len: u64) -> Pages<Machine> {
        pages(&self.machine, Zone::High, 0, len, 0xA5)
    }

    fn map<'d, D: Direction>(&'d self, device: &'d DmaDevice, len: u64, dir: D) -> Waiting<'d, D> {
        let future = self.dma.map_async(device, self.pages(len), dir);
        Waiting {
            future: Box::pin(future),
            woken: Arc::default(),
        }
    }

    /// What the kernel around does when it was asked.
    fn serve(&self) {
        while self.queue.0.swap(0, SeqCst) > 0 {
            self.dma.grant();
        }
    }
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A future and whether it was woken.
struct Waiting<'d, D: Direction> {
    future: Pin<Box<MapFuture<'d, Machine, Pages<Machine>, D>>>,
    woken: Arc<Woken>,
}

type Outcome<'d, D> = Result<Mapping<'d, Machine, Pages<Machine>, D>, Refused<Pages<Machine>>>;

impl<'d, D: Direction> Waiting<'d, D> {
    fn poll(&mut self) -> Option<Outcome<'d, D>> {
        let waker = Waker::from(self.woken.clone());
        match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }

    fn woken(&self) -> usize {
        self.woken.0.swap(0, SeqCst)
    }
}

#[test]
fn wt_5_what_needs_no_wait_is_done_at_once() {
    let bed = Bed::new();
    let device = legacy(&bed.machine);
    let bounced = bed.map(&device, PAGE, ToDevice).poll().expect("no wait");
    let low = pages(&bed.machine, Zone::Dma, 0, PAGE, 1);
    let _rest = bed.leave(2);
    let mut waits = bed.map(&device, PAGE, ToDevice);
    assert!(waits.poll().is_none());
    let direct = bed.dma.map_async(&device, low, ToDevice);
    let mut direct = Waiting {
        future: Box::pin(direct),
        woken: Arc::default(),
    };
    assert!(
        direct.poll().is_some(),
        "it needs no slot, and waits for nobody"
    );
    drop((bounced, waits));
}

#[test]
fn wt_5_what_never_works_is_refused_and_the_buffer_comes_back() {
    let bed = Bed::new();
    let limited = DmaDevice::builder("limited").windows(bed.machine.bus().windows());
    let limited = limited.quota(1).build(&bed.machine.ram()).expect("valid");
    let Some(Err(refused)) = bed.map(&limited, PAGE, ToDevice).poll() else {
        panic!("two slots of one");
    };
    assert!(matches!(
        refused.error,
        MapError::OverQuota { quota: 1, .. }
    ));
    assert_eq!(refused.buffer.bytes(&bed.machine).len(), PAGE as usize);
    let coherent = Attrs::REQUIRE_COHERENT;
    let future = bed
        .dma
        .map_attrs_async(&limited, bed.pages(64), ToDevice, coherent);
    let mut future = Waiting {
        future: Box::pin(future),
        woken: Arc::default(),
    };
    let Some(Err(refused)) = future.poll() else {
        panic!("it does not snoop");
    };
    assert!(matches!(refused.error, MapError::NeedsCoherent { .. }));
}

#[test]
fn wt_5_without_anybody_who_serves_a_full_pool_refuses() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let (device, holder) = (legacy(&machine), legacy(&machine));
    let _all = dma.reserve(&holder, SLOTS, SLOT, 1).expect("free slots");
    let pages = pages(&machine, Zone::High, 0, 64, 0);
    let future = dma.map_async(&device, pages, ToDevice);
    let mut future = Waiting {
        future: Box::pin(future),
        woken: Arc::default(),
    };
    let Some(Err(refused)) = future.poll() else {
        panic!("it would wait for ever");
    };
    assert!(matches!(refused.error, MapError::PoolFull { free: 0, .. }));
}

#[test]
fn wt_1_a_map_waits_for_an_unmap_and_carries_its_bytes() {
    let bed = Bed::new();
    let (device, other) = (legacy(&bed.machine), legacy(&bed.machine));
    let rest = bed.leave(2);
    let held = bed.map(&other, PAGE, ToDevice).poll().expect("room");
    let mut waits = bed.map(&device, PAGE, FromDevice);
    let told = |waits: &Waiting<'_, _>| format!("{:?}", waits.future);
    assert_eq!(told(&waits), "MapFuture(FromDevice for legacy is new)");
    assert!(waits.poll().is_none());
    assert_eq!(told(&waits), "MapFuture(FromDevice for legacy waits)");
    drop(held);
    assert_eq!(waits.woken(), 0, "an unmap wakes nobody");
    bed.serve();
    assert_eq!(waits.woken(), 1);
    let mapping = waits.poll().expect("granted").expect("maps");
    let sent = pattern(PAGE as usize);
    let mapping = transfer(mapping, |bus, len| {
        bed.machine
            .device_write(bed.machine.bus(), bus, &sent[..len]);
    });
    assert_eq!(mapping.unmap().bytes(&bed.machine).to_vec(), sent);
    drop(rest);
    assert_clean(&bed.dma);
}

#[test]
fn st_2_the_time_that_maps_wait_is_counted() {
    let bed = Bed::new();
    let (device, other) = (legacy(&bed.machine), legacy(&bed.machine));
    let waited = || {
        let totals = bed.dma.totals(&device);
        (totals.waits, totals.wait_micros)
    };
    let rest = bed.leave(2);
    bed.queue.1.store(1_000, SeqCst);
    drop(bed.map(&device, PAGE, ToDevice).poll().expect("room"));
    for (micros, total) in [(70, 70), (5, 75)] {
        let held = bed.map(&other, PAGE, ToDevice).poll().expect("room");
        let mut waits = bed.map(&device, PAGE, FromDevice);
        assert!(waits.poll().is_none());
        let before = waited();
        bed.queue.1.fetch_add(micros, SeqCst);
        drop(held);
        bed.serve();
        assert_eq!(waited(), before, "it waits until it is polled");
        drop(waits.poll().expect("granted").expect("maps"));
        assert_eq!(waited(), (before.0 + 1, total));
    }
    drop(rest);
}

#[test]
fn wt_2_a_newcomer_goes_behind_and_what_is_its_own_does_not_wait() {
    let bed = Bed::new();
    let [first, second, own] = [(); 3].map(|()| legacy(&bed.machine));
    let reserved = bed.dma.reserve(&own, 1, 64, 1).expect("room");
    let rest = bed.leave(3);
    let held = bed.map(&first, SLOT, ToDevice).poll().expect("room");
    let mut waits = bed.map(&first, PAGE, ToDevice);
    assert!(waits.poll().is_none(), "one slot is free");
    let mut newcomer = bed.map(&second, SLOT, ToDevice);
    newcomer
        .poll()
        .expect("a small one passes")
        .expect("maps")
        .unmap();
    let mine = bed.map(&own, 64, ToDevice).poll();
    assert!(mine.is_some(), "a reserved cell is nobody else's");
    drop(held);
    let mut late = bed.map(&second, SLOT, ToDevice);
    let lent = late.poll();
    assert_eq!(waits.woken(), 1, "served first");
    assert!(lent.is_none(), "what came free is the first one's");
    drop((waits, late, mine, lent, reserved, rest));
    assert_clean(&bed.dma);
}

#[test]
fn wt_2_a_newcomer_that_fits_into_cells_does_not_wait() {
    let bed = Bed::with(|machine| layer_with_cells(machine, Bouncing::AsNeeded, CELLS));
    let device = legacy(&bed.machine);
    let rest = bed.leave(1);
    let mut waits = bed.map(&device, PAGE, ToDevice);
    assert!(waits.poll().is_none(), "one slot is free");
    let small = bed.map(&device, 64, ToDevice).poll().expect("at once");
    assert_eq!(bed.dma.totals(&device).by_cell, 1);
    drop((small, waits, rest));
    assert_clean(&bed.dma);
}

#[test]
fn wt_4_dropped_at_any_time_it_leaves_nothing_behind() {
    let bed = Bed::new();
    let device = legacy(&bed.machine);
    let rest = bed.leave(2);
    let live = bed.machine.live_bytes();
    drop(bed.map(&device, PAGE, ToDevice));
    let held = bed.map(&device, PAGE, ToDevice).poll().expect("room");
    let mut waits = bed.map(&device, PAGE, ToDevice);
    let mut next = bed.map(&device, PAGE, ToDevice);
    assert!(waits.poll().is_none() && next.poll().is_none());
    assert_eq!(bed.dma.waiters(), 2);
    drop(held);
    bed.serve();
    assert_eq!(
        (waits.woken(), next.woken()),
        (1, 0),
        "granted, and not taken yet"
    );
    drop(waits);
    bed.serve();
    assert_eq!(next.woken(), 1, "it goes to the next one");
    drop(next.poll().expect("granted"));
    let mut last = bed.map(&device, 3 * PAGE, ToDevice);
    assert!(last.poll().is_none(), "more than there is for now");
    drop((last, next));
    assert_eq!(bed.machine.live_bytes(), live);
    assert_eq!(bed.dma.waiters(), 0);
    drop(rest);
    assert_clean(&bed.dma);
}

#[test]
fn wt_3_a_device_over_its_quota_waits_for_its_own_unmaps() {
    let bed = Bed::new();
    let limited = DmaDevice::builder("limited").windows(bed.machine.bus().windows());
    let limited = limited.quota(2).build(&bed.machine.ram()).expect("valid");
    let held = bed.map(&limited, PAGE, ToDevice).poll().expect("2 of 2");
    let mut waits = bed.map(&limited, 64, ToDevice);
    assert!(waits.poll().is_none());
    drop(held);
    bed.serve();
    assert_eq!(waits.woken(), 1);
    drop(waits.poll().expect("granted"));
    assert_clean(&bed.dma);
}

#[test]
fn wt_5_the_last_waker_counts() {
    let bed = Bed::new();
    let device = legacy(&bed.machine);
    let rest = bed.leave(2);
    let held = bed.map(&device, PAGE, ToDevice).poll().expect("room");
    let mut waits = bed.map(&device, PAGE, ToDevice);
    assert!(waits.poll().is_none());
    let first = std::mem::take(&mut waits.woken);
    assert!(waits.poll().is_none());
    drop(held);
    bed.serve();
    assert_eq!((first.0.load(SeqCst), waits.woken()), (0, 1));
    drop((waits, rest));
    assert_clean(&bed.dma);
}
