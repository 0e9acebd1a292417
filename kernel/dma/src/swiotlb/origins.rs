//! Whose bytes are in which slot, for mappings of which a driver keeps nothing but a bus address.
//!
//! Each data slot notes the original address of its first data byte and how many follow (CP-1), so that
//! any address inside a mapping leads to its original without a search (CP-2, DY-3). A typed mapping
//! carries its slots itself and has no note here.
//!
//! Context: any, without a lock. A note belongs to whoever holds the slots; it is gone before they are
//! free again, and of two who take the same one only the first gets it.

extern crate alloc;

mod note;

use super::{CHUNK_SLOTS, CHUNKS, SLOT, Slots};
use crate::device::{DeviceId, DmaDevice};
use crate::direction::Dir;
use crate::restricted::PoolNumber;
use crate::span::Span;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::mem::ManuallyDrop;
use core::sync::atomic::{AtomicU8, Ordering};
use hal::{PhysAddr, PhysRange};
use note::{About, Mapping, Note};
use spin::Once;

/// There is no memory for the notes of the address-only interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoOrigins {
    /// Slots that would have one.
    pub slots: u32,
}

impl fmt::Display for NoOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.slots as usize * size_of::<Note>();
        write!(
            f,
            "no {bytes} bytes of heap for the address-only interface: boot with a smaller swiotlb="
        )
    }
}

/// The notes of all chunks. A place that ever had a chunk keeps its own for the next one.
pub(super) struct Origins {
    chunks: [Once<Box<[Note]>>; CHUNKS],
    /// Somebody maps by address.
    in_use: AtomicU8,
}

/// Where slots are: the pool.
pub(super) trait Places: Sync {
    /// Which pool it is.
    fn number(&self) -> PoolNumber;

    /// Where slot 0 of a place would be, if the place has slots.
    fn base(&self, place: usize) -> Option<PhysAddr>;

    /// The place and the number in it of the slot that the byte at `at` lies in.
    fn slot_at(&self, at: PhysAddr) -> Option<(usize, u32)>;
}

/// The notes, by address.
#[derive(Clone, Copy)]
pub(crate) struct Notes<'a> {
    origins: &'a Origins,
    places: &'a dyn Places,
}

/// A mapping from some address in it to its end.
#[derive(Debug)]
pub(crate) struct Found {
    /// Where these bytes stand in. Never to be released.
    pub(crate) slots: ManuallyDrop<Slots>,
    /// What they stand in for.
    pub(crate) original: PhysRange,
    /// As map was told.
    pub(crate) dir: Dir,
}

impl Found {
    /// A part of it.
    pub(crate) fn part(mut self, span: Span) -> Self {
        self.slots.data = span.within(self.slots.data);
        self.original = span.within(self.original);
        self
    }
}

/// A whole mapping, out of the table.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) slots: Slots,
    pub(crate) original: PhysRange,
    /// As map was told.
    pub(crate) dir: Dir,
}

impl Origins {
    pub(super) fn new() -> Self {
        Self {
            chunks: [(); CHUNKS].map(|()| Once::new()),
            in_use: AtomicU8::new(0),
        }
    }

    /// Does somebody map by address, so that every new chunk needs notes?
    pub(super) fn in_use(&self) -> bool {
        self.in_use.load(Ordering::Acquire) != 0
    }

    pub(super) fn start_using(&self) {
        self.in_use.store(1, Ordering::Release);
    }

    /// Notes for place `chunk`, none of its slots noted.
    ///
    /// Context: thread; allocates.
    pub(super) fn provide(&self, chunk: usize) -> Result<(), NoOrigins> {
        self.chunks[chunk].try_call_once(|| {
            let none = NoOrigins { slots: CHUNK_SLOTS };
            let (mut notes, slots) = (Vec::new(), CHUNK_SLOTS as usize);
            notes.try_reserve_exact(slots).map_err(|_| none)?;
            notes.resize_with(slots, Note::default);
            Ok(notes.into_boxed_slice())
        })?;
        Ok(())
    }

    pub(super) fn by_address<'a>(&'a self, places: &'a dyn Places) -> Notes<'a> {
        Notes {
            origins: self,
            places,
        }
    }
}

impl Notes<'_> {
    /// Is the byte at `at` in one of the slots?
    pub(crate) fn covers(&self, at: PhysAddr) -> bool {
        self.places.slot_at(at).is_some()
    }

    /// The note on the slot around `at`.
    fn note(&self, at: PhysAddr) -> Option<&Note> {
        let (chunk, slot) = self.places.slot_at(at)?;
        self.origins.chunks[chunk].get()?.get(slot as usize)
    }

    /// The notes on `count` slots from the one around `at` on, chunk by chunk: a place is looked up once
    /// for all of its slots. `None` for a chunk without notes, and after it nothing.
    fn notes(&self, at: PhysAddr, count: u32) -> impl Iterator<Item = Option<&[Note]>> {
        let mut rest = Some((at.align_down(SLOT), count));
        core::iter::from_fn(move || {
            let (at, count) = rest.take()?;
            let notes = self.notes_in_chunk(at, count);
            let more = count - notes.map_or(count, |notes| notes.len() as u32);
            let next = at.checked_add(u64::from(count - more) * SLOT);
            rest = next.filter(|_| more > 0).map(|next| (next, more));
            Some(notes)
        })
    }

    /// The same as far as the first one's chunk goes.
    fn notes_in_chunk(&self, at: PhysAddr, count: u32) -> Option<&[Note]> {
        let (chunk, first) = self.places.slot_at(at)?;
        let first = first as usize;
        let end = (first + count as usize).min(CHUNK_SLOTS as usize);
        self.origins.chunks[chunk].get()?.get(first..end)
    }

    /// Notes that `slots` stand in for `original`, and keeps them until they are taken. Gives them back
    /// where there are no notes: a chunk came while nobody mapped by address, or there was no heap.
    pub(crate) fn keep(
        &self,
        slots: Slots,
        original: PhysRange,
        dir: Dir,
        device: DeviceId,
    ) -> Result<(), Slots> {
        let (at, count) = (slots.data().start(), slots.count);
        let mapping = Mapping {
            original,
            skew: at.get() % SLOT,
            dir,
            device,
        };
        // Nearly every run lies in one chunk.
        if let Some(notes) = self.notes_in_chunk(at, count)
            && notes.len() == count as usize
        {
            mapping.note(notes.iter());
            return Ok(());
        }
        if self.notes(at, count).any(|notes| notes.is_none()) {
            return Err(slots);
        }
        mapping.note(self.notes(at, count).flatten().flatten());
        Ok(())
    }

    /// The note on the byte at `at`, for `device`, and how far behind its first byte that is.
    fn look(&self, at: PhysAddr, device: DeviceId) -> Option<(&Note, About, u64)> {
        let note = self.note(at)?;
        let about = About::unpack(note.about.load(Ordering::Acquire))?;
        let ahead = (at.get() % SLOT).checked_sub(about.skew)?;
        (about.is_of(device) && ahead < about.left).then_some((note, about, ahead))
    }

    /// What the bytes from `at` on stand in for, where that is a mapping of `device` (CP-2).
    pub(crate) fn find(&self, at: PhysAddr, device: &DmaDevice) -> Option<Found> {
        let (note, about, ahead) = self.look(at, device.id())?;
        let first = PhysAddr::new(note.origin.load(Ordering::Relaxed));
        let len = about.left - ahead;
        Some(Found {
            slots: ManuallyDrop::new(self.slots(at, len, 0)?),
            original: PhysRange::new(first.checked_add(ahead)?, len).ok()?,
            dir: about.dir,
        })
    }

    /// All of a mapping that starts at `at`, with what its length was rounded up by for the device.
    pub(crate) fn whole(&self, at: PhysAddr, device: &DmaDevice) -> Option<Found> {
        let found = self.find(at, device)?;
        let len = found.original.len();
        let extent = len.checked_next_multiple_of(device.limits().granule)?;
        let slots = ManuallyDrop::new(self.run(at, extent, device)?);
        Some(Found { slots, ..found })
    }

    /// The mapping of `device` that starts at `at`, no longer kept.
    pub(crate) fn take(&self, at: PhysAddr, device: &DmaDevice) -> Option<Taken> {
        let (note, about, ahead) = self.look(at, device.id())?;
        if !about.first || ahead != 0 {
            return None;
        }
        let original = PhysAddr::new(note.origin.load(Ordering::Relaxed));
        let original = PhysRange::new(original, about.left).ok()?;
        let extent = about
            .left
            .checked_next_multiple_of(device.limits().granule)?;
        let slots = self.run(at, extent, device)?;
        let word = about.pack();
        note.about
            .compare_exchange(word, 0, Ordering::AcqRel, Ordering::Relaxed)
            .ok()?;
        if slots.count > 1 {
            let notes = self.notes(at, slots.count).flatten();
            for later in notes.flatten().skip(1) {
                later.about.store(0, Ordering::Relaxed);
            }
        }
        Some(Taken {
            slots,
            original,
            dir: about.dir,
        })
    }

    /// Where the mappings of `device` start that are kept.
    ///
    /// Context: thread; looks at every slot.
    pub(crate) fn of(&self, device: DeviceId) -> impl Iterator<Item = PhysAddr> {
        let places = self.origins.chunks.iter().enumerate();
        let places =
            places.filter_map(|(place, notes)| Some((self.places.base(place)?, notes.get()?)));
        places.flat_map(move |(base, notes)| {
            let starts = move |(slot, note): (u64, &Note)| {
                let about = About::unpack(note.about.load(Ordering::Acquire))?;
                let starts = about.first && about.is_of(device);
                starts.then(|| base.checked_add(slot * SLOT + about.skew))?
            };
            (0..).zip(notes.iter()).filter_map(starts)
        })
    }

    /// All slots of a mapping: where `guarded` took one more, that is among them.
    fn run(&self, at: PhysAddr, extent: u64, device: &DmaDevice) -> Option<Slots> {
        self.slots(at, extent, device.limits().guard())
    }

    /// The slots under `len` bytes of data at `at` and `guard` more: as they were kept, if that is all of a
    /// mapping.
    fn slots(&self, at: PhysAddr, len: u64, guard: u64) -> Option<Slots> {
        let count = (at.get() % SLOT + len + guard).div_ceil(SLOT);
        let (chunk, first) = self.places.slot_at(at)?;
        Some(Slots {
            pool: self.places.number(),
            chunk: u8::try_from(chunk).ok()?,
            first: u16::try_from(first).ok()?,
            count: u32::try_from(count).ok()?,
            data: PhysRange::new(at, len).ok()?,
        })
    }
}

#[cfg(test)]
mod tests;
