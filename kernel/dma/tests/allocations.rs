//! INV-9: nothing between `map` and `unmap` allocates or frees. The allocator of this binary counts.
#![expect(
    unsafe_code,
    reason = "counts allocations, stands between layer and machine, plays the device"
)]

mod common;

use common::{Idle, POOL, pages, snooping_if};
use dma::address;
use dma::checker::{Checker, Forbidden, Level, Options};
use dma::swiotlb::Pool;
use dma::{
    Attrs, Bidirectional, Bouncing, Dir, Direction, Dma, DmaDevice, FromDevice, Halt, SgTable,
    ToDevice,
};
use hal::{
    Access, CacheLines, Cpu, CpuId, DmaBuffer, HeldLocks, Irq, Pages, PhysAddr, PhysRange,
    Platform, Zone,
};
use sim::{Builder, Machine};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::NonNull;

thread_local! {
    /// Calls of the allocator while the layer ran, or `None` while it does not.
    static CALLS: Cell<Option<u32>> = const { Cell::new(None) };
}

struct Counting;

fn count() {
    // A thread that ends has given the counter up, and is not in the layer.
    let _ = CALLS.try_with(|calls| calls.set(calls.get().map(|n| n + 1)));
}

// SAFETY: passes every call on to the system's allocator, whose promise it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs `call` and says how often it allocated or freed, the machine's own doings aside.
fn calls<T>(call: impl FnOnce() -> T) -> (T, u32) {
    CALLS.set(Some(0));
    let result = call();
    (result, CALLS.replace(None).expect("counted until here"))
}

/// The result of a call that must leave the allocator alone.
#[track_caller]
fn quiet<T>(call: impl FnOnce() -> T) -> T {
    let (result, calls) = calls(call);
    assert_eq!(calls, 0, "the layer called the allocator");
    result
}

/// The simulated machine, whose journal may grow: what it allocates is not the layer's.
#[derive(Clone)]
struct Aside(Machine);

fn aside<T>(call: impl FnOnce() -> T) -> T {
    let before = CALLS.replace(None);
    let result = call();
    CALLS.set(before);
    result
}

impl Cpu for Aside {
    fn cpu_id() -> CpuId {
        Machine::cpu_id()
    }
}

impl Irq for Aside {
    type State = u32;
    fn mask() -> u32 {
        Machine::mask()
    }
    fn restore(state: u32) {
        Machine::restore(state);
    }
    fn with_held<R>(f: impl FnOnce(&HeldLocks) -> R) -> Option<R> {
        Machine::with_held(f)
    }
}

// SAFETY: passes every call on to the machine, whose promise it is.
unsafe impl Platform for Aside {
    fn cache_lines(&self) -> CacheLines {
        self.0.cache_lines()
    }
    fn clean(&self, range: PhysRange) {
        aside(|| self.0.clean(range));
    }
    fn clean_invalidate(&self, range: PhysRange) {
        aside(|| self.0.clean_invalidate(range));
    }
    unsafe fn invalidate(&self, range: PhysRange) {
        // SAFETY: the caller's promise.
        aside(|| unsafe { self.0.invalidate(range) });
    }
    fn complete(&self) {
        aside(|| self.0.complete());
    }
    fn publish(&self) {
        aside(|| self.0.publish());
    }
    fn acquire(&self) {
        aside(|| self.0.acquire());
    }
    unsafe fn copy(&self, from: PhysAddr, to: PhysAddr, len: u64) {
        // SAFETY: the caller's promise.
        aside(|| unsafe { self.0.copy(from, to, len) });
    }
    unsafe fn zero(&self, range: PhysRange) {
        // SAFETY: the caller's promise.
        aside(|| unsafe { self.0.zero(range) });
    }
    unsafe fn copy_to_uncached(&self, from: PhysAddr, to: PhysAddr, len: u64) {
        // SAFETY: the caller's promise.
        aside(|| unsafe { self.0.copy_to_uncached(from, to, len) });
    }
    unsafe fn copy_from_uncached(&self, from: PhysAddr, to: PhysAddr, len: u64) {
        // SAFETY: the caller's promise.
        aside(|| unsafe { self.0.copy_from_uncached(from, to, len) });
    }
    unsafe fn zero_uncached(&self, range: PhysRange) {
        // SAFETY: the caller's promise.
        aside(|| unsafe { self.0.zero_uncached(range) });
    }
    unsafe fn fill_uncached(&self, range: PhysRange, byte: u8) {
        // SAFETY: the caller's promise.
        aside(|| unsafe { self.0.fill_uncached(range, byte) });
    }
    unsafe fn find_other_uncached(&self, range: PhysRange, byte: u8) -> Option<(PhysAddr, u8)> {
        // SAFETY: the caller's promise.
        aside(|| unsafe { self.0.find_other_uncached(range, byte) })
    }
    fn view(&self, range: PhysRange, access: Access) -> NonNull<u8> {
        aside(|| self.0.view(range, access))
    }
    fn end_view(&self, range: PhysRange, access: Access) {
        aside(|| self.0.end_view(range, access));
    }
}

struct Bed {
    machine: Machine,
    dma: Dma<Aside>,
    device: DmaDevice,
}

fn bed(bouncing: Bouncing, coherent: bool, checked: bool) -> Bed {
    let machine = Builder::default().bank(0x5000_0000, 0x20_0000).build();
    let pool = Pool::new(machine.take(POOL.0, POOL.1)).expect("a chunk");
    let layer = Dma::new(Aside(machine.clone()), bouncing, Some(pool));
    let builder = snooping_if(coherent, &machine);
    let builder = builder.segments(8, 1).min_align_mask(0xFFF);
    let (mut dma, _) = layer.expect("64-byte lines");
    if checked {
        let mut options = Options::default();
        options.level = Level::On;
        options.entries = 16;
        let checker = Checker::new(&options, Forbidden::new(), || {});
        dma.check_with(checker.expect("memory").expect("not off"));
    }
    Bed {
        dma,
        device: builder.build(&machine.ram()).expect("valid"),
        machine,
    }
}

impl Bed {
    /// A direct buffer, one out of reach, and one whose lines are shared.
    fn buffers(&self) -> [Pages<Machine>; 3] {
        let shapes = [
            (Zone::Dma, 0, 4096),
            (Zone::High, 5, 3000),
            (Zone::High, 0, 64),
        ];
        shapes.map(|(zone, offset, len)| pages(&self.machine, zone, offset, len, 1))
    }
}

/// Every layout of the system: what must bounce, and everything; a device that snoops, and one that does
/// not; with the checker, and without.
fn beds() -> [Bed; 5] {
    [
        bed(Bouncing::AsNeeded, false, false),
        bed(Bouncing::Forced, false, false),
        bed(Bouncing::AsNeeded, true, false),
        bed(Bouncing::Forced, true, false),
        bed(Bouncing::AsNeeded, false, true),
    ]
}

#[test]
fn the_counter_sees_what_allocates() {
    let bed = bed(Bouncing::AsNeeded, false, false);
    let [buffer, ..] = bed.buffers();
    // The one call of the layer that says so: a handle needs a place.
    let (shared, calls) = calls(|| bed.dma.share(buffer));
    assert!(calls > 0, "nothing is counted");
    drop(shared);
    assert_eq!(quiet(|| aside(|| vec![1].len())), 1);
}

fn whole_life<D: Direction + Copy>(direction: D) {
    for bed in beds() {
        let Bed { dma, device, .. } = &bed;
        let engine = Idle::default();
        for buffer in bed.buffers() {
            let mapping = quiet(|| dma.map_attrs(device, buffer, direction, Attrs::DEFER_SYNC));
            let mut mapping = mapping.expect("maps");
            quiet(|| {
                let _ = mapping.for_cpu()[0];
                let _ = mapping.for_cpu_range(10, 20).expect("inside").len();
                mapping.sync_for_device();
            });
            // SAFETY: the address goes nowhere.
            let (_, flight) = quiet(|| unsafe { mapping.launch(&engine) });
            let mapping = quiet(|| flight.end()).expect("an idle engine");
            let owned = quiet(|| mapping.unmap_skip_sync());
            let buffer = quiet(|| owned.reclaim());
            let mapping = quiet(|| dma.map(device, buffer, direction)).expect("maps");
            let buffer = quiet(|| mapping.unmap());
            let mapping = quiet(|| dma.map(device, buffer, direction)).expect("maps");
            let len = mapping.len();
            // SAFETY: the address goes nowhere.
            let (_, mut ring) = quiet(|| unsafe { mapping.expose() });
            // SAFETY: there is no device.
            quiet(|| unsafe { ring.sync_for_cpu(0, len) }).expect("inside");
            // SAFETY: there is no device.
            quiet(|| unsafe { ring.sync_for_device(0, len) }).expect("inside");
            // SAFETY: there is no device.
            drop(quiet(|| unsafe { ring.unmap() }));
        }
    }
}

#[test]
fn inv_9_dm_5_no_call_from_map_to_unmap_allocates_or_frees() {
    whole_life(ToDevice);
    whole_life(FromDevice);
    whole_life(Bidirectional);
}

#[test]
fn inv_9_a_list_allocates_when_it_is_made_and_never_again() {
    for bed in beds() {
        let engine = Idle::default();
        let mut table = SgTable::with_capacity(3, 8).expect("memory");
        for buffer in bed.buffers() {
            quiet(|| table.push(buffer)).expect("room");
        }
        let list = quiet(|| bed.dma.map_sg(&bed.device, table, Bidirectional));
        let mut list = list.expect("maps");
        quiet(|| list.for_cpu(1).expect("an element").fill(2));
        let all = list.len();
        quiet(|| {
            let part = list.for_cpu_range(1, all - 2);
            part.expect("inside").for_each_mut(|bytes| bytes.fill(3));
        });
        // SAFETY: the addresses go nowhere.
        let flight = quiet(|| unsafe { list.launch(&engine) });
        let list = quiet(|| flight.end()).expect("an idle engine");
        drop(quiet(|| list.unmap()));
    }
}

#[test]
fn inv_9_refusals_allocate_as_little() {
    let bed = bed(Bouncing::AsNeeded, false, false);
    let taken = pages(&bed.machine, Zone::High, 0, POOL.1, 0);
    let taken = bed.dma.map(&bed.device, taken, ToDevice).expect("fits");
    let [_, full, _] = bed.buffers();
    let refused = quiet(|| bed.dma.map(&bed.device, full, ToDevice)).err();
    let mut table = SgTable::with_capacity(1, 1).expect("memory");
    let full = refused.expect("full").buffer;
    table.push(full).expect("room");
    let refused = quiet(|| bed.dma.map_sg(&bed.device, table, FromDevice)).err();
    assert!(refused.is_some());
    drop(taken);
}

#[test]
fn inv_9_what_is_dropped_in_flight_is_quarantined_without_an_allocation() {
    for bed in beds() {
        let engine = Idle::default();
        engine.0.set(Halt::Unconfirmed);
        for buffer in bed.buffers() {
            let mapping = bed.dma.map(&bed.device, buffer, FromDevice);
            let mapping = mapping.expect("maps");
            // SAFETY: the address goes nowhere.
            let (_, flight) = unsafe { mapping.launch(&engine) };
            quiet(|| drop(flight));
        }
        assert_eq!(bed.dma.quarantined(&bed.device), (3, 0));
    }
}

#[test]
fn inv_9_dm_5_by_address_the_first_call_of_all_allocates_and_no_other() {
    for bed in beds() {
        // Room for the notes about slots.
        let calls = bed.dma.by_address(&bed.device).expect("memory");
        for buffer in bed.buffers() {
            let (block, len) = (buffer.range(), buffer.range().len());
            for dir in [Dir::ToDevice, Dir::FromDevice, Dir::Bidirectional] {
                // SAFETY: the buffer lives on, and there is no device.
                let addr = quiet(|| unsafe { calls.map_single(block, dir, address::Attrs::NONE) });
                let addr = addr.expect("maps");
                // SAFETY: as above.
                quiet(|| unsafe { calls.sync_single_for_cpu(addr, len, dir) }).expect("mapped");
                // SAFETY: as above.
                quiet(|| unsafe { calls.sync_single_for_device(addr, len, dir) }).expect("mapped");
                // SAFETY: as above.
                quiet(|| unsafe { calls.unmap_single(addr, len, dir, address::Attrs::NONE) });
            }
        }
    }
}
