//! What is around data in their slots.

use crate::swiotlb::Slots;
use hal::{LINE, PhysRange};

/// How much of its surroundings belongs to a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cover {
    /// Up to the ends of the first and the last line.
    Lines,
    /// All of the slots.
    Slots,
}

impl Cover {
    /// The data and their surroundings: whole lines.
    pub(crate) fn of(self, slots: &Slots) -> PhysRange {
        match self {
            Self::Lines => lines(slots.data()),
            Self::Slots => slots.run(),
        }
    }
}

/// What is around the data, in front and behind.
pub(crate) fn pads(slots: &Slots, cover: Cover) -> [Option<PhysRange>; 2] {
    let (data, outer) = (slots.data(), cover.of(slots));
    [
        PhysRange::between(outer.start(), data.start()).ok(),
        PhysRange::between(data.end(), outer.end()).ok(),
    ]
}

fn lines(range: PhysRange) -> PhysRange {
    let lines = range.round_out(LINE);
    lines.expect("RAM does not reach the end of the address space")
}
