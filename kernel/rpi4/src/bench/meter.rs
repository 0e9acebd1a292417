//! The counter, and what many counts of the same thing come to.

use arch::{Board, pmu};
use core::hint::black_box;
use hal::Irq;

/// Counts, less what an empty measurement counts.
#[derive(Clone, Copy)]
pub(super) struct Meter {
    empty: u64,
}

impl Meter {
    /// Starts the counter and measures nothing, some times.
    pub(super) fn start() -> Self {
        pmu::start();
        let masked = Masked::new();
        let counts = (0..8).map(|_| {
            let before = pmu::cycles();
            let nothing = ();
            black_box(&nothing);
            pmu::cycles().wrapping_sub(before)
        });
        let empty = counts.min().unwrap_or(0);
        drop(masked);
        Self { empty }
    }

    /// What lies between two readings.
    pub(super) fn between(self, before: u64, after: u64) -> u64 {
        after.wrapping_sub(before).saturating_sub(self.empty)
    }
}

/// Interrupts are masked while this lives.
pub(super) struct Masked(<Board as Irq>::State);

impl Masked {
    pub(super) fn new() -> Self {
        Self(Board::mask())
    }
}

impl Drop for Masked {
    fn drop(&mut self) {
        Board::restore(self.0);
    }
}

/// Batches in a series.
const BATCHES: u64 = 4;

/// How often a call on `size` bytes is counted: a multiple of [`BATCHES`].
pub(super) fn times(size: u64) -> u64 {
    match size {
        0..=4096 => 256,
        4097..=65_536 => 64,
        _ => 16,
    }
}

/// Counts of one call. All numbers are per call.
#[derive(Clone, Copy)]
pub(super) struct Series {
    times: u64,
    count: u64,
    total: u64,
    batch: u64,
    best_batch: u64,
    pub(super) min: u64,
    pub(super) max: u64,
}

impl Series {
    /// A series of `times` counts to come.
    pub(super) fn new(times: u64) -> Self {
        Self {
            times,
            count: 0,
            total: 0,
            batch: 0,
            best_batch: u64::MAX,
            min: u64::MAX,
            max: 0,
        }
    }

    /// One more.
    pub(super) fn add(&mut self, count: u64) {
        self.count += 1;
        self.total += count;
        self.batch += count;
        self.min = self.min.min(count);
        self.max = self.max.max(count);
        if self.count.is_multiple_of(self.times / BATCHES) {
            self.best_batch = self.best_batch.min(self.batch);
            self.batch = 0;
        }
    }

    /// How many there are.
    pub(super) fn iters(&self) -> u64 {
        self.count
    }

    /// The mean, in hundredths.
    pub(super) fn mean(&self) -> u64 {
        self.total * 100 / self.count.max(1)
    }

    /// The mean of the best batch, in hundredths.
    pub(super) fn best(&self) -> u64 {
        self.best_batch * 100 / (self.times / BATCHES)
    }
}
