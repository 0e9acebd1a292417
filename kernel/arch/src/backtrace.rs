//! A walk along frame records that cannot fault and cannot loop.
//!
//! Each record is two words: the caller's record, and the address it is returned to (AAPCS64). The
//! words may be garbage after a wild store, so a record counts only if it lies in a known stack,
//! is aligned, and is above the last one of the same stack. A walk may pass from an exception stack
//! to that of the interrupted thread; the bound on its length ends a circle between two stacks.

use crate::stack::Stack;

/// Records that are followed at most.
const MAX_DEPTH: usize = 64;
const RECORD: u64 = 16;

/// Return addresses, innermost first.
pub struct Backtrace<'a, R> {
    stacks: &'a [Stack],
    read: R,
    fp: u64,
    /// Lower limit of the next record, if it is in the same stack: (stack, address).
    above: Option<(usize, u64)>,
    left: usize,
}

impl<'a, R: FnMut(u64) -> u64> Backtrace<'a, R> {
    /// Starts at the record `fp`. `read` loads the word at an address that is a multiple of 8 and
    /// lies in one of `stacks`.
    pub fn new(stacks: &'a [Stack], fp: u64, read: R) -> Self {
        Self {
            stacks,
            read,
            fp,
            above: None,
            left: MAX_DEPTH,
        }
    }

    /// Index of the stack that holds the record at `fp`, if it may be read.
    fn holder(&self, fp: u64) -> Option<usize> {
        let end = fp.checked_add(RECORD)?;
        let holds = |stack: &Stack| stack.range.start <= fp && end <= stack.range.end;
        let index = self.stacks.iter().position(holds)?;
        let in_order = match self.above {
            Some((last, limit)) if last == index => fp >= limit,
            _ => true,
        };
        (in_order && fp.is_multiple_of(8)).then_some(index)
    }
}

impl<R: FnMut(u64) -> u64> Iterator for Backtrace<'_, R> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.left = self.left.checked_sub(1)?;
        let stack = self.holder(self.fp)?;
        let (caller, returns_to) = ((self.read)(self.fp), (self.read)(self.fp + 8));
        self.above = Some((stack, self.fp + RECORD));
        self.fp = caller;
        (returns_to != 0).then_some(returns_to)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{collections::BTreeMap, vec::Vec};

    fn stacks() -> [Stack; 2] {
        let stack = |start| Stack {
            name: "",
            range: start..start + 0x1000,
            guard: 0..0,
        };
        [stack(0x1000), stack(0x8000)]
    }

    /// Walks records given as (address, caller, return address); reading anything else panics.
    fn walk(fp: u64, records: &[(u64, u64, u64)]) -> Vec<u64> {
        let words: BTreeMap<u64, u64> = records
            .iter()
            .flat_map(|&(at, fp, lr)| [(at, fp), (at + 8, lr)])
            .collect();
        let stacks = stacks();
        Backtrace::new(&stacks, fp, |at| words[&at]).collect()
    }

    #[test]
    fn a_chain_is_followed_to_its_zero() {
        let chain = [(0x1F00, 0x1F40, 1), (0x1F40, 0x1FF0, 2), (0x1FF0, 0, 3)];
        assert_eq!(walk(0x1F00, &chain), [1, 2, 3]);
    }

    #[test]
    fn nothing_outside_the_stacks_or_misaligned_is_read() {
        for fp in [0, 0xFF8, 0x1FF8, 0x2000, 0x1F04, u64::MAX - 7] {
            assert_eq!(walk(fp, &[]), Vec::<u64>::new(), "{fp:#x}");
        }
    }

    #[test]
    fn a_record_below_its_callee_ends_the_walk() {
        assert_eq!(walk(0x1F00, &[(0x1F00, 0x1F00, 1)]), [1]);
        assert_eq!(walk(0x1F40, &[(0x1F40, 0x1F00, 1), (0x1F00, 0, 2)]), [1]);
        // Overlaps the record it was read from.
        assert_eq!(walk(0x1F40, &[(0x1F40, 0x1F48, 1)]), [1]);
    }

    #[test]
    fn a_walk_crosses_from_the_exception_stack_to_the_thread() {
        let chain = [(0x8F00, 0x1F00, 1), (0x1F00, 0, 2)];
        assert_eq!(walk(0x8F00, &chain), [1, 2]);
    }

    #[test]
    fn a_circle_between_two_stacks_ends() {
        let chain = [(0x8F00, 0x1F00, 1), (0x1F00, 0x8F00, 2)];
        assert_eq!(walk(0x8F00, &chain).len(), MAX_DEPTH);
    }
}
