//! Where slots lie: for whoever holds them.

use super::origins::Places;
use super::pool::Pool;
use super::{SLOT, Slots};
use hal::{Cpu, Irq, PhysAddr, PhysRange};

impl Slots {
    /// All of the run, from the start of the first slot to the end of the last.
    pub(crate) fn run(&self) -> PhysRange {
        // Data start in the first slot.
        let start = self.data.start().align_down(SLOT);
        let run = PhysRange::new(start, u64::from(self.count) * SLOT);
        run.expect("slots lie in their chunks")
    }
}

impl<I: Irq + Cpu> Pool<I> {
    /// Chunk and number of the slot around `at`, and the chunk's generation: for whoever has that slot.
    pub(crate) fn place_of(&self, at: PhysAddr) -> Option<((usize, u32), u32)> {
        let (chunk, slot) = self.slot_at(at)?;
        Some(((chunk, slot), self.chunks()[chunk].hints.generation()))
    }
}
