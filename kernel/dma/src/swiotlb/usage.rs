//! How full a pool is (ST-1).

use super::pool::Pool;
use hal::{Cpu, Irq};

/// Occupancy of a pool at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Slots there are.
    pub total: u32,
    /// Slots in use, padding included.
    pub used: u32,
    /// The most that ever were, chunk by chunk (ST-1): the sum of what each had at most.
    pub high_water: u32,
    /// Upper bound of the longest free run in one chunk.
    pub largest_run: u32,
}

impl<I: Irq + Cpu> Pool<I> {
    /// Occupancy, chunk after chunk: what other cores do meanwhile may be in it or not.
    pub fn usage(&self) -> Usage {
        let mut sum = Usage::default();
        for index in 0..self.chunks().len() {
            let chunk = self.open(index);
            let (slots, state) = (&chunk.state().chunk, chunk.state());
            sum.total += slots.total();
            sum.used += slots.total() - slots.free_slots();
            sum.high_water += state.most;
            let longest = slots.longest(super::layout::Kind::Any);
            sum.largest_run = sum.largest_run.max(longest);
        }
        sum
    }
}
