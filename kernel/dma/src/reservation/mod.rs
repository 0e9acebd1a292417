//! Bounce buffers that a driver reserves when it is probed, so that its maps cannot fail for want of any.

mod error;

pub use error::ReserveError;

use crate::device::DmaDevice;
use crate::layer::Dma;
use crate::swiotlb::{Full, NoShape, SETS, SetNumber, Short, cell};
use core::fmt;
use hal::Platform;

/// Cells of the bounce pool that are one device's for as long as this lives. Each of its maps that has to
/// bounce and is no longer than what was reserved for has one, as long as one is free.
///
/// Dropping it gives the cells back: those in use, or in quarantine, when they come home. Forgetting it
/// keeps them reserved for ever.
#[must_use = "what is dropped is not reserved"]
pub struct Reservation<'d, P: Platform> {
    dma: &'d Dma<P>,
    device: &'d DmaDevice,
    set: SetNumber,
    slots: u32,
}

impl<P: Platform> Dma<P> {
    /// Reserves `count` bounce buffers for `device`, each for up to `max_len` bytes wherever the original
    /// lies, and starting on a multiple of `align` (1 if that is all the same) but for what the device's
    /// alignment mask adds: as long as no more of its mappings, or elements of its lists, of up to so many
    /// bytes have to bounce at a time, none of them fails for want of slots, whatever else is going on.
    ///
    /// Reserved cells are no part of the device's quota, and longer buffers do not use them. The pool
    /// grows for them, if it can. A device may have several reservations: for a buffer the one with the
    /// shortest cells counts.
    ///
    /// Context: thread, at probe; allocates.
    pub fn reserve<'d>(
        &'d self,
        device: &'d DmaDevice,
        count: usize,
        max_len: u64,
        align: u64,
    ) -> Result<Reservation<'d, P>, ReserveError> {
        let pool = self.pool_of(device).ok_or(ReserveError::NoPool)?;
        if count == 0 || max_len == 0 {
            return Err(ReserveError::Nothing);
        }
        let limits = device.limits();
        let too_long = |max| ReserveError::TooLong { len: max_len, max };
        let whole = max_len.checked_next_multiple_of(limits.granule);
        let whole = whole.ok_or(too_long(u64::MAX))?;
        let shape = cell(limits, whole, align, pool.capacity());
        let (shape, bytes) = shape.map_err(|why| match why {
            NoShape::TooLong(max) => too_long(max),
            NoShape::Align => ReserveError::Align { bytes: align },
        })?;
        let set = pool.reserve(device.terms(), count, (shape, bytes), whole);
        let set = set.map_err(|short| refused(short, count, shape.slots))?;
        let slots = shape.slots * count as u32;
        self.users.took_many(device, slots);
        let reservation = Reservation {
            dma: self,
            device,
            set,
            slots,
        };
        let hidden = pool.first_cell(set, |at| device.reach().reach_slots(at).is_none());
        match hidden {
            Some(cell) => Err(ReserveError::Unreachable { cell }),
            None => Ok(reservation),
        }
    }
}

fn refused(short: Short, cells: usize, slots: u32) -> ReserveError {
    match short {
        Short::Sets => ReserveError::TooMany { max: SETS },
        Short::Heap => ReserveError::NoHeap { cells },
        Short::Cells(
            found,
            Full {
                free, largest_run, ..
            },
        ) => ReserveError::PoolFull {
            cells,
            found,
            slots,
            free,
            largest_run,
        },
    }
}

impl<'d, P: Platform> Reservation<'d, P> {
    /// The device that the cells are for.
    pub fn device(&self) -> &'d DmaDevice {
        self.device
    }
}

impl<P: Platform> Drop for Reservation<'_, P> {
    fn drop(&mut self) {
        let pool = self.dma.pool_of(self.device);
        let pool = pool.expect("cells come from a pool");
        pool.give_up(self.set);
        self.dma.users.gave_many(self.device.id(), self.slots);
    }
}

impl<P: Platform> fmt::Debug for Reservation<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (slots, name) = (self.slots, self.device.name());
        write!(f, "Reservation({slots} slots for {name})")
    }
}
