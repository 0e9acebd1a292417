//! Cache maintenance, barriers and copies: what the mapping layer needs from a machine.

#![expect(
    unsafe_code,
    reason = "the seam to the machine carries obligations both ways"
)]

use crate::differs::first_other;
use crate::{Cpu, Irq, PhysAddr, PhysRange};
use core::ptr::NonNull;

/// Bytes in a data cache line, and the granule in which caches write back. The layer is built for
/// 64 (every cache of the Cortex-A72); [`Platform::cache_lines`] says what the hardware has, and
/// `dma` refuses a machine on which it differs (CM-6).
pub const LINE: u64 = 64;

/// Line sizes as the hardware reports them (CTR_EL0), in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLines {
    /// Smallest data line of any cache: maintenance loops must not step further (DminLine).
    pub smallest: u64,
    /// Largest stretch that one eviction may write back (CWG): what "owning a line" must cover.
    pub writeback: u64,
}

/// What the CPU is about to do to RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Loads alone.
    Read,
    /// Loads and stores.
    Write,
}

/// The machine as the mapping layer sees it.
///
/// Ranges are physical; an implementation reaches RAM through its linear map. Maintenance works on
/// every line that *intersects* the range (CM-5), reaches the point of coherency, and is complete
/// only after [`complete`](Self::complete) (CM-7). All calls are legal with interrupts off and in a
/// handler; none waits.
///
/// # Safety
/// *Implementation*: each call does what its text says, to all of the range; `copy`, `copy_clean`
/// and `zero` touch no byte outside the ranges given; `view` returns a pointer to the range that is
/// valid for loads (and stores under `Write`) until `end_view`, if the range is RAM that the caller
/// owns; calls with `uncached` in their name reach the memory of an [`UncachedRegion`](crate::UncachedRegion)
/// by a mapping that is not cacheable, and no other call does. No call changes RAM that it was not given, save that `invalidate` may drop CPU stores that
/// were not yet written back.
pub unsafe trait Platform: Cpu + Irq + Send + Sync {
    /// Line sizes of this machine.
    fn cache_lines(&self) -> CacheLines;

    /// Writes dirty lines back to RAM and keeps them (`dc cvac`).
    fn clean(&self, range: PhysRange);

    /// Writes dirty lines back and drops them (`dc civac`).
    fn clean_invalidate(&self, range: PhysRange);

    /// Drops lines without writing them back (`dc ivac`).
    ///
    /// # Safety
    /// Both ends of `range` are line-aligned and the caller owns all of it: a CPU store to any of
    /// these lines that was not cleaned yet may be lost.
    unsafe fn invalidate(&self, range: PhysRange);

    /// Waits until all maintenance issued by this core is done, seen by every master (`dsb sy`).
    fn complete(&self);

    /// Orders earlier stores to RAM before later stores to device registers (`dmb oshst`). Pairs
    /// with the device's first read after its doorbell.
    fn publish(&self);

    /// Orders an earlier load of a device's status before later loads of RAM (`dmb oshld`). Pairs
    /// with the device's writes before it reported completion.
    fn acquire(&self);

    /// Copies `len` bytes of RAM.
    ///
    /// # Safety
    /// The caller owns `to` (`len` bytes), may read `from` (`len` bytes), both are RAM in the
    /// linear map, and the two do not overlap.
    unsafe fn copy(&self, from: PhysAddr, to: PhysAddr, len: u64);

    /// As [`copy`](Self::copy), and cleans every line of the destination on the way.
    ///
    /// # Safety
    /// As for `copy`.
    unsafe fn copy_clean(&self, from: PhysAddr, to: PhysAddr, len: u64) {
        // SAFETY: the caller's promise is the one that `copy` asks for.
        unsafe { self.copy(from, to, len) };
        if let Ok(range) = PhysRange::new(to, len) {
            self.clean(range);
        }
    }

    /// Fills `range` with zero bytes.
    ///
    /// # Safety
    /// `range` is RAM in the linear map that the caller owns.
    unsafe fn zero(&self, range: PhysRange);

    /// Fills `range` with `byte`.
    ///
    /// # Safety
    /// `range` is RAM in the linear map that the caller owns.
    unsafe fn fill(&self, range: PhysRange, byte: u8) {
        let start = self.view(range, Access::Write);
        // SAFETY: `view` gave a pointer that is valid for stores to all of the range.
        unsafe { start.write_bytes(byte, range.len() as usize) };
        self.end_view(range, Access::Write);
    }

    /// The first byte of `range` that is not `byte`, and what it is.
    ///
    /// # Safety
    /// `range` is RAM in the linear map that the caller owns, and has been stored to.
    unsafe fn find_other(&self, range: PhysRange, byte: u8) -> Option<(PhysAddr, u8)> {
        let start = self.view(range, Access::Read);
        // SAFETY: `view` gave a pointer that is valid for loads of all of the range.
        let found = unsafe { find_other_at(start, range, byte) };
        self.end_view(range, Access::Read);
        found
    }

    /// Copies `len` bytes of RAM to uncached memory. [`publish`](Self::publish) orders them before a
    /// doorbell.
    ///
    /// # Safety
    /// The caller owns `to` (`len` bytes of an [`UncachedRegion`](crate::UncachedRegion)) and may read
    /// `from` (`len` bytes of RAM in the linear map).
    unsafe fn copy_to_uncached(&self, from: PhysAddr, to: PhysAddr, len: u64);

    /// Copies `len` bytes of uncached memory to RAM, loading each byte once. [`acquire`](Self::acquire)
    /// orders that after the status that says that a device has written them.
    ///
    /// # Safety
    /// The caller owns `to` (`len` bytes of RAM in the linear map) and may read `from` (`len` bytes of
    /// an [`UncachedRegion`](crate::UncachedRegion)).
    unsafe fn copy_from_uncached(&self, from: PhysAddr, to: PhysAddr, len: u64);

    /// Fills a range of uncached memory with zero bytes.
    ///
    /// # Safety
    /// The caller owns `range`, a part of an [`UncachedRegion`](crate::UncachedRegion).
    unsafe fn zero_uncached(&self, range: PhysRange);

    /// Fills a range of uncached memory with `byte`. [`publish`](Self::publish) orders that before a
    /// doorbell.
    ///
    /// # Safety
    /// The caller owns `range`, a part of an [`UncachedRegion`](crate::UncachedRegion).
    unsafe fn fill_uncached(&self, range: PhysRange, byte: u8);

    /// As [`find_other`](Self::find_other) for uncached memory. [`acquire`](Self::acquire) orders that after
    /// the status that says that a device is done.
    ///
    /// # Safety
    /// The caller owns `range`, a part of an [`UncachedRegion`](crate::UncachedRegion).
    unsafe fn find_other_uncached(&self, range: PhysRange, byte: u8) -> Option<(PhysAddr, u8)>;

    /// The CPU's pointer to `range` for `access`. Every call is paired with one of
    /// [`end_view`](Self::end_view), which a forgotten guard may delay but not harm.
    fn view(&self, range: PhysRange, access: Access) -> NonNull<u8>;

    /// The accesses announced by `view` are over.
    fn end_view(&self, range: PhysRange, access: Access) {
        let _ = (range, access);
    }
}

/// As [`Platform::find_other`] for a machine that shows `range` at `start`.
///
/// # Safety
/// `start` is valid for loads of as many initialised bytes as the range has.
pub unsafe fn find_other_at(
    start: NonNull<u8>,
    range: PhysRange,
    byte: u8,
) -> Option<(PhysAddr, u8)> {
    // SAFETY: the caller's promise.
    let (behind, found) = unsafe { first_other(start, range.len() as usize, byte) }?;
    Some((range.start().checked_add(behind as u64)?, found))
}
