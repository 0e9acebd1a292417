//! Lists for drivers that keep addresses: Linux's calls, one entry for each element on either side.
//!
//! As for lists that own their buffers all is decided, and all slots are taken, before a byte is copied or
//! a line cleaned; one barrier for each call (SG-5, SG-6). Entries are neither joined nor cut: a driver
//! that counts them counts right whichever side it takes (SG-2).

use super::{Attrs, ByAddress, Misuse, SgEntry};
use crate::decision::{Request, Route, route};
use crate::direction::Dir;
use crate::door;
use crate::error::MapError;
use crate::map::count_direct;
use crate::physical::Physical;
use crate::reason::BounceReason;
use crate::sg::SgError;
use crate::span::Span;
use crate::stand_in::StandIn;
use crate::swiotlb::Found;
use crate::trace::Kind;
use core::mem::ManuallyDrop;
use hal::{DmaAddr, PhysRange, Platform};

impl<P: Platform> ByAddress<'_, P> {
    /// Lends all of a list to the device (`dma_map_sg`): each entry gets its address. Returns how many
    /// there are for the device, which is all of them; refused, none is lent, and none has an address.
    ///
    /// Context: any; waits for the pool's lock alone.
    ///
    /// # Safety
    /// As for [`map_single`](Self::map_single), for the block of each entry. None is mapped yet.
    pub unsafe fn map_sg(
        &self,
        list: &mut [SgEntry],
        dir: Dir,
        attrs: Attrs,
    ) -> Result<usize, SgError> {
        if list.is_empty() {
            return Err(SgError::Empty);
        }
        for index in 0..list.len() {
            match self.claim(list[index].block(), dir, attrs) {
                Ok(addr) => list[index].addr = Some(addr),
                Err(error) => {
                    self.unclaim(&mut list[..index]);
                    let error = self.dma.refuse(self.device, error, attrs.0);
                    return Err(SgError::Element { index, error });
                }
            }
        }
        let mut owed = false;
        for entry in list.iter() {
            // SAFETY: the caller lends the block for longer than this value lives.
            let buffer = unsafe { Physical::assume_lent(entry.block()) };
            owed |= self.hand_out(entry, &buffer, dir, attrs);
        }
        if owed {
            self.wait();
        }
        list.iter()
            .for_each(|entry| self.note_map(entry, dir, attrs));
        Ok(list.len())
    }

    /// Where the device will find a block; with slots, noted, if it bounces. Nothing is copied.
    fn claim(&self, block: PhysRange, dir: Dir, attrs: Attrs) -> Result<DmaAddr, MapError> {
        let request = request_of(block, dir, attrs);
        match route(self.device, self.dma.policy(), &request)? {
            Route::Direct(addr) => Ok(addr),
            Route::Bounce(reason) => {
                let (slots, addr) = self.dma.slots_for(self.device, &request, reason)?;
                let origins = self.origins.expect("made where there are slots");
                let kept = origins.keep(slots, block, dir, self.device.id());
                kept.map_err(|slots| self.dma.unnoted(self.device.terms(), slots))?;
                Ok(addr)
            }
        }
    }

    /// Gives back what was claimed, without copying or maintenance (ATTR-4).
    fn unclaim(&self, list: &mut [SgEntry]) {
        for entry in list {
            let at = entry.addr.take().and_then(|addr| self.phys(addr));
            let taken = at.and_then(|at| self.origins?.take(at, self.device));
            if let Some(taken) = taken {
                let slots = self.dma.recall(self.device, StandIn::Slots(taken.slots));
                self.dma.release(self.device.terms(), slots);
            }
        }
    }

    /// Copies or cleans what the device is about to see of an entry. Is that to be waited for?
    fn hand_out(&self, entry: &SgEntry, buffer: &Physical, dir: Dir, attrs: Attrs) -> bool {
        let (block, Some(addr)) = (entry.block(), entry.addr) else {
            return false;
        };
        let request = request_of(block, dir, attrs);
        match self.claimed(addr, &request) {
            Some((reason, found)) => {
                let (device, cover) = (self.device, self.dma.cover(self.device));
                let (platform, slots) = (&self.dma.told(), stand_in(found));
                door::fill_block(platform, device, (buffer, block), &slots, cover);
                device
                    .counters
                    .mapped_bounced::<P>(reason, &slots, block.len());
                // Before anybody has the address (SKIP-3).
                device.stop_skipping_sync();
                true
            }
            None => {
                count_direct::<P>(self.device, &request);
                self.show(&request, attrs)
            }
        }
    }

    /// Leaves the event of an entry that is mapped.
    fn note_map(&self, entry: &SgEntry, dir: Dir, attrs: Attrs) {
        let (block, Some(addr)) = (entry.block(), entry.addr) else {
            return;
        };
        let (kind, side) = match self.whole(addr) {
            Some(found) => (Kind::Bounce, found.slots.data()),
            None => (Kind::Map, block),
        };
        let memory = Some((block, side));
        self.note(kind, (addr, block.len()), (dir, attrs), memory);
    }

    /// Why the block at `addr` bounces, and the slots that were claimed for it, if it does.
    fn claimed(&self, addr: DmaAddr, request: &Request) -> Option<(BounceReason, Found)> {
        match route(self.device, self.dma.policy(), request) {
            Ok(Route::Bounce(reason)) => Some((reason, self.whole(addr)?)),
            _ => None,
        }
    }

    /// The bounced mapping that starts at `addr`.
    fn whole(&self, addr: DmaAddr) -> Option<Found> {
        let at = self.phys(addr).filter(|at| self.bounces(*at))?;
        self.origins?.whole(at, self.device)
    }

    /// Ends the mapping of a list (`dma_unmap_sg`): what the device wrote is in its blocks. Under
    /// [`Attrs::SKIP_CPU_SYNC`] nothing is copied and no line maintained (ATTR-4).
    ///
    /// Context: any. Never fails, never waits (save for the pool's lock) (INV-9). An entry that is not
    /// mapped is left alone, and complained of.
    ///
    /// # Safety
    /// As for [`unmap_single`](Self::unmap_single), for each entry.
    pub unsafe fn unmap_sg(&self, list: &mut [SgEntry], dir: Dir, attrs: Attrs) {
        if !attrs.contains(Attrs::SKIP_CPU_SYNC) {
            // SAFETY: the caller's promise, for each entry.
            unsafe { self.drop_all(list, dir, attrs) };
        }
        for entry in list {
            match entry.addr.take() {
                // SAFETY: the caller ends the mapping of this entry, if that is what is there.
                Some(addr) => unsafe { self.end(addr, entry.block(), dir, attrs) },
                None => self.misused(not_mapped(entry)),
            }
        }
    }

    /// Drops what may be stale of all entries, and waits once (SG-6).
    ///
    /// # Safety
    /// The entries' blocks are the caller's to sync.
    unsafe fn drop_all(&self, list: &[SgEntry], dir: Dir, attrs: Attrs) {
        if self.device.limits().coherent {
            return;
        }
        let platform = &self.dma.told();
        let mut owed = false;
        for entry in list {
            let Some(addr) = entry.addr else { continue };
            match self.whole(addr) {
                Some(found) if meant(&found, dir).device_writes() => {
                    let slots = stand_in(found);
                    door::drop_slots(platform, &slots, slots.data());
                    owed = true;
                }
                Some(_) => {}
                None => {
                    // SAFETY: the caller's promise.
                    let buffer = unsafe { Physical::assume_lent(entry.block()) };
                    owed |= self.drop_in_place(buffer, dir, attrs);
                }
            }
        }
        if owed {
            platform.complete();
        }
    }

    /// Takes a list over from the device (`dma_sync_sg_for_cpu`).
    ///
    /// Context: any; does not wait.
    ///
    /// # Safety
    /// As for [`sync_single_for_cpu`](Self::sync_single_for_cpu), for each entry.
    pub unsafe fn sync_sg_for_cpu(&self, list: &[SgEntry], dir: Dir) -> Result<(), Misuse> {
        if self.device.skips_sync() {
            return Ok(());
        }
        mapped(list)?;
        // SAFETY: the caller's promise, for each entry.
        unsafe { self.drop_all(list, dir, Attrs::NONE) };
        for (entry, addr) in placed(list) {
            if let Some(found) = self
                .whole(addr)
                .filter(|found| meant(found, dir).device_writes())
            {
                let all = Span::whole(found.original.len());
                // SAFETY: the notes say that these are the caller's bytes, and the caller that they may be
                // synced.
                let mut original = unsafe { Physical::assume_lent(found.original) };
                let (platform, block) = (&self.dma.told(), found.original);
                door::copy_block_out(platform, &mut original, (block, all), &stand_in(found));
                self.device.counters.copied_out::<P>(block.len());
            }
            self.note(
                Kind::SyncForCpu,
                (addr, entry.dma_len()),
                (dir, Attrs::NONE),
                None,
            );
        }
        Ok(())
    }

    /// Gives a list (back) to the device (`dma_sync_sg_for_device`).
    ///
    /// Context: any; does not wait.
    ///
    /// # Safety
    /// As for [`sync_single_for_device`](Self::sync_single_for_device), for each entry.
    pub unsafe fn sync_sg_for_device(&self, list: &[SgEntry], dir: Dir) -> Result<(), Misuse> {
        if self.device.skips_sync() {
            return Ok(());
        }
        mapped(list)?;
        for (entry, addr) in placed(list) {
            match self.whole(addr) {
                // What the CPU wrote where a device alone writes is no business of the device's (CP-5).
                Some(found) if meant(&found, dir) == Dir::FromDevice => {}
                Some(found) => {
                    let all = Span::whole(found.original.len());
                    // SAFETY: the notes say that these are the caller's bytes, and the caller that they may
                    // be synced.
                    let original = unsafe { Physical::assume_lent(found.original) };
                    let (device, to) = (self.device, (found.original, all));
                    let part = all.len();
                    door::copy_block_in(&self.dma.told(), device, &original, to, &stand_in(found));
                    device.counters.copied_in::<P>(part);
                }
                None if self.device.limits().coherent => {}
                None => self.dma.told().clean(entry.block()),
            }
        }
        self.wait();
        for (entry, addr) in placed(list) {
            let part = (addr, entry.dma_len());
            self.note(Kind::SyncForDevice, part, (dir, Attrs::NONE), None);
        }
        Ok(())
    }
}

/// The direction that counts: what map was given, or the half of it that is meant.
fn meant(found: &Found, dir: Dir) -> Dir {
    match found.dir {
        Dir::Bidirectional => dir,
        mapped => mapped,
    }
}

/// Slots that belong to the notes: never released here.
fn stand_in(found: Found) -> ManuallyDrop<StandIn> {
    ManuallyDrop::new(StandIn::Slots(ManuallyDrop::into_inner(found.slots)))
}

fn request_of(block: PhysRange, dir: Dir, attrs: Attrs) -> Request {
    // Known by its address alone (UL-2).
    let (owned, attrs) = (block, attrs.0);
    Request {
        block,
        owned,
        dir,
        attrs,
    }
}

fn not_mapped(entry: &SgEntry) -> Misuse {
    let block = entry.block();
    Misuse::NotInList { block }
}

/// Entries with an address are all there are, or the first that has none is the error.
fn mapped(list: &[SgEntry]) -> Result<(), Misuse> {
    let missing = list.iter().find(|entry| entry.addr.is_none());
    missing.map_or(Ok(()), |entry| Err(not_mapped(entry)))
}

fn placed(list: &[SgEntry]) -> impl Iterator<Item = (&SgEntry, DmaAddr)> {
    list.iter().filter_map(|entry| Some((entry, entry.addr?)))
}
