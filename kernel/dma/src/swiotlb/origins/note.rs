//! What is noted of a slot, in two words.

use crate::device::DeviceId;
use crate::direction::Dir;
use crate::swiotlb::{CHUNK_SLOTS, LONGEST, SLOT};
use core::sync::atomic::{AtomicU64, Ordering};
use hal::PhysRange;

/// One slot's.
#[derive(Debug, Default)]
pub(super) struct Note {
    /// Original address of the slot's first data byte.
    pub(super) origin: AtomicU64,
    /// An [`About`], or 0: no mapping's.
    pub(super) about: AtomicU64,
}

/// What a note says beside the address, in one word, so that it comes and goes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct About {
    /// Bytes of the original from the slot's first data byte on.
    pub(super) left: u64,
    /// Where in the slot that is.
    pub(super) skew: u64,
    pub(super) dir: Dir,
    /// The mapping starts here.
    pub(super) first: bool,
    pub(super) device: u64,
}

/// Bits for `left`: more than the longest run has bytes.
const LEFT: u32 = 28;
const SKEW: u32 = SLOT.trailing_zeros();
const DIR: u32 = 2;
/// Bits for a device's number: all that are left.
pub(super) const DEVICE: u32 = 63 - LEFT - SKEW - DIR;
const _: () = assert!(LONGEST as u64 * CHUNK_SLOTS as u64 * SLOT < 1 << LEFT);

pub(super) const fn low(word: u64, bits: u32) -> u64 {
    word & ((1 << bits) - 1)
}

impl About {
    pub(super) const fn pack(self) -> u64 {
        let dir = match self.dir {
            Dir::ToDevice => 1,
            Dir::FromDevice => 2,
            Dir::Bidirectional => 3,
        };
        let word = low(self.device, DEVICE) << 1 | self.first as u64;
        let word = (word << DIR | dir) << SKEW | self.skew;
        word << LEFT | self.left
    }

    pub(super) const fn unpack(word: u64) -> Option<Self> {
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

    pub(super) const fn is_of(self, device: DeviceId) -> bool {
        self.device == low(device.number() as u64, DEVICE)
    }
}

/// What the notes of one mapping are made of.
pub(super) struct Mapping {
    pub(super) original: PhysRange,
    /// Where the data start in the first slot.
    pub(super) skew: u64,
    pub(super) dir: Dir,
    pub(super) device: DeviceId,
}

impl Mapping {
    /// Writes the notes of its slots, in their order.
    pub(super) fn note<'n>(&self, notes: impl Iterator<Item = &'n Note>) {
        for (slot, note) in (0..).zip(notes) {
            // Data bytes in the slots before this one.
            let before = (slot * SLOT).saturating_sub(self.skew);
            let left = self.original.len().checked_sub(before);
            let Some(left) = left.filter(|left| *left > 0) else {
                // What the length was rounded up by stands in for nothing.
                break;
            };
            let about = About {
                left,
                skew: if slot == 0 { self.skew } else { 0 },
                dir: self.dir,
                first: slot == 0,
                device: u64::from(self.device.number()),
            };
            note.origin
                .store(self.original.start().get() + before, Ordering::Relaxed);
            // Pairs with `look`: who finds the word finds the address that belongs to it.
            note.about.store(about.pack(), Ordering::Release);
        }
    }
}
