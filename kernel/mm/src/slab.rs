//! Free objects of each size class, cut from pages.
//!
//! The free list runs through the free objects themselves: they are the CPU's alone, since whoever
//! lent one to a device has it back before it is freed. Pages stay with their class.
//!
//! Lock order: rank `Heap`; none of the class locks is held while pages are fetched.

#![expect(unsafe_code, reason = "a linked list in raw memory")]

use crate::class::{CLASSES, Class};
use crate::{LinearMap, Zones};
use core::ptr::NonNull;
use hal::{Cpu, Irq, IrqLock, NoPages, PAGE, PageSource, Rank, Zone};

/// A free object: the first word leads to the next one.
struct Free(Option<NonNull<Free>>);

/// Free objects of one class, last freed first.
struct List {
    head: Option<NonNull<Free>>,
}

// SAFETY: the list owns its objects; a pointer to one is in the list alone.
unsafe impl Send for List {}

impl List {
    const fn new() -> Self {
        Self { head: None }
    }

    /// # Safety
    /// `object` is at least 8 bytes of memory aligned to 8 that nobody else uses.
    unsafe fn push(&mut self, object: NonNull<u8>) {
        let object = object.cast::<Free>();
        // SAFETY: the caller's promise; every class is at least as large and aligned as a pointer.
        unsafe { object.write(Free(self.head)) };
        self.head = Some(object);
    }

    fn pop(&mut self) -> Option<NonNull<u8>> {
        let object = self.head?;
        // SAFETY: objects in the list were written by `push` and have been nobody's since.
        let Free(next) = unsafe { object.read() };
        self.head = next;
        Some(object.cast())
    }
}

/// The classes of one zone.
pub(crate) struct Slabs<C> {
    lists: [IrqLock<List, C>; CLASSES],
}

impl<C: Cpu + Irq> Slabs<C> {
    pub(crate) const fn new() -> Self {
        Self {
            lists: [const { IrqLock::new(Rank::Heap, "free objects", List::new()) }; CLASSES],
        }
    }

    /// An object of `class`, with a new page of `zone` if there is none.
    pub(crate) fn alloc(
        &self,
        class: Class,
        zone: Zone,
        zones: &Zones<C>,
        linear: LinearMap,
    ) -> Result<NonNull<u8>, NoPages> {
        let list = &self.lists[class.index()];
        if let Some(object) = list.lock().pop() {
            return Ok(object);
        }
        let page = linear.pointer(zones.alloc(PAGE, PAGE, zone)?.range().start());
        let mut list = list.lock();
        for index in 1..class.per_page() {
            // SAFETY: `per_page` objects of this size fit in the page.
            let object = unsafe { page.add(index * class.size()) };
            // SAFETY: the page was just allocated, its objects do not overlap and are ours.
            unsafe { list.push(object) };
        }
        Ok(page)
    }

    /// Takes an object back.
    ///
    /// # Safety
    /// `alloc` gave `object` for `class`, and nobody uses it any more.
    pub(crate) unsafe fn free(&self, object: NonNull<u8>, class: Class) {
        // SAFETY: the caller's promise.
        unsafe { self.lists[class.index()].lock().push(object) };
    }
}
