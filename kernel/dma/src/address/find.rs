//! From a bus address back to what was mapped.

use super::{ByAddress, Misuse};
use crate::direction::Dir;
use crate::physical::Physical;
use crate::span::{Overrun, PastEnd, Span};
use crate::stand_in::StandIn;
use crate::swiotlb::Found;
use core::mem::ManuallyDrop;
use hal::{DmaAddr, PhysAddr, PhysRange, Platform};

/// What is at a bus address.
pub(super) enum At {
    /// A buffer, mapped where it lies: these bytes of it.
    Place(Physical),
    /// A bounce buffer: these bytes of it.
    Bounced(Part),
}

/// What the device sees at a bus address.
pub(super) enum Seen {
    /// This RAM, outside of the pool.
    Place(PhysRange),
    /// A slot of the pool, from this byte on.
    Pool(PhysAddr),
}

/// A part of a bounced mapping: as many bytes of both sides.
pub(super) struct Part {
    pub(super) slots: ManuallyDrop<StandIn>,
    pub(super) original: Physical,
    /// The direction that counts.
    pub(super) dir: Dir,
}

impl<P: Platform> ByAddress<'_, P> {
    /// The `len` bytes at `addr`, in a mapping for `dir`; `None` if there is no byte among them.
    ///
    /// # Safety
    /// They are a part of a live mapping of this device, whose bytes are the caller's to sync.
    pub(super) unsafe fn find(
        &self,
        (addr, len): (DmaAddr, u64),
        dir: Dir,
    ) -> Result<Option<At>, Misuse> {
        if len == 0 {
            return Ok(None);
        }
        let unknown = Misuse::NotMapped { addr, len };
        let start = match self.seen(addr, len).ok_or(unknown)? {
            Seen::Place(block) => {
                // SAFETY: part of what the caller has mapped and may sync.
                let buffer = unsafe { Physical::assume_lent(block) };
                return Ok(Some(At::Place(buffer)));
            }
            Seen::Pool(start) => start,
        };
        let origins = self.origins.ok_or(unknown)?;
        let found = origins.find(start, self.device).ok_or(unknown)?;
        let dir = self.meant(addr, dir, found.dir);
        let past = |PastEnd { mapped, .. }| Misuse::PastEnd { addr, len, mapped };
        let span = Span::of(0, len, found.original.len(), Overrun::BUILD).map_err(past)?;
        Ok(span.map(|span| {
            let Found {
                slots, original, ..
            } = found.part(span);
            // SAFETY: the notes say that these are the caller's bytes, and the caller that they may be
            // synced.
            let original = unsafe { Physical::assume_lent(original) };
            // Who has the notes leaves the slots to them.
            let slots = StandIn::Slots(ManuallyDrop::into_inner(slots));
            At::Bounced(Part {
                slots: ManuallyDrop::new(slots),
                original,
                dir,
            })
        }))
    }

    /// Where the CPU finds the byte that the device finds at `addr`: in the buffer that was mapped, bounced
    /// or not. `None` where no mapping of the device is.
    ///
    /// Context: any; does not wait.
    ///
    /// # Safety
    /// `addr` lies in a mapping that this device was given and that was not unmapped.
    pub unsafe fn cpu_side(&self, addr: DmaAddr) -> Option<PhysAddr> {
        let at = self.phys(addr)?;
        match self.origins {
            Some(origins) if origins.covers(at) => {
                Some(origins.find(at, self.device)?.original.start())
            }
            _ => Some(at),
        }
    }

    fn resolve(&self, addr: DmaAddr, len: u64) -> Option<PhysRange> {
        self.device.reach().resolve(addr, len)
    }

    /// Is the byte at `at` in a bounce buffer?
    pub(super) fn bounces(&self, at: PhysAddr) -> bool {
        self.origins.is_some_and(|origins| origins.covers(at))
    }

    /// What is at `addr`, as far as there is RAM.
    #[inline]
    pub(super) fn seen(&self, addr: DmaAddr, len: u64) -> Option<Seen> {
        let Some(block) = self.resolve(addr, len) else {
            // Too long: of a bounce buffer the notes say better.
            let start = self.phys(addr)?;
            return self.bounces(start).then_some(Seen::Pool(start));
        };
        if self.bounces(block.start()) {
            return Some(Seen::Pool(block.start()));
        }
        let ram = self.device.ends_in_ram(block);
        ram.then_some(Seen::Place(block))
    }

    /// Where the byte at `addr` is, if the device sees one there.
    pub(super) fn phys(&self, addr: DmaAddr) -> Option<PhysAddr> {
        Some(self.resolve(addr, 1)?.start())
    }

    /// Which direction counts for a part of a bounced mapping: what map was given, or the half of it that
    /// is meant.
    fn meant(&self, addr: DmaAddr, dir: Dir, mapped: Dir) -> Dir {
        if mapped == dir || mapped == Dir::Bidirectional {
            return dir;
        }
        let misuse = Misuse::OtherDirection { addr, dir, mapped };
        self.misused(misuse);
        mapped
    }
}
