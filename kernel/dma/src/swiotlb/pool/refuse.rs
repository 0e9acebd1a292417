//! Why there are no slots, from what is known without a lock.

use super::Pool;
use crate::swiotlb::layout::{Kind, Layout};
use crate::swiotlb::{Full, Slots};
use core::sync::atomic::Ordering::Relaxed;
use hal::{Cpu, Irq};

impl<I: Irq + Cpu> Pool<I> {
    /// The refusal of a request for that many slots in a row.
    #[inline]
    pub(crate) fn full(&self, wanted: u32) -> Full {
        // Chunks come and go meanwhile.
        let total = self.shared.total.load(Relaxed);
        let free = total.saturating_sub(self.level.used());
        Full {
            wanted,
            free,
            largest_run: match free {
                0 => 0,
                _ => self.shared.classes.longest().min(free),
            },
        }
    }

    /// The same for a shape that no chunk has a run for: what would have served by its length alone is not
    /// there.
    #[inline]
    pub(crate) fn full_of(&self, layout: &Layout) -> Full {
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

    /// Has no chunk a run of that shape, and can the pool not be larger here and now? `false` if that takes a
    /// look.
    pub(crate) fn is_full_for(&self, layout: &Layout) -> bool {
        let none = match layout.kind() {
            Kind::Rare => self.shared.rare.is_in_vain(layout),
            Kind::Any | Kind::Page => self.candidates(layout) == 0 && !layout.is_long(),
        };
        none && self.grows_in_vain()
    }

    /// The refusal of a request that got slots which are of no use to it.
    pub(crate) fn without(&self, slots: &Slots) -> Full {
        self.full(slots.count)
    }
}
