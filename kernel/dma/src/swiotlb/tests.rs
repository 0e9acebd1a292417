//! The pool against an obvious model: an array of slots for each chunk.

extern crate std;

mod bitmap;
mod growth;
mod intruders;
mod marks;
mod refusals;
mod reserved;
mod rules;
mod schedules;
mod supply;
mod waiting;

use super::layout::Layout;
use super::model::{Core, region};
use super::pool::Pool;
use super::{CHUNK, SLOT};
use crate::limits::Limits;
use hal::PhysAddr;

/// Where the pools of these tests lie.
const BASE: u64 = 16 * CHUNK;

/// A pool of `slots` slots.
fn pool(slots: u64) -> Pool<Core> {
    Pool::new(region(BASE, slots * SLOT)).expect("low, and aligned")
}

/// The shape of `len` bytes at `orig`, if it fits at all.
fn shape(pool: &Pool<Core>, orig: u64, len: u64, limits: &Limits, area: u64) -> Option<Layout> {
    Layout::new(PhysAddr::new(orig), len, limits, area, pool.capacity()).ok()
}

/// The shape of `len` bytes of which nothing is demanded.
fn plain(pool: &Pool<Core>, len: u64) -> Layout {
    shape(pool, 0, len, &Limits::DEFAULT, 0).expect("fits")
}

impl Pool<Core> {
    /// The slot around `at`.
    fn find(&self, at: PhysAddr) -> Option<(usize, u32)> {
        super::origins::Places::slot_at(self, at)
    }
}
