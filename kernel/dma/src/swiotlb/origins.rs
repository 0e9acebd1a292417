//! Whose bytes are in which slot, for mappings of which a driver keeps nothing but a bus address.
//!
//! Each data slot notes the original address of its first data byte and how many follow (CP-1), so that
//! any address inside a mapping leads to its original without a search (CP-2, DY-3). A typed mapping
//! carries its slots itself and has no note here.
//!
//! Context: any, without a lock. A note belongs to whoever holds the slots; it is gone before they are
//! free again, and of two who take the same one only the first gets it.

extern crate alloc;

use super::{CHUNK_SLOTS, SLOT, Slots};
use crate::device::{DeviceId, DmaDevice};
use crate::direction::Dir;
use crate::span::Span;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::mem::ManuallyDrop;
use core::sync::atomic::{AtomicU64, Ordering};
use hal::{PhysAddr, PhysRange};

/// There is no memory for the notes of the address-only interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoOrigins {
    /// Slots that would have one.
    pub slots: u32,
}

impl fmt::Display for NoOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.slots as usize * size_of::<Note>();
        write!(f, "no {bytes} bytes of heap for the address-only interface")
    }
}

/// The notes of all chunks, which follow one another.
#[derive(Debug)]
pub(crate) struct Origins {
    start: PhysAddr,
    notes: Box<[Note]>,
}

/// One slot's.
#[derive(Debug, Default)]
struct Note {
    /// Original address of the slot's first data byte.
    origin: AtomicU64,
    /// An [`About`], or 0: no mapping's.
    about: AtomicU64,
}

/// What a note says beside the address, in one word, so that it comes and goes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct About {
    /// Bytes of the original from the slot's first data byte on.
    left: u64,
    /// Where in the slot that is.
    skew: u64,
    dir: Dir,
    /// The mapping starts here.
    first: bool,
    device: u64,
}

/// Bits for `left`: more than a chunk has bytes.
const LEFT: u32 = 28;
const SKEW: u32 = SLOT.trailing_zeros();
const DIR: u32 = 2;
/// Bits for a device's number: all that are left.
const DEVICE: u32 = 63 - LEFT - SKEW - DIR;
const _: () = assert!(CHUNK_SLOTS as u64 * SLOT < 1 << LEFT);

const fn low(word: u64, bits: u32) -> u64 {
    word & ((1 << bits) - 1)
}

impl About {
    const fn pack(self) -> u64 {
        let dir = match self.dir {
            Dir::ToDevice => 1,
            Dir::FromDevice => 2,
            Dir::Bidirectional => 3,
        };
        let word = low(self.device, DEVICE) << 1 | self.first as u64;
        let word = (word << DIR | dir) << SKEW | self.skew;
        word << LEFT | self.left
    }

    const fn unpack(word: u64) -> Option<Self> {
        let dir = match low(word >> (LEFT + SKEW), DIR) {
            1 => Dir::ToDevice,
            2 => Dir::FromDevice,
            3 => Dir::Bidirectional,
            _ => return None,
        };
        let rest = word >> (LEFT + SKEW + DIR);
        Some(Self {
            left: low(word, LEFT),
            skew: low(word >> LEFT, SKEW),
            dir,
            first: rest & 1 == 1,
            device: rest >> 1,
        })
    }

    const fn is_of(self, device: DeviceId) -> bool {
        self.device == low(device.number() as u64, DEVICE)
    }
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
    /// For the slots in `memory`, none of them noted.
    ///
    /// Context: thread; allocates.
    pub(crate) fn new(memory: PhysRange) -> Result<Self, NoOrigins> {
        let slots = memory.len() / SLOT;
        let none = NoOrigins {
            slots: u32::try_from(slots).unwrap_or(u32::MAX),
        };
        let mut notes = Vec::new();
        notes
            .try_reserve_exact(none.slots as usize)
            .map_err(|_| none)?;
        notes.resize_with(none.slots as usize, Note::default);
        Ok(Self {
            start: memory.start(),
            notes: notes.into_boxed_slice(),
        })
    }

    /// Is the byte at `at` in one of the slots?
    pub(crate) fn covers(&self, at: PhysAddr) -> bool {
        self.index(at).is_some()
    }

    fn index(&self, at: PhysAddr) -> Option<usize> {
        let slot = usize::try_from(at.offset_from(self.start)? / SLOT).ok()?;
        (slot < self.notes.len()).then_some(slot)
    }

    /// Notes that `slots` stand in for `original`, and keeps them until they are taken.
    pub(crate) fn keep(&self, slots: Slots, original: PhysRange, dir: Dir, device: DeviceId) {
        let skew = slots.data().start().get() % SLOT;
        let notes = self.notes[slots.number()..].iter();
        for (slot, note) in (0..).zip(notes.take(slots.count as usize)) {
            // Data bytes in the slots before this one.
            let before = (slot * SLOT).saturating_sub(skew);
            let Some(left) = original.len().checked_sub(before).filter(|left| *left > 0) else {
                // What the length was rounded up by stands in for nothing.
                break;
            };
            let about = About {
                left,
                skew: if slot == 0 { skew } else { 0 },
                dir,
                first: slot == 0,
                device: u64::from(device.number()),
            };
            note.origin
                .store(original.start().get() + before, Ordering::Relaxed);
            // Pairs with `look`: who finds the word finds the address that belongs to it.
            note.about.store(about.pack(), Ordering::Release);
        }
    }

    /// The note on the byte at `at`, for `device`, and how far behind its first byte that is.
    fn look(&self, at: PhysAddr, device: DeviceId) -> Option<(&Note, About, u64)> {
        let note = &self.notes[self.index(at)?];
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
            slots: ManuallyDrop::new(self.slots(at, len)?),
            original: PhysRange::new(first.checked_add(ahead)?, len).ok()?,
            dir: about.dir,
        })
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
        let slots = self.slots(at, extent)?;
        let word = about.pack();
        note.about
            .compare_exchange(word, 0, Ordering::AcqRel, Ordering::Relaxed)
            .ok()?;
        for later in &self.notes[slots.number()..][1..slots.count as usize] {
            later.about.store(0, Ordering::Relaxed);
        }
        Some(Taken {
            slots,
            original,
            dir: about.dir,
        })
    }

    /// The slots under `len` bytes of data at `at`: as they were kept, if that is all of a mapping.
    fn slots(&self, at: PhysAddr, len: u64) -> Option<Slots> {
        let count = (at.get() % SLOT + len).div_ceil(SLOT);
        let index = self.index(at)?;
        let per_chunk = CHUNK_SLOTS as usize;
        Some(Slots {
            chunk: u8::try_from(index / per_chunk).ok()?,
            first: (index % per_chunk) as u16,
            count: u32::try_from(count).ok()?,
            data: PhysRange::new(at, len).ok()?,
        })
    }
}

impl Slots {
    /// The first slot's number in the whole pool.
    fn number(&self) -> usize {
        usize::from(self.chunk) * CHUNK_SLOTS as usize + usize::from(self.first)
    }
}

#[cfg(test)]
mod tests;
