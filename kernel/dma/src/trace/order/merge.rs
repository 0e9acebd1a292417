//! One order for all cores.

extern crate alloc;

use alloc::vec::Vec;
use hal::MAX_CPUS;

/// Brings the events of all cores into one order: each core's stay as they are, and of the cores' next
/// ones the one with the lowest stamp comes first.
pub fn merge<T>(cores: [Vec<T>; MAX_CPUS], stamp: impl Fn(&T) -> u64) -> Vec<(usize, T)> {
    let mut cores = cores.map(|events| events.into_iter().peekable());
    let mut all = Vec::new();
    loop {
        let heads = cores.iter_mut().enumerate();
        let heads = heads.filter_map(|(core, events)| Some((stamp(events.peek()?), core)));
        let Some((_, core)) = heads.min() else {
            return all;
        };
        all.extend(cores[core].next().map(|event| (core, event)));
    }
}
