//! Memory for the frame allocator's own bookkeeping.
//!
//! The buddies keep their free blocks in trees whose nodes come from the global allocator, and they
//! need nodes while they allocate *and* while they free. The global allocator in turn gets pages
//! from the buddies. The knot is cut here: while a core is inside the buddies it says so, and the
//! global allocator then serves it from this reserve alone.
//!
//! Lock order: zone -> reserve (rank `Bookkeeping`), and nothing under that. The flag is per core, set and cleared with interrupts masked.

#![expect(
    unsafe_code,
    reason = "memory is handed to and taken from a foreign allocator"
)]

use crate::LinearMap;
use core::alloc::Layout;
use core::ops::Range;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, Ordering};
use hal::{Cpu, Irq, IrqLock, MAX_CPUS, PAGE, RamRegion, Rank};
use linked_list_allocator::Heap;
use spin::Once;

/// The reserve, and which cores are inside the buddies.
pub struct Reserve<C> {
    arena: Arena<C>,
    inside: [AtomicBool; MAX_CPUS],
}

impl<C: Cpu + Irq> Reserve<C> {
    /// An empty reserve.
    pub const fn new() -> Self {
        Self {
            arena: Arena::new(),
            inside: [const { AtomicBool::new(false) }; MAX_CPUS],
        }
    }

    /// Bytes that suffice however `ram` bytes of RAM are cut up.
    ///
    /// Every second frame free is the worst case. A tree leaf of 104 bytes may hold as few as 5 of
    /// 11 keys, and inner nodes add some: 25 bytes for each free frame.
    pub const fn bytes_for(ram: u64) -> u64 {
        (ram / PAGE / 2 * 25).next_multiple_of(PAGE)
    }

    /// Gives the reserve its memory, once, before a zone gets its first frame.
    pub fn init(&self, region: RamRegion, linear: LinearMap) {
        let len = usize::try_from(region.range().len()).expect("RAM fits in the address space");
        let start = linear.pointer(region.range().start());
        // SAFETY: the region is ours for good, RAM in the linear map, and used by nothing else.
        unsafe { self.arena.init(start, len) };
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.arena.used()
    }

    /// Runs `f`, which calls into the buddies, with this core's allocations going to the reserve.
    /// Interrupts are masked: the caller holds the zone's lock.
    pub(crate) fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        let flag = &self.inside[C::cpu_id().index()];
        // Relaxed: only this core looks at its flag, and its handlers are masked.
        flag.store(true, Ordering::Relaxed);
        let result = f();
        flag.store(false, Ordering::Relaxed);
        result
    }

    /// Is this core inside the buddies?
    pub(crate) fn is_inside(&self) -> bool {
        self.inside[C::cpu_id().index()].load(Ordering::Relaxed)
    }

    pub(crate) const fn arena(&self) -> &Arena<C> {
        &self.arena
    }
}

impl<C: Cpu + Irq> Default for Reserve<C> {
    fn default() -> Self {
        Self::new()
    }
}

/// A stretch of memory behind a first-fit allocator, and a way to tell whose a pointer is.
pub(crate) struct Arena<C> {
    heap: IrqLock<Heap, C>,
    extent: Once<Range<usize>>,
}

impl<C: Irq> Arena<C> {
    pub(crate) const fn new() -> Self {
        Self {
            heap: IrqLock::new(Rank::Bookkeeping, "arena", Heap::empty()),
            extent: Once::new(),
        }
    }

    /// Gives the arena its memory; a second call changes nothing.
    ///
    /// # Safety
    /// The `len` bytes at `start` can be read and written, belong to nobody else, and stay.
    pub(crate) unsafe fn init(&self, start: NonNull<u8>, len: usize) {
        self.extent.call_once(|| {
            let mut heap = self.heap.lock();
            // SAFETY: the caller's promise; `call_once` sees to it that the heap was empty.
            unsafe { heap.init(start.as_ptr(), len) };
            start.addr().get()..start.addr().get() + len
        });
    }

    pub(crate) fn used(&self) -> usize {
        self.heap.lock().used()
    }

    /// Is the byte at `pointer` part of this arena?
    pub(crate) fn owns(&self, pointer: *const u8) -> bool {
        self.extent
            .get()
            .is_some_and(|extent| extent.contains(&pointer.addr()))
    }

    /// Memory for `layout`, or null.
    pub(crate) fn alloc(&self, layout: Layout) -> *mut u8 {
        let block = self.heap.lock().allocate_first_fit(layout);
        block.map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// `alloc` gave `block` for `layout`, and nobody uses it any more.
    pub(crate) unsafe fn dealloc(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { self.heap.lock().deallocate(block, layout) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Host, ram, range};

    #[test]
    fn pointers_are_told_apart_by_address() {
        let reserve = Reserve::<Host>::new();
        let (region, linear) = ram(range(0x10_0000, 0x1_0000));
        assert!(reserve.arena().alloc(Layout::new::<u64>()).is_null());
        reserve.init(region, linear);
        let block = reserve.arena().alloc(Layout::new::<[u64; 13]>());
        assert!(reserve.arena().owns(block));
        assert!(!reserve.arena().owns(ptr::dangling()));
        assert!(reserve.used() >= 104);
        let block = NonNull::new(block).expect("there is room");
        // SAFETY: just allocated with this layout.
        unsafe { reserve.arena().dealloc(block, Layout::new::<[u64; 13]>()) };
        assert_eq!(reserve.used(), 0);
    }

    #[test]
    fn the_reserve_of_a_gib_is_about_three_mib() {
        assert_eq!(Reserve::<Host>::bytes_for(hal::GIB), 0x32_0000);
    }

    #[test]
    fn a_core_is_inside_only_while_it_is() {
        let reserve = Reserve::<Host>::new();
        assert!(!reserve.is_inside());
        assert!(reserve.enter(|| reserve.is_inside()));
        assert!(!reserve.is_inside());
    }
}
