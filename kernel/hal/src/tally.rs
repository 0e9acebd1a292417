//! Two counters that are added to together, as cheaply as the machine can.

use core::sync::atomic::{AtomicU64, Ordering};

/// How often something happened, and how much of it there was. One core adds, any may read.
///
/// A core that is interrupted between reading and writing loses nothing of what its handlers add
/// meanwhile. The alignment is what a machine needs that adds to both at once.
#[derive(Debug, Default)]
#[repr(C, align(16))]
pub struct Tally {
    times: AtomicU64,
    amount: AtomicU64,
}

impl Tally {
    /// How often.
    pub fn times(&self) -> u64 {
        self.times.load(Ordering::Relaxed)
    }

    /// How much.
    pub fn amount(&self) -> u64 {
        self.amount.load(Ordering::Relaxed)
    }

    /// Once more, `amount` of it, on any machine. [`Cpu::tally`](crate::Cpu::tally) is how to count.
    pub fn add(&self, amount: u64) {
        self.times.fetch_add(1, Ordering::Relaxed);
        self.amount.fetch_add(amount, Ordering::Relaxed);
    }

    /// Where the two are, for a machine that adds to both at once.
    pub const fn as_ptr(&self) -> *mut u64 {
        self.times.as_ptr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_and_sums() {
        let tally = Tally::default();
        tally.add(100);
        tally.add(28);
        assert_eq!((tally.times(), tally.amount()), (2, 128));
    }
}
