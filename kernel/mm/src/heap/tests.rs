extern crate std;
use super::*;
use crate::testing::{Host, ram, range};
use core::alloc::{GlobalAlloc, Layout};
use hal::{DmaBuffer, LINE, MIB, PAGE, PageSource, PhysAddr, Zone};
use proptest::prelude::*;
use std::boxed::Box;
use std::collections::BTreeSet;
use std::vec::Vec;

fn heap() -> &'static Heap<Host> {
    Box::leak(Box::new(Heap::new()))
}

/// A started heap over 4 MiB, half of them in zone `Dma`.
fn started(floor: Floor) -> (&'static Heap<Host>, &'static Zones<Host>) {
    let heap = heap();
    let zones = Box::leak(Box::new(Zones::new(PhysAddr::new(2 * MIB), heap.reserve())));
    let (region, linear) = ram(range(0, 4 * MIB));
    zones.add(region);
    heap.start(zones, linear, floor).expect("first time");
    (heap, zones)
}

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).expect("valid")
}

fn take(heap: &Heap<Host>, layout: Layout) -> *mut u8 {
    // SAFETY: the layouts of these tests have a size.
    unsafe { heap.alloc(layout) }
}

fn give(heap: &Heap<Host>, block: *mut u8, layout: Layout) {
    // SAFETY: only for blocks that `take` gave for this layout.
    unsafe { heap.dealloc(block, layout) };
}

#[test]
fn early_objects_outlive_the_start_and_go_back_where_they_came_from() {
    let heap = heap();
    heap.init_early(Box::leak(Box::new([MaybeUninit::uninit(); 4096])));
    let early = take(heap, layout(100, 8));
    assert!(!early.is_null());
    let used = heap.early_used();
    let zones = Box::leak(Box::new(Zones::new(PhysAddr::new(MIB), heap.reserve())));
    let (region, linear) = ram(range(0, MIB));
    zones.add(region);
    heap.start(zones, linear, Floor::Word).expect("first time");
    let later = take(heap, layout(100, 8));
    assert_eq!(heap.early_used(), used);
    give(heap, later, layout(100, 8));
    give(heap, early, layout(100, 8));
    assert_eq!(heap.early_used(), 0);
}

#[test]
fn a_heap_without_memory_says_so() {
    assert!(take(heap(), layout(8, 8)).is_null());
    assert!(heap().alloc_dma(64, Zone::Normal).is_err());
}

#[test]
fn requests_inside_the_buddies_are_served_from_the_reserve() {
    let (heap, zones) = started(Floor::Word);
    let (region, linear) = ram(range(0x1000_0000, 0x1_0000));
    heap.reserve().init(region, linear);
    let free = zones.counters(Zone::Normal).free;
    let node = heap.reserve().enter(|| take(heap, layout(104, 8)));
    assert!(heap.reserve().used() >= 104);
    assert_eq!(zones.counters(Zone::Normal).free, free);
    // Freed outside, as trees do when they shrink later: the address decides.
    give(heap, node, layout(104, 8));
    assert_eq!(heap.reserve().used(), 0);
}

#[test]
fn the_floor_is_settled_by_the_first_start() {
    let (heap, zones) = started(Floor::Line);
    let linear = heap.linear().expect("started");
    let floor = Floor::Line;
    assert_eq!(
        heap.start(zones, linear, Floor::Word),
        Err(AlreadyStarted { floor })
    );
    assert_eq!(take(heap, layout(1, 1)).addr() % 64, 0);
    let (a, b) = (take(heap, layout(8, 8)), take(heap, layout(8, 8)));
    assert!(a.addr().abs_diff(b.addr()) >= 64);
}

#[test]
fn large_blocks_are_pages_and_come_back() {
    let (heap, zones) = started(Floor::Word);
    let before = zones.counters(Zone::Normal);
    let block = take(heap, layout(5000, 8));
    assert_eq!(before.free - zones.counters(Zone::Normal).free, 8192);
    give(heap, block, layout(5000, 8));
    let wide = take(heap, layout(16, 0x1_0000));
    assert_eq!(wide.addr() % 0x1_0000, 0);
    give(heap, wide, layout(16, 0x1_0000));
    assert_eq!(zones.counters(Zone::Normal), before);
}

#[test]
fn ul_3_alloc_dma_owns_its_lines_and_alloc_buf_need_not() {
    let (heap, _) = started(Floor::Word);
    for len in [1, 63, 64, 65, 100, 2000, 2049, 10_000] {
        let buf = heap.alloc_dma(len, Zone::Normal).expect("room");
        assert!(buf.owned().is_aligned(LINE), "{len}: {:?}", buf.owned());
        assert_eq!(buf.range().len(), len as u64);
    }
    let small = heap.alloc_buf(10, Zone::Normal).expect("room");
    assert_eq!(small.owned().len(), 16);
    assert!(heap.alloc_dma(0, Zone::Normal).is_err());
    assert!(heap.alloc_dma(usize::MAX, Zone::Normal).is_err());
}

#[test]
fn without_a_pool_every_buffer_owns_its_lines() {
    let (heap, _) = started(Floor::Line);
    let small = heap.alloc_buf(10, Zone::Normal).expect("room");
    assert!(small.owned().is_aligned(LINE));
}

#[test]
fn buffers_lie_in_the_zone_that_was_asked_for_also_after_reuse() {
    let (heap, zones) = started(Floor::Word);
    for _ in 0..3 {
        let any = heap.alloc_dma(64, Zone::Normal).expect("room");
        let low = heap.alloc_dma(64, Zone::Dma).expect("room");
        let high = heap.alloc_dma(64, Zone::High).expect("room");
        assert!(low.owned().end() <= zones.dma_end());
        assert!(high.owned().start() >= zones.dma_end());
        assert!(!any.owned().overlaps(high.owned()) && !any.owned().overlaps(low.owned()));
    }
}

#[test]
fn objects_of_a_fallen_back_page_never_pass_for_high_ones() {
    let (heap, zones) = started(Floor::Word);
    let all = zones.counters(Zone::High).free;
    let _high = zones.alloc(all, PAGE, Zone::High).expect("everything");
    drop(heap.alloc_buf(64, Zone::Normal).expect("falls back"));
    assert!(heap.alloc_buf(64, Zone::High).is_err());
}

#[test]
fn dropping_gives_back_and_windows_stay_inside() {
    let (heap, zones) = started(Floor::Word);
    let before = zones.counters(Zone::Dma);
    let buf = heap.alloc_dma(10_000, Zone::Dma).expect("room");
    let buf = buf.with_window(1, 9_999).expect("inside");
    let buf = buf.with_window(12_288, 1).expect_err("outside");
    assert_eq!(buf.range().len(), 9_999);
    drop(buf);
    assert_eq!(zones.counters(Zone::Dma), before);
}

#[test]
fn a_new_buffer_holds_nothing_of_the_last_owner() {
    let (heap, _) = started(Floor::Word);
    let linear = heap.linear().expect("started");
    for _ in 0..2 {
        let buf = heap.alloc_buf(30, Zone::Normal).expect("room");
        let bytes = linear.pointer(buf.owned().start());
        for offset in 0..32 {
            // SAFETY: inside the block that `buf` owns.
            let at = unsafe { bytes.add(offset) };
            // SAFETY: initialised by `alloc_buf`.
            assert_eq!(unsafe { at.read() }, 0);
            // SAFETY: as above, and nobody else looks.
            unsafe { at.write(0xA5) };
        }
    }
}

proptest! {
    #[test]
    fn live_blocks_never_overlap_and_are_aligned(
        steps in prop::collection::vec((1usize..5000, 0u32..9, any::<prop::sample::Index>()), 1..80),
        line in any::<bool>(),
    ) {
        let (heap, _) = started(Floor::for_pool(!line));
        let mut held: Vec<(*mut u8, Layout)> = Vec::new();
        for (size, shift, pick) in steps {
            if size % 3 == 0 && !held.is_empty() {
                let (block, layout) = held.swap_remove(pick.index(held.len()));
                give(heap, block, layout);
                continue;
            }
            let layout = layout(size, 1 << shift);
            let block = take(heap, layout);
            prop_assert!(!block.is_null() && block.addr().is_multiple_of(1 << shift));
            let end = block.addr() + size;
            let clear = |(b, l): &(*mut u8, Layout)| end <= b.addr() || b.addr() + l.size() <= block.addr();
            prop_assert!(held.iter().all(clear));
            held.push((block, layout));
        }
        let starts: BTreeSet<usize> = held.iter().map(|(block, _)| block.addr()).collect();
        prop_assert_eq!(starts.len(), held.len());
    }
}
