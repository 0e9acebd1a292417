//! How much of something is in use, and the most that ever was (ST-1).
//!
//! Exact, whatever cores do at once: the mark is the highest value that the count ever had since the reset.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A count, and its high-water mark.
#[derive(Debug, Default)]
pub(crate) struct Level {
    used: AtomicU32,
    most: AtomicU32,
}

impl Level {
    pub(crate) const fn new() -> Self {
        Self {
            used: AtomicU32::new(0),
            most: AtomicU32::new(0),
        }
    }

    /// So many more.
    #[inline]
    pub(crate) fn took(&self, count: u32) {
        let now = self.used.fetch_add(count, Relaxed).wrapping_add(count);
        // One load for nearly every call: the mark is seldom passed.
        if now > self.most.load(Relaxed) {
            self.most.fetch_max(now, Relaxed);
        }
    }

    /// So many less.
    #[inline]
    pub(crate) fn gave(&self, count: u32) {
        self.used.fetch_sub(count, Relaxed);
    }

    pub(crate) fn used(&self) -> u32 {
        self.used.load(Relaxed)
    }

    pub(crate) fn most(&self) -> u32 {
        self.most.load(Relaxed)
    }

    /// Lets the mark start from nothing, as Linux does.
    pub(crate) fn reset(&self) {
        self.most.store(0, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::sync::Barrier;
    use std::thread;

    #[test]
    fn st_1_the_mark_is_exact_with_four_cores_at_once() {
        let (level, together) = (Level::new(), Barrier::new(4));
        thread::scope(|scope| {
            for core in 1..=4 {
                let (level, together) = (&level, &together);
                scope.spawn(move || {
                    for round in 0..200 {
                        // Alone at first, then all at the same time.
                        level.took(core);
                        level.gave(core);
                        together.wait();
                        level.took(core + round % 2);
                        together.wait();
                        assert!(level.used() >= 10);
                        together.wait();
                        level.gave(core + round % 2);
                        together.wait();
                    }
                });
            }
        });
        assert_eq!((level.used(), level.most()), (0, 14));
        level.reset();
        level.took(1);
        assert_eq!(level.most(), 1, "from nothing");
    }
}
