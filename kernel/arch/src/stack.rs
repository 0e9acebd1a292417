//! Stacks and the guard pages under them, as the image registers them.

use core::ops::Range;

/// One stack: where it is, and the unmapped pages below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// For messages: `"core 0"`, `"core 0 exceptions"`.
    pub name: &'static str,
    /// Its bytes. Backtraces read inside these ranges alone.
    pub range: Range<u64>,
    /// Unmapped addresses below it. A fault here is an overflow.
    pub guard: Range<u64>,
}

impl Stack {
    /// The stack that overflowed, if `far` lies in a guard.
    pub fn overflowed(stacks: &[Self], far: u64) -> Option<&Self> {
        stacks.iter().find(|stack| stack.guard.contains(&far))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACKS: [Stack; 2] = [
        Stack {
            name: "a",
            range: 0x2000..0x3000,
            guard: 0x1000..0x2000,
        },
        Stack {
            name: "b",
            range: 0x4000..0x5000,
            guard: 0x3000..0x4000,
        },
    ];

    #[test]
    fn an_overflow_names_the_stack_above_the_guard() {
        let name = |far| Stack::overflowed(&STACKS, far).map(|stack| stack.name);
        assert_eq!(name(0x1FF0), Some("a"));
        assert_eq!(name(0x3000), Some("b"));
        assert_eq!(name(0x2000), None);
        assert_eq!(name(0xFFF), None);
    }
}
