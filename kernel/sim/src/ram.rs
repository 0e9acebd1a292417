//! Bytes with an address of their own, reached by raw pointer alone.
//!
//! The CPU's views hand out pointers into an arena while the model goes on working beside them, so
//! no reference to the bytes is ever made here: only copies of exactly the bytes that were named.

#![expect(
    unsafe_code,
    reason = "raw memory that views point into while the model works on other bytes of it"
)]

use hal::PAGE;
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// A fixed number of initialised bytes, aligned to a page as the RAM that they stand for.
pub(crate) struct Arena {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the allocation belongs to the arena, and nothing in it is tied to a thread.
unsafe impl Send for Arena {}

impl Arena {
    /// `len` bytes (not zero), each `byte`.
    pub(crate) fn new(len: usize, byte: u8) -> Self {
        assert!(len > 0, "an arena is never empty");
        let layout = Layout::from_size_align(len, PAGE as usize).expect("a bank fits in memory");
        // SAFETY: the layout's size is not zero, asserted above.
        let start = unsafe { alloc_zeroed(layout) };
        let start = NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout));
        let mut arena = Self { start, layout };
        arena.fill(0, len, byte);
        arena
    }

    /// Pointer to `len` bytes at `at`, good for as long as the arena lives.
    pub(crate) fn pointer(&self, at: usize, len: usize) -> NonNull<u8> {
        let end = at.checked_add(len).expect("offsets are small");
        assert!(
            end <= self.layout.size(),
            "{at:#x}+{len:#x} leaves its bank"
        );
        // SAFETY: the offset is inside the allocation, asserted above.
        unsafe { self.start.add(at) }
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
        // SAFETY: allocated in `new` with this very layout, and given back once.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
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
