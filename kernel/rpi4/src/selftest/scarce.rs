//! A pool, that of the channels, with next to nothing in it, for tests of what happens then: the rest is reserved.

extern crate alloc;

use super::bed::Bed;
use super::copy::told;
use super::{Reason, reason};
use crate::layer::inspector;
use alloc::vec::Vec;
use arch::Board;
use dma::swiotlb::{CHUNK, SLOT};
use dma::{DmaDevice, Reservation, ReserveError};
use spin::Once;

/// A device that does nothing but have slots.
static HOLDER: Once<DmaDevice> = Once::new();

/// What is reserved, until this is dropped.
pub(super) struct Scarce(#[expect(dead_code, reason = "held for its drop")] Vec<Reserved>);

type Reserved = Reservation<'static, Board>;

impl Scarce {
    /// Leaves `slots` free slots in a row, and has the pool at its ceiling.
    pub(super) fn leave(bed: &Bed, slots: u32) -> Result<Self, Reason> {
        let holder = holder(bed)?;
        let reserve = |cells: u32, len: u64| bed.dma().reserve(holder, cells as usize, len, 1);
        let mut held = Vec::new();
        // The pool grows for each, as long as it can.
        let mut cells = 32;
        while cells > 0 {
            match reserve(cells, CHUNK) {
                Ok(reservation) => held.push(reservation),
                Err(ReserveError::PoolFull { .. } | ReserveError::TooLong { .. }) => {}
                Err(error) => return Err(told(error)),
            }
            cells /= 2;
        }
        let spared = reserve(1, u64::from(slots) * SLOT).map_err(told)?;
        let free = || {
            let usage = bed.pool().map(|pool| pool.usage());
            usage.map_or(0, |usage| usage.total - usage.used)
        };
        held.push(reserve(free(), SLOT).map_err(told)?);
        drop(spared);
        if free() != slots {
            return Err(reason(format_args!(
                "{} slots are free, not {slots}",
                free()
            )));
        }
        Ok(Self(held))
    }
}

fn holder(bed: &Bed) -> Result<&'static DmaDevice, Reason> {
    let holder = HOLDER.try_call_once(|| {
        let windows = inspector().reach(bed.master()).windows();
        let builder = DmaDevice::builder("selftest").windows(windows);
        // Of the pool that the channels bounce through.
        match inspector().restricted_pool(bed.master()) {
            Some(own) => builder.restricted(own),
            None => builder,
        }
        .build(&bed.memory.ram())
    });
    holder.map_err(told)
}
