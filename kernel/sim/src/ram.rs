//! Bytes with an address of their own, reached by raw pointer alone.
//!
//! The CPU's views hand out pointers into an arena while the model goes on working beside them, so
//! no reference to the bytes is ever made here: only copies of exactly the bytes that were named.
//!
//! Tests make machines by the thousand, of megabytes each, and touch a few pages of them: nearly all of
//! their time went into page faults. So large arenas are kept for the next machine, which writes anew
//! the pages that were touched. Under Miri they are freed, so that it sees who still looks.

#![expect(
    unsafe_code,
    reason = "raw memory that views point into while the model works on other bytes of it"
)]

use hal::PAGE;
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

/// Arenas from this size on are kept.
const KEEP_FROM: usize = 1 << 20;
/// As many as the machines of a few threads have.
const MOST_KEPT: usize = 32;

/// Arenas without a machine, each as its last one left it.
static KEPT: Mutex<Vec<Memory>> = Mutex::new(Vec::new());

/// A fixed number of initialised bytes, aligned to a page as the RAM that they stand for.
pub(crate) struct Arena(Option<Memory>);

struct Memory {
    start: NonNull<u8>,
    layout: Layout,
    /// Each byte, before it is touched.
    byte: u8,
    /// Pages that somebody was given a pointer into.
    touched: Vec<Cell<bool>>,
}

// SAFETY: the allocation belongs to the memory, and nothing in it is tied to a thread.
unsafe impl Send for Memory {}

impl Memory {
    fn new(layout: Layout, byte: u8) -> Self {
        assert!(layout.size() > 0, "an arena is never empty");
        // SAFETY: the layout's size is not zero, asserted above.
        let start = unsafe { alloc_zeroed(layout) };
        let start = NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout));
        // SAFETY: all of the allocation, which is ours alone.
        unsafe { start.write_bytes(byte, layout.size()) };
        let pages = layout.size().div_ceil(PAGE as usize);
        Self {
            start,
            layout,
            byte,
            touched: vec![Cell::new(false); pages],
        }
    }

    /// One that was kept, as if it were new.
    fn again(layout: Layout, byte: u8) -> Option<Self> {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |memory: &Self| (memory.layout, memory.byte) == (layout, byte);
        let at = kept.iter().position(fits)?;
        let memory = kept.swap_remove(at);
        drop(kept);
        for (page, touched) in memory.touched.iter().enumerate() {
            if touched.get() {
                let at = page * PAGE as usize;
                let len = (PAGE as usize).min(layout.size() - at);
                let to = memory.pointer(at, len).as_ptr();
                touched.set(false);
                // SAFETY: inside the allocation, as `pointer` checked; the machine that had it is gone.
                unsafe { to.write_bytes(byte, len) };
            }
        }
        Some(memory)
    }

    fn pointer(&self, at: usize, len: usize) -> NonNull<u8> {
        let end = at.checked_add(len).expect("offsets are small");
        assert!(
            end <= self.layout.size(),
            "{at:#x}+{len:#x} leaves its bank"
        );
        let pages = at / PAGE as usize..end.div_ceil(PAGE as usize);
        self.touched[pages].iter().for_each(|page| page.set(true));
        // SAFETY: the offset is inside the allocation, asserted above.
        unsafe { self.start.add(at) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this very layout, and given back once.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

impl Arena {
    /// `len` bytes (not zero), each `byte`.
    pub(crate) fn new(len: usize, byte: u8) -> Self {
        let layout = Layout::from_size_align(len, PAGE as usize).expect("a bank fits in memory");
        let memory = Memory::again(layout, byte);
        Self(Some(memory.unwrap_or_else(|| Memory::new(layout, byte))))
    }

    /// Pointer to `len` bytes at `at`, good for as long as the arena lives.
    pub(crate) fn pointer(&self, at: usize, len: usize) -> NonNull<u8> {
        let memory = self.0.as_ref().expect("taken by the drop alone");
        memory.pointer(at, len)
    }

    /// Copies the bytes at `at` into `out`. Nobody may be storing to them.
    pub(crate) fn read(&self, at: usize, out: &mut [u8]) {
        let from = self.pointer(at, out.len()).as_ptr();
        // SAFETY: `pointer` checked the bounds; the bytes are initialised since `new`; `out` is a
        // reference, and no reference into an arena is ever made here, so the two are disjoint.
        unsafe { from.copy_to_nonoverlapping(out.as_mut_ptr(), out.len()) };
    }

    /// Copies `bytes` to `at`. Nobody may be looking at that place.
    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        let to = self.pointer(at, bytes.len()).as_ptr();
        // SAFETY: bounds as in `read`; `bytes` is a local copy in every caller, never an arena.
        unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    /// Sets `len` bytes at `at` to `byte`. Nobody may be looking at that place.
    pub(crate) fn fill(&mut self, at: usize, len: usize, byte: u8) {
        let to = self.pointer(at, len).as_ptr();
        // SAFETY: bounds as in `read`.
        unsafe { to.write_bytes(byte, len) };
    }

    /// Copies `len` bytes at `at` from the same place of `other`.
    pub(crate) fn refresh(&mut self, other: &Self, at: usize, len: usize) {
        let (from, to) = (other.pointer(at, len), self.pointer(at, len));
        // SAFETY: `pointer` checked the bounds of both; two arenas are two allocations.
        unsafe { from.copy_to_nonoverlapping(to, len) };
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        let large = |memory: &Memory| memory.layout.size() >= KEEP_FROM && !cfg!(miri);
        let Some(memory) = self.0.take().filter(large) else {
            return;
        };
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MOST_KEPT {
            kept.push(memory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else_changes() {
        let mut arena = Arena::new(8, 0xEE);
        arena.write(2, &[1, 2, 3]);
        let mut all = [0; 8];
        arena.read(0, &mut all);
        assert_eq!(all, [0xEE, 0xEE, 1, 2, 3, 0xEE, 0xEE, 0xEE]);
    }

    #[test]
    #[cfg_attr(miri, ignore = "keeps none there, and takes minutes to look at one")]
    fn an_arena_that_had_a_machine_before_is_as_new() {
        // No other test has one of this size.
        let len = KEEP_FROM + 3 * PAGE as usize + 5;
        let mut first = Arena::new(len, 0x11);
        let start = first.pointer(0, 1);
        first.write(len - 2, &[1, 2]);
        first.fill(PAGE as usize - 1, 2, 3);
        drop(first);
        let again = Arena::new(len, 0x11);
        assert_eq!(again.pointer(0, 1), start, "it is another");
        let mut all = vec![0; len];
        again.read(0, &mut all);
        assert!(all.iter().all(|byte| *byte == 0x11));
        assert_ne!(Arena::new(len, 0x22).pointer(0, 1), start);
    }

    #[test]
    fn a_pointer_stays_good_while_other_bytes_are_worked_on() {
        let mut arena = Arena::new(128, 0);
        let other = Arena::new(128, 9);
        let pointer = arena.pointer(0, 64);
        // SAFETY: 64 initialised bytes; the arena touches only the others while `view` lives.
        let view = unsafe { std::slice::from_raw_parts_mut(pointer.as_ptr(), 64) };
        view[0] = 1;
        arena.refresh(&other, 64, 64);
        view[1] = view[0] + 1;
        assert_eq!(view[..2], [1, 2]);
    }

    #[test]
    #[should_panic(expected = "leaves its bank")]
    fn offsets_beyond_the_end_are_refused() {
        Arena::new(8, 0).fill(7, 2, 0);
    }
}
