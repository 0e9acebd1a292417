//! Which cells are free: a bit each, 64 words, no lock.
//!
//! A run lies within one word, so taking it is one exchange. `Acquire` there and `Release` where it is
//! given back order the former owner's last load of the cells before the next one's first store.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicU32, AtomicU64};
use hal::{CpuId, MAX_CPUS};

/// Words there are.
pub(super) const WORDS: usize = 64;

/// Words that share a line: what a core prefers at first is another line for each.
#[derive(Debug)]
#[repr(align(64))]
struct Line<T>(T);

#[derive(Debug)]
pub(super) struct Words {
    /// Set bits are free.
    free: Line<[AtomicU64; WORDS]>,
    /// The word that each core looks at first: one where it last found, or freed, a cell.
    preferred: [Line<AtomicU32>; MAX_CPUS],
}

/// Bit `i` is set where `count` set bits start at `i`, all inside the word. `count` is 1 to 4.
#[inline]
pub(super) fn run_starts(free: u64, count: u32) -> u64 {
    (1..count).fold(free, |starts, shift| starts & free >> shift)
}

/// `count` set bits from `at` on.
#[inline]
const fn run_mask(at: u32, count: u32) -> u64 {
    ((1 << count) - 1) << at
}

impl Words {
    /// The first `total` bits are free, the others never will be.
    pub(super) fn new(total: u32) -> Self {
        let free = |word: usize| match total.saturating_sub(word as u32 * u64::BITS) {
            rest if rest >= u64::BITS => u64::MAX,
            rest => (1 << rest) - 1,
        };
        let home = |core: usize| (core * (WORDS / MAX_CPUS)) as u32;
        Self {
            free: Line(core::array::from_fn(|word| AtomicU64::new(free(word)))),
            preferred: core::array::from_fn(|core| Line(AtomicU32::new(home(core)))),
        }
    }

    /// How many are free.
    pub(super) fn free(&self) -> u32 {
        let words = self.free.0.iter();
        words.map(|word| word.load(Relaxed).count_ones()).sum()
    }

    #[inline]
    fn preferred(&self, cpu: CpuId) -> &AtomicU32 {
        &self.preferred[cpu.index()].0
    }

    /// Takes `count` (1 to 4) neighbours: the number of the first.
    #[inline]
    pub(super) fn take(&self, cpu: CpuId, count: u32) -> Option<u32> {
        let first = self.preferred(cpu).load(Relaxed) as usize % WORDS;
        match self.take_from(first, count) {
            Some(bit) => Some(number(first, bit)),
            None => self.search(cpu, first, count),
        }
    }

    /// Takes them from any word behind `first`, and stays there.
    #[cold]
    fn search(&self, cpu: CpuId, first: usize, count: u32) -> Option<u32> {
        let others = (1..WORDS).map(|step| (first + step) % WORDS);
        let mut found = others.filter_map(|word| Some((word, self.take_from(word, count)?)));
        let (word, bit) = found.next()?;
        self.preferred(cpu).store(word as u32, Relaxed);
        Some(number(word, bit))
    }

    #[inline]
    fn take_from(&self, word: usize, count: u32) -> Option<u32> {
        let word = &self.free.0[word];
        let mut free = word.load(Relaxed);
        loop {
            let starts = run_starts(free, count);
            if starts == 0 {
                return None;
            }
            let bit = starts.trailing_zeros();
            let left = free & !run_mask(bit, count);
            match word.compare_exchange_weak(free, left, Acquire, Relaxed) {
                Ok(_) => return Some(bit),
                Err(now) => free = now,
            }
        }
    }

    /// Gives `count` from `first` on back.
    #[inline]
    pub(super) fn give(&self, cpu: CpuId, first: u32, count: u32) {
        let word = (first / u64::BITS) as usize % WORDS;
        let mask = run_mask(first % u64::BITS, count);
        let before = self.free.0[word].fetch_or(mask, Release);
        debug_assert!(before & mask == 0, "cells given back twice");
        // They are still at hand.
        self.preferred(cpu).store(word as u32, Relaxed);
    }
}

fn number(word: usize, bit: u32) -> u32 {
    word as u32 * u64::BITS + bit
}
