//! Handing a part of a mapping from the CPU to the device and back.
//!
//! The rules are those of `sync`: clean on the way out, invalidate where the device writes, wait, and
//! only then copy. What a device that snoops finds in place needs none of it.

use super::find::{At, Part};
use super::{Attrs, ByAddress, Misuse};
use crate::direction::Dir;
use crate::door;
use crate::span::{Overrun, Span};
use crate::trace::Kind;
use hal::{DmaAddr, DmaBuffer, LINE, Platform};

impl<P: Platform> ByAddress<'_, P> {
    /// Takes the `len` bytes at `addr`, any part of a mapping, over from the device
    /// (`dma_sync_single_for_cpu`).
    ///
    /// Context: any; does not wait.
    ///
    /// # Safety
    /// The bytes are part of a mapping that this device was given for `dir` and that was not unmapped.
    /// The device does not write to them until they are given back, and its report of that was read, and
    /// acquired, before.
    pub unsafe fn sync_single_for_cpu(
        &self,
        addr: DmaAddr,
        len: u64,
        dir: Dir,
    ) -> Result<(), Misuse> {
        if self.device.skips_sync() {
            return Ok(());
        }
        // SAFETY: the caller's promise is the one that `find` asks for.
        let found = unsafe { self.find((addr, len), dir) }?;
        match found {
            Some(At::Place(mut buffer)) if self.drops(dir) => {
                self.whole_lines(addr, &buffer)?;
                let range = buffer.range();
                door::drop_stale(&self.dma.told(), &mut buffer, range);
                self.wait();
            }
            Some(At::Bounced(mut part)) if part.dir.device_writes() => self.copy_home(&mut part),
            Some(At::Place(_) | At::Bounced(_)) | None => {}
        }
        self.note(Kind::SyncForCpu, (addr, len), (dir, Attrs::NONE), None);
        Ok(())
    }

    /// Gives the `len` bytes at `addr`, any part of a mapping, (back) to the device
    /// (`dma_sync_single_for_device`).
    ///
    /// Context: any; does not wait.
    ///
    /// # Safety
    /// The bytes are part of a mapping that this device was given for `dir` and that was not unmapped.
    /// The device does not use them yet: it is told after this returns.
    pub unsafe fn sync_single_for_device(
        &self,
        addr: DmaAddr,
        len: u64,
        dir: Dir,
    ) -> Result<(), Misuse> {
        if self.device.skips_sync() {
            return Ok(());
        }
        // SAFETY: the caller's promise is the one that `find` asks for.
        let found = unsafe { self.find((addr, len), dir) }?;
        match found {
            Some(At::Place(buffer)) if !self.device.limits().coherent => {
                if dir.device_writes() {
                    self.whole_lines(addr, &buffer)?;
                }
                self.dma.told().clean(buffer.range());
                self.wait();
            }
            // What the CPU wrote where a device alone writes is no business of the device's (CP-5).
            Some(At::Bounced(part)) if part.dir != Dir::FromDevice => self.copy_out(&part),
            Some(At::Place(_) | At::Bounced(_)) | None => {}
        }
        self.note(Kind::SyncForDevice, (addr, len), (dir, Attrs::NONE), None);
        Ok(())
    }

    /// As [`sync_single_for_cpu`](Self::sync_single_for_cpu) for `len` bytes from `offset` on of the
    /// mapping at `addr` (`dma_sync_single_range_for_cpu`).
    ///
    /// # Safety
    /// As there.
    pub unsafe fn sync_single_range_for_cpu(
        &self,
        addr: DmaAddr,
        (offset, len): (u64, u64),
        dir: Dir,
    ) -> Result<(), Misuse> {
        let part = part_at(addr, offset, len)?;
        // SAFETY: the caller's promise is the one that is asked for.
        unsafe { self.sync_single_for_cpu(part, len, dir) }
    }

    /// As [`sync_single_for_device`](Self::sync_single_for_device) for `len` bytes from `offset` on of
    /// the mapping at `addr` (`dma_sync_single_range_for_device`).
    ///
    /// # Safety
    /// As there.
    pub unsafe fn sync_single_range_for_device(
        &self,
        addr: DmaAddr,
        (offset, len): (u64, u64),
        dir: Dir,
    ) -> Result<(), Misuse> {
        let part = part_at(addr, offset, len)?;
        // SAFETY: the caller's promise is the one that is asked for.
        unsafe { self.sync_single_for_device(part, len, dir) }
    }

    /// Has the sync of the mapping at `addr` anything to do (`dma_need_sync`, SKIP-4)?
    ///
    /// # Safety
    /// `addr` is that of a live mapping of this device, and the answer is taken for no other: bytes
    /// that are not synced although they must be are lost.
    pub unsafe fn need_sync(&self, addr: DmaAddr) -> bool {
        let coherent = self.device.limits().coherent;
        let bounces = || self.phys(addr).is_some_and(|at| self.bounces(at));
        !self.device.skips_sync() && (!coherent || bounces())
    }

    /// Has the unmap of any of the device's mappings anything to do (`dma_need_unmap`, SKIP-5)? To be
    /// asked after the last of them was made.
    ///
    /// # Safety
    /// The answer is not taken for mappings made after it was given: the slots of one that bounces and
    /// is never unmapped are lost.
    pub unsafe fn need_unmap(&self) -> bool {
        !self.device.skips_sync()
    }

    /// May the caches hold what the device overwrites in place?
    pub(super) fn drops(&self, dir: Dir) -> bool {
        dir.device_writes() && !self.device.limits().coherent
    }

    /// A part that the device writes in place is whole lines, as its mapping is; else it shares one with
    /// bytes that are the device's still (PS-4).
    fn whole_lines(&self, addr: DmaAddr, part: &impl DmaBuffer) -> Result<(), Misuse> {
        let (range, len) = (part.range(), part.range().len());
        match Overrun::BUILD {
            Overrun::Refused if !range.is_aligned(LINE) => Err(Misuse::PartialLine { addr, len }),
            Overrun::Refused | Overrun::Clipped => Ok(()),
        }
    }

    /// Drops what may be stale of a bounce buffer, waits, and only then copies it home (CM-7).
    pub(super) fn copy_home(&self, part: &mut Part) {
        let (platform, original) = (&self.dma.told(), part.original.range());
        let all = (original, Span::whole(original.len()));
        if !self.device.limits().coherent {
            door::drop_slots(platform, &part.slots, part.slots.data());
            platform.complete();
        }
        door::copy_block_out(platform, &mut part.original, all, &part.slots);
        self.device.counters.copied_out::<P>(original.len());
    }

    /// Copies a bounce buffer home whose stale lines were dropped.
    pub(super) fn copy_clean_home(&self, part: &mut Part) {
        let original = part.original.range();
        let all = (original, Span::whole(original.len()));
        door::copy_block_out(self.dma.platform(), &mut part.original, all, &part.slots);
        self.device.counters.copied_out::<P>(original.len());
    }

    /// Copies to a bounce buffer, clean for a device that does not snoop.
    fn copy_out(&self, part: &Part) {
        let (platform, original) = (&self.dma.told(), part.original.range());
        let all = (original, Span::whole(original.len()));
        door::copy_block_in(platform, self.device, &part.original, all, &part.slots);
        self.device.counters.copied_in::<P>(original.len());
        self.wait();
    }
}

fn part_at(addr: DmaAddr, offset: u64, len: u64) -> Result<DmaAddr, Misuse> {
    let past = Misuse::NotMapped { addr, len };
    addr.checked_add(offset).ok_or(past)
}
