//! Ending a mapping by its bus address.

use super::find::{Part, Seen};
use super::{Attrs, ByAddress, Misuse};
use crate::direction::Dir;
use crate::door;
use crate::physical::Physical;
use crate::stand_in::StandIn;
use crate::swiotlb::Taken;
use crate::sync::Link;
use crate::trace::Kind;
use core::mem::ManuallyDrop;
use hal::{DmaAddr, DmaBuffer, PhysAddr, PhysRange, Platform};

/// What the caches may have of a bounce buffer that the device wrote.
#[derive(Clone, Copy)]
enum Lines {
    /// What it overwrote.
    Stale,
    /// Nothing: that was dropped, and waited for.
    Dropped,
}

impl<P: Platform> ByAddress<'_, P> {
    /// Ends the mapping of `len` bytes at `addr`: what the device wrote is in the buffer, for the CPU to
    /// read (`dma_unmap_single`, `dma_unmap_page`, `dma_unmap_phys`). Under [`Attrs::SKIP_CPU_SYNC`]
    /// nothing is copied and no line maintained (ATTR-4).
    ///
    /// Context: any. Never fails, never waits (save for the pool's lock) (INV-9). What names no mapping
    /// of this device is left alone, and complained of.
    ///
    /// # Safety
    /// The device was given the mapping at `addr` by map, with this length, direction and these attributes
    /// (but for `SKIP_CPU_SYNC`), and it was not unmapped. The device does not use it any more, and its
    /// report of that was read, and acquired, before.
    pub unsafe fn unmap_single(&self, addr: DmaAddr, len: u64, dir: Dir, attrs: Attrs) {
        let ended = match self.seen(addr, len) {
            Some(Seen::Place(block)) => {
                // SAFETY: the caller lent this block, and the device is done with it.
                let buffer = unsafe { Physical::assume_lent(block) };
                self.unmap_in_place(buffer, dir, attrs);
                self.note(Kind::Unmap, (addr, len), (dir, attrs), None);
                Some(())
            }
            // SAFETY: the caller ends a mapping that starts here, if any does.
            Some(Seen::Pool(start)) => unsafe {
                self.unmap_bounced((addr, start), len, (dir, attrs), Lines::Stale)
            },
            None => None,
        };
        if ended.is_some() {
            self.device.counters.ended::<P>();
        } else {
            let misuse = Misuse::NotMapped { addr, len };
            self.misused(misuse);
            self.note(Kind::Unmap, (addr, len), (dir, attrs), None);
        }
    }

    /// Ends what is at `addr`, an entry of a list whose stale lines were dropped.
    ///
    /// # Safety
    /// As for [`unmap_single`](Self::unmap_single).
    pub(super) unsafe fn end(&self, addr: DmaAddr, block: PhysRange, dir: Dir, attrs: Attrs) {
        let len = block.len();
        match self.seen(addr, len) {
            Some(Seen::Pool(start)) => {
                // SAFETY: the caller ends a mapping that starts here, if any does.
                let ended =
                    unsafe { self.unmap_bounced((addr, start), len, (dir, attrs), Lines::Dropped) };
                match ended {
                    Some(()) => self.device.counters.ended::<P>(),
                    None => self.misused(Misuse::NotMapped { addr, len }),
                }
            }
            Some(Seen::Place(_)) => {
                self.device.counters.ended::<P>();
                self.note(Kind::Unmap, (addr, len), (dir, attrs), None);
            }
            None => self.note(Kind::Unmap, (addr, len), (dir, attrs), None),
        }
    }

    fn unmap_in_place(&self, buffer: Physical, dir: Dir, attrs: Attrs) {
        if !attrs.contains(Attrs::SKIP_CPU_SYNC) && self.drop_in_place(buffer, dir, attrs) {
            self.dma.told().complete();
        }
    }

    /// Drops what may be stale of a buffer that was mapped where it lies, without waiting. Was there any?
    pub(super) fn drop_in_place(&self, mut buffer: Physical, dir: Dir, attrs: Attrs) -> bool {
        if !self.drops(dir) {
            return false;
        }
        let (platform, range): (_, PhysRange) = (&self.dma.told(), buffer.range());
        if attrs.contains(Attrs::DEFER_SYNC) {
            // The device may never have been given what the CPU stored: then that is all there is. If it
            // was, no line is dirty, and this drops them all the same.
            platform.clean_invalidate(range);
        } else {
            door::drop_stale(platform, &mut buffer, range);
        }
        true
    }

    /// `None` if no mapping of the device starts at `start`.
    ///
    /// # Safety
    /// The device is done with the mapping that does.
    unsafe fn unmap_bounced(
        &self,
        (addr, start): (DmaAddr, PhysAddr),
        len: u64,
        (dir, attrs): (Dir, Attrs),
        lines: Lines,
    ) -> Option<()> {
        let taken = self.origins?.take(start, self.device)?;
        self.compare(&taken, addr, len, dir);
        let mut part = Part {
            slots: ManuallyDrop::new(StandIn::Slots(taken.slots)),
            // SAFETY: the notes say that these are the caller's bytes, and the caller that the device is
            // done with them.
            original: unsafe { Physical::assume_lent(taken.original) },
            dir: taken.dir,
        };
        let comes_home = part.dir.device_writes() && !attrs.contains(Attrs::SKIP_CPU_SYNC);
        match lines {
            Lines::Stale if comes_home => self.copy_home(&mut part),
            Lines::Dropped if comes_home => self.copy_clean_home(&mut part),
            Lines::Stale | Lines::Dropped => {}
        }
        let (dma, device) = (self.dma, self.device);
        Link { dma, device }.inspect(&part.slots, addr, comes_home);
        self.note(Kind::Unmap, (addr, len), (dir, attrs), None);
        let slots = ManuallyDrop::into_inner(part.slots);
        self.dma
            .release(self.device.terms(), self.dma.recall(self.device, slots));
        Some(())
    }

    /// Complains of what unmap says otherwise than map. What map said counts.
    fn compare(&self, taken: &Taken, addr: DmaAddr, len: u64, dir: Dir) {
        let mapped = taken.original.len();
        if len != mapped {
            let misuse = Misuse::OtherLength { addr, len, mapped };
            self.misused(misuse);
        }
        let mapped = taken.dir;
        if dir != mapped {
            let misuse = Misuse::OtherDirection { addr, dir, mapped };
            self.misused(misuse);
        }
    }
}
