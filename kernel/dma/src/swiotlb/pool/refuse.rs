//! Why there are no slots, from what is known without a lock.

use super::Pool;
use crate::swiotlb::classes::bits;
use crate::swiotlb::layout::{Kind, Layout};
use crate::swiotlb::{CHUNKS, Full, Slots};
use hal::{Cpu, Irq};

impl<I: Irq + Cpu> Pool<I> {
    /// The refusal of a request for that many slots in a row.
    #[cold]
    pub(crate) fn full(&self, wanted: u32) -> Full {
        // What is in none of the classes has no slot.
        let chunks = self.shared.classes.candidates(Kind::Any, 1);
        let longest = if chunks == 0 {
            0
        } else {
            self.shared.classes.longest()
        };
        let free = bits(chunks).map(|chunk| self.chunks[chunk % CHUNKS].hints.free());
        let free = free.sum();
        Full {
            wanted,
            free,
            largest_run: longest.min(free),
        }
    }

    /// The same for a shape that no chunk has a run for: what would have served by its length alone is not
    /// there.
    #[cold]
    pub(super) fn full_of(&self, layout: &Layout) -> Full {
        let proven = match layout.kind() {
            Kind::Any => layout.slots - 1,
            Kind::Page => layout.slots,
            Kind::Rare => u32::MAX,
        };
        let full = self.full(layout.slots);
        Full {
            largest_run: full.largest_run.min(proven),
            ..full
        }
    }

    /// The refusal of a shape that no chunk has a run for, where the pool cannot be larger now. `None`: one
    /// may have it, or come.
    pub(crate) fn full_at_once(&self, layout: &Layout) -> Option<Full> {
        let none = self.candidates(layout) == 0 && !layout.is_long();
        (none && self.grows_in_vain()).then(|| self.full_of(layout))
    }

    /// The refusal of a request that got slots which are of no use to it.
    pub(crate) fn without(&self, slots: &Slots) -> Full {
        self.full(slots.count)
    }
}
