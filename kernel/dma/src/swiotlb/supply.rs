//! What a pool that grows and shrinks needs from the kernel around it.

use hal::RamRegion;

/// Memory for chunks, a clock, and a call when there is something to do.
pub trait Supply: Sync {
    /// `bytes` of contiguous RAM in the zone that every device reaches, aligned to `align`, contents
    /// unspecified; `None` if there is none. Both are powers of two, or multiples of a chunk aligned to
    /// one.
    ///
    /// Context: called with interrupts on and no lock held.
    fn take(&self, bytes: u64, align: u64) -> Option<RamRegion>;

    /// Takes back what `take` gave, whole.
    ///
    /// Context: as for `take`.
    fn give_back(&self, region: RamRegion);

    /// How often memory came back that `take` may give, modulo 2^64: while that stays the same, what there
    /// was none of is not asked for again. `None`: nobody counts, so it is asked for each time. What came
    /// back before the count was read with this value is there for a `take` behind that.
    ///
    /// Context: any.
    fn frees(&self) -> Option<u64> {
        None
    }

    /// Microseconds of a clock that never goes back.
    fn micros(&self) -> u64;

    /// Has [`Dma::tend_pool`](crate::Dma::tend_pool) called soon, with interrupts on and no lock held.
    ///
    /// Context: any, under any lock.
    fn tend_soon(&self);

    /// As `tend_soon`, after `micros` microseconds, or before.
    ///
    /// Context: as for `take`.
    fn tend_in(&self, micros: u64);
}

/// How far a pool grows, and when it shrinks.
#[derive(Clone, Copy)]
pub struct Growth {
    /// Where chunks come from.
    pub supply: &'static dyn Supply,
    /// Chunks that it has at most, those of its floor included.
    pub ceiling: usize,
    /// Microseconds for which a chunk stays empty before it goes back.
    pub idle_us: u64,
}
