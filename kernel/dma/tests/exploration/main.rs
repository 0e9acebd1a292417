//! INV-1 to INV-8 in every state that an adversary can bring small cases into: two lines of memory,
//! direct or bounced, in each direction.
//!
//! Between any two memory operations, inside copies and maintenance too, the adversary fetches, evicts,
//! finishes maintenance early, and says when each access of the device happens; as often as it likes.
//! Every byte carries its owner in its upper half, so that a byte of somebody else is seen wherever it
//! turns up.
//!
//! Each test prints how many states it went on from, and fails if they are fewer than they were when it
//! was written, save for some: a search may not shrink unseen.
#![expect(unsafe_code, reason = "launches mappings and plays the device")]

#[path = "../common/mod.rs"]
mod common;

mod address;
mod bed;
mod mapping;
mod ring;

use hal::PAGE;
use sim::{Builder, Explored, Machine, explore_states};

/// A pool of one page.
const POOL: (u64, u64) = (0x1000_0000, PAGE);

/// Owners, as the upper half of a byte.
const CPU: u8 = 0xA0;
const CHANGED: u8 = 0xB0;
const DEVICE: u8 = 0xC0;
const NEIGHBOUR: u8 = 0x10;
const FORMER: u8 = 0x50;

fn tags(owner: u8, len: usize) -> Vec<u8> {
    (0..len).map(|i| owner | (i as u8 % 16)).collect()
}

/// Searches of one test.
struct Search {
    states: usize,
}

impl Search {
    const fn new() -> Self {
        Self { states: 0 }
    }

    /// Every state of one case.
    fn case(&mut self, name: &str, scenario: impl FnMut(&Machine)) {
        let machine = Builder::empty().bank(POOL.0, 2 * PAGE);
        let Explored { states, runs } = explore_states(&machine.bank(0x4000_0000, PAGE), scenario);
        println!("{name}: explored {states} states in {runs} runs");
        self.states += states;
    }

    /// Says how many states there were, and that they were not fewer than ever.
    fn end(self, at_least: usize) {
        println!("explored {} states", self.states);
        let Self { states } = self;
        assert!(
            states > at_least,
            "{states} states, and there were more than {at_least}"
        );
    }
}
