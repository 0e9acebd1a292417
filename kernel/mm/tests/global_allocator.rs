//! The heap as the global allocator of a real program, buddies' bookkeeping included.
//!
//! A mistake in the knot between heap and buddies shows as a lock taken twice, so this program has a
//! watchdog thread. It has no harness: the allocator serves one core, and harnesses have threads.

#![expect(unsafe_code, reason = "plays the boot code, which owns memory")]

use hal::{
    Cpu, CpuId, HeldLocks, Irq, MIB, PAGE, PageSource, PhysAddr, PhysRange, RamRegion, Zone,
};
use mm::{Floor, Heap, LinearMap, Reserve, Zones};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::sync::OnceLock;

struct Host;

impl Cpu for Host {
    fn cpu_id() -> CpuId {
        CpuId::BOOT
    }
}

impl Irq for Host {
    type State = ();
    fn mask() {}
    fn restore((): ()) {}
    fn with_held<R>(f: impl FnOnce(&HeldLocks) -> R) -> Option<R> {
        HELD.try_with(f).ok()
    }
}

static HEAP: Heap<Host> = Heap::new();
static ZONES: OnceLock<Zones<Host>> = OnceLock::new();

thread_local! {
    /// Does this thread stand for the core? Others are the host's business.
    static ON_CORE: Cell<bool> = const { Cell::new(false) };
    static HELD: HeldLocks = const { HeldLocks::new() };
}

/// Sends the core's requests to the heap under test.
struct Switch;

// SAFETY: each block goes back to where its address says it came from: the heap's memory are
// blocks of `System` that are never given back to it.
unsafe impl GlobalAlloc for Switch {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if ON_CORE.get() {
            // SAFETY: the caller's promise.
            unsafe { HEAP.alloc(layout) }
        } else {
            // SAFETY: as above.
            unsafe { System.alloc(layout) }
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if ON_CORE.get() {
            // SAFETY: in this program the core frees only what it allocated as the core.
            unsafe { HEAP.dealloc(block, layout) }
        } else {
            // SAFETY: as above, the other way round.
            unsafe { System.dealloc(block, layout) }
        }
    }
}

#[global_allocator]
static SWITCH: Switch = Switch;

const RAM: u64 = 64 * MIB;

fn region(start: u64, len: u64) -> RamRegion {
    let range = PhysRange::new(PhysAddr::new(start), len).expect("valid");
    // SAFETY: each call of this program names other parts of the block in `boot`.
    unsafe { RamRegion::assume_owned(range) }
}

/// As the image boots: early region, reserve, zones, heap.
fn boot() -> &'static Zones<Host> {
    let early = Box::leak(Box::new([MaybeUninit::uninit(); 0x1_0000]));
    let block = Layout::from_size_align(RAM as usize, 0x20_0000).expect("valid");
    // SAFETY: the layout has a size.
    let base = unsafe { System.alloc(block) }.expose_provenance() as u64;
    // SAFETY: RAM at number n is byte n of the block, which is leaked.
    let linear = unsafe { LinearMap::new(base) };
    HEAP.init_early(early);
    let zones = ZONES.get_or_init(|| Zones::new(PhysAddr::new(RAM / 2), HEAP.reserve()));
    let reserve = Reserve::<Host>::bytes_for(RAM);
    HEAP.reserve().init(region(PAGE, reserve), linear);
    ON_CORE.set(true);
    zones.add(region(PAGE + reserve, RAM - PAGE - reserve));
    HEAP.start(zones, linear, Floor::Word).expect("first time");
    zones
}

/// Every second page free: the most bookkeeping there can be. Gives its bytes, and the pages.
fn fragment(zones: &Zones<Host>) -> (u64, u64) {
    let before = zones.counters(Zone::Dma).free;
    let mut held = Vec::with_capacity((before / PAGE) as usize);
    while let Ok(page) = zones.alloc(PAGE, PAGE, Zone::Dma) {
        held.push(page);
    }
    let (mut even, odd): (Vec<_>, Vec<_>) = held
        .into_iter()
        .partition(|page| page.range().start().is_aligned(2 * PAGE));
    let normal = zones.counters(Zone::Normal);
    even.drain(..).for_each(|page| zones.free(page));
    assert_eq!(
        zones.counters(Zone::Normal),
        normal,
        "bookkeeping took pages"
    );
    let used = HEAP.reserve().used() as u64;
    assert!(used > 0, "bookkeeping went elsewhere");
    assert!(used <= Reserve::<Host>::bytes_for(RAM), "{used} bytes");
    odd.into_iter().for_each(|page| zones.free(page));
    assert_eq!(zones.counters(Zone::Dma).free, before);
    (used, before / PAGE / 2)
}

/// An ordinary program, whose memory comes from the zones whose bookkeeping comes from the reserve.
fn churn() {
    let mut map = BTreeMap::new();
    for i in 0..20_000u64 {
        map.insert(
            i.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            vec![i as u8; (i % 3000) as usize],
        );
        if i % 3 == 0 {
            map.pop_first();
        }
    }
    assert!(map.values().all(|v| v.iter().all(|byte| *byte == v[0])));
}

/// Whether the words that `cargo test` hands on, if there are any, ask for another test.
fn is_filtered_out() -> bool {
    let mut words = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'));
    words.any(|word| !"global_allocator".contains(&word))
}

fn main() {
    if is_filtered_out() {
        println!("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out");
        return;
    }
    std::thread::spawn(|| {
        std::thread::sleep(std::time::Duration::from_secs(60));
        eprintln!("the allocator waits for itself");
        std::process::abort();
    });
    let zones = boot();
    let (used, pages) = fragment(zones);
    churn();
    // The host's own buffers are to come from, and go back to, the host.
    ON_CORE.set(false);
    println!("{used} bytes of bookkeeping for {pages} isolated pages");
    // There is no harness, since this program is the test: the summary is the one that tools read.
    println!("test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
}
