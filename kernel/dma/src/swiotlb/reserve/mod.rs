//! Private cells: slots that were taken for one device when it was probed, so that later maps within them
//! cannot fail, whatever becomes of the rest of the pool.
//!
//! Bytes alone could not promise that: the pool may have them, and no run of them. So a reservation is a
//! number of equal runs, each long enough for the longest buffer wherever the original lies (`shape`). A
//! map takes a cell if the buffer is no longer than what was reserved for, and the pool's slots if it is
//! longer or all cells are in use. A cell that is in use, or in quarantine, stays used until it comes home.
//!
//! Given up, a reservation's free cells go back to the pool at once, the others as they come home, with
//! nothing allocated and nothing freed there.
//!
//! Context: a reservation is made by a thread, which may grow the pool and allocates; taking a cell and
//! giving it back are for any context.

mod set;
mod shape;

pub(crate) use shape::{NoShape, cell};

use super::layout::Layout;
use super::pool::Pool;
use super::terms::Terms;
use super::{Full, Slots};
use alloc::vec::Vec;
use hal::{Cpu, Irq, IrqLock, PhysRange, Rank};
use set::Set;

extern crate alloc;

/// Reservations that a pool can have at a time.
pub const SETS: usize = 16;
/// Tells the slots of a cell by their chunk: there is none of such a number.
const PRIVATE: u8 = 0x80;

/// The reservations of a pool. Lock order: as a chunk's, and never held with one.
pub(super) struct Reserved<I>([IrqLock<Set, I>; SETS]);

/// One reservation at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetUsage {
    /// Whose.
    pub device: &'static str,
    /// Cells.
    pub cells: u32,
    /// Of these in use, or in quarantine.
    pub used: u32,
    /// Bytes of the longest buffer that fits.
    pub max_len: u64,
    /// Slots in each.
    pub slots: u32,
}

/// A reservation's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SetNumber(u8);

/// Why there is no reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Short {
    /// All sets are somebody's.
    Sets,
    /// No heap for the bookkeeping.
    Heap,
    /// The pool had only so many cells.
    Cells(usize, Full),
}

impl Slots {
    /// Are they a cell's?
    #[inline]
    pub(crate) fn are_private(&self) -> bool {
        self.chunk & PRIVATE != 0
    }
}

impl<I: Irq> Reserved<I> {
    pub(super) fn new() -> Self {
        const NAME: &str = "cells that a device reserved";
        Self([(); SETS].map(|()| IrqLock::new(Rank::Layer, NAME, Set::new())))
    }

    fn set(&self, number: SetNumber) -> &IrqLock<Set, I> {
        &self.0[usize::from(number.0) % SETS]
    }
}

impl<I: Irq + Cpu> Pool<I> {
    /// Takes `count` cells of the given shape and `bytes` for the device of `terms`, for buffers of up to
    /// `max_len` bytes. All of them, or none.
    ///
    /// Context: thread; allocates.
    pub(crate) fn reserve(
        &self,
        terms: &Terms,
        count: usize,
        (shape, bytes): (Layout, u64),
        max_len: u64,
    ) -> Result<SetNumber, Short> {
        let sets = &self.reserved().0;
        let mut numbers = 0..SETS;
        let number = numbers.find(|number| sets[*number].lock().claim(terms));
        let number = number.ok_or(Short::Sets)?;
        match self.take_cells(count, (shape, bytes)) {
            Ok((cells, free)) => {
                let mut set = sets[number].lock();
                let before = set.open(max_len, cells, free);
                terms.add_set(number);
                drop(set);
                drop(before);
                self.waiting().tell();
                Ok(SetNumber(number as u8))
            }
            Err(short) => {
                sets[number].lock().vacate();
                Err(short)
            }
        }
    }

    /// The cells, by address, and a bit for each.
    fn take_cells(
        &self,
        count: usize,
        (shape, bytes): (Layout, u64),
    ) -> Result<(Vec<Option<Slots>>, Vec<u64>), Short> {
        let (mut cells, mut free) = (Vec::new(), Vec::new());
        cells.try_reserve_exact(count).map_err(|_| Short::Heap)?;
        let words = count.div_ceil(64);
        free.try_reserve_exact(words).map_err(|_| Short::Heap)?;
        free.resize(words, 0);
        while cells.len() < count {
            match self.alloc(&shape, bytes) {
                Ok(cell) => cells.push(Some(cell)),
                Err(full) => {
                    let got = cells.len();
                    cells
                        .into_iter()
                        .flatten()
                        .for_each(|cell| self.release(cell));
                    return Err(Short::Cells(got, full));
                }
            }
        }
        cells.sort_unstable_by_key(|cell| cell.as_ref().map(|cell| cell.data().start()));
        Ok((cells, free))
    }

    /// A cell for `len` bytes of the given shape, if the device of `terms` has one: of the shortest that
    /// will do.
    pub(crate) fn alloc_private(&self, terms: &Terms, layout: &Layout, len: u64) -> Option<Slots> {
        let mut sets = terms.sets();
        while sets != 0 {
            let number = self.tightest(terms, sets, len)?;
            let taken = self.reserved().0[number]
                .lock()
                .take(terms.device(), layout, len);
            if let Some((index, data)) = taken {
                return Some(Slots {
                    pool: self.shared().number,
                    chunk: PRIVATE | number as u8,
                    first: index as u16,
                    count: layout.slots,
                    data,
                });
            }
            sets &= !(1 << number);
        }
        None
    }

    /// Takes and leaves the lock of each set (see `waiting`).
    pub(super) fn sweep_private(&self) {
        self.reserved().0.iter().for_each(|set| drop(set.lock()));
    }

    /// Of `sets`, the one with the shortest cells among those that have one.
    fn tightest(&self, terms: &Terms, sets: u32, len: u64) -> Option<usize> {
        let offer = |number: &usize| {
            let set = self.reserved().0[*number].lock();
            if !set.is_of(terms.device()) {
                // Given up, and home.
                terms.remove_set(*number);
            }
            set.offers(terms.device(), len)
        };
        let numbers = super::classes::bits(u64::from(sets));
        let offers = numbers.filter_map(|number| Some((offer(&number)?, number)));
        offers.min().map(|(_, number)| number)
    }

    /// Takes a cell back.
    #[cold]
    pub(super) fn release_private(&self, slots: &Slots) {
        let number = SetNumber(slots.chunk & !PRIVATE);
        let mut set = self.reserved().set(number).lock();
        let home = set.give(usize::from(slots.first));
        // Under the lock: see `waiting`.
        let waited = self.waiting().is_any();
        drop(set);
        if waited {
            self.waiting().ask();
        }
        if let Some(cell) = home {
            self.release(cell);
        }
    }

    /// Slots that were found by their address, as they were handed out: a cell's, if they lie in one.
    pub(crate) fn recall(&self, terms: &Terms, slots: Slots) -> Slots {
        let mut numbers = super::classes::bits(u64::from(terms.sets()));
        let in_set = |number: usize| {
            let set = self.reserved().0[number].lock();
            let index = set.cell_around(terms.device(), slots.data())?;
            Some((number, index))
        };
        match numbers.find_map(in_set) {
            Some((number, index)) => Slots {
                chunk: PRIVATE | number as u8,
                first: index as u16,
                ..slots
            },
            None => slots,
        }
    }

    /// The first cell of a reservation for which `wanted` holds.
    pub(crate) fn first_cell(
        &self,
        number: SetNumber,
        wanted: impl Fn(PhysRange) -> bool,
    ) -> Option<PhysRange> {
        self.reserved().set(number).lock().find(wanted)
    }

    /// Gives a reservation up.
    ///
    /// Context: any.
    pub(crate) fn give_up(&self, number: SetNumber) {
        let set = self.reserved().set(number);
        set.lock().close();
        loop {
            let cell = set.lock().next_out();
            let Some(cell) = cell else {
                return;
            };
            self.release(cell);
        }
    }

    /// The reservations at this moment.
    pub fn reservations(&self) -> impl Iterator<Item = SetUsage> + '_ {
        self.reserved()
            .0
            .iter()
            .filter_map(|set| set.lock().usage())
    }
}
