//! The cells of one reservation, and which of them are free. A plain value: its lock is the pool's.

extern crate alloc;

use super::super::Slots;
use super::super::layout::Layout;
use super::super::terms::Terms;
use super::SetUsage;
use super::shape::place;
use crate::device::DeviceId;
use alloc::vec::Vec;
use hal::PhysRange;

/// How far a reservation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nobody's.
    Vacant,
    /// Somebody's, without cells yet.
    Making,
    /// Serves.
    Open,
    /// Given up: cells go back to the pool as they come home.
    Closing,
}

/// One reservation.
pub(super) struct Set {
    stage: Stage,
    owner: Option<(DeviceId, &'static str)>,
    max_len: u64,
    /// By address. None: back in the pool already. Storage stays for whoever is next, so that none is
    /// freed where a cell comes home.
    cells: Vec<Option<Slots>>,
    /// One bit for each cell.
    free: Vec<u64>,
}

impl Set {
    pub(super) const fn new() -> Self {
        Self {
            stage: Stage::Vacant,
            owner: None,
            max_len: 0,
            cells: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Takes a vacant set for the device of `terms`.
    pub(super) fn claim(&mut self, terms: &Terms) -> bool {
        let vacant = self.stage == Stage::Vacant;
        if vacant {
            self.stage = Stage::Making;
            self.owner = Some((terms.device(), terms.name()));
        }
        vacant
    }

    /// Serves from now on. Gives the storage back that was there before.
    pub(super) fn open(
        &mut self,
        max_len: u64,
        cells: Vec<Option<Slots>>,
        mut free: Vec<u64>,
    ) -> (Vec<Option<Slots>>, Vec<u64>) {
        for (index, _) in cells.iter().enumerate() {
            free[index / 64] |= 1 << (index % 64);
        }
        self.stage = Stage::Open;
        self.max_len = max_len;
        (
            core::mem::replace(&mut self.cells, cells),
            core::mem::replace(&mut self.free, free),
        )
    }

    /// Nobody's again.
    pub(super) fn vacate(&mut self) {
        self.stage = Stage::Vacant;
        self.owner = None;
    }

    pub(super) fn is_of(&self, device: DeviceId) -> bool {
        self.owner.is_some_and(|(owner, _)| owner == device)
    }

    /// The longest buffer that a cell of these holds, if one is free for `len` bytes of `device`.
    pub(super) fn offers(&self, device: DeviceId, len: u64) -> Option<u64> {
        let serves = self.stage == Stage::Open && self.is_of(device) && len <= self.max_len;
        (serves && self.free.iter().any(|word| *word != 0)).then_some(self.max_len)
    }

    /// Takes a cell for `len` bytes of the given shape: its number, and where in it they are.
    pub(super) fn take(
        &mut self,
        device: DeviceId,
        layout: &Layout,
        len: u64,
    ) -> Option<(usize, PhysRange)> {
        self.offers(device, len)?;
        let word = self.free.iter().position(|word| *word != 0)?;
        let index = word * 64 + self.free[word].trailing_zeros() as usize;
        let data = place(self.cells[index].as_ref()?, layout, len)?;
        self.free[word] &= self.free[word] - 1;
        Some((index, data))
    }

    /// Takes a cell back. Of a set that was given up it is the pool's.
    pub(super) fn give(&mut self, index: usize) -> Option<Slots> {
        let bit = 1 << (index % 64);
        assert!(self.free[index / 64] & bit == 0, "cell {index} is free");
        if self.stage == Stage::Closing {
            return self.take_out(index);
        }
        self.free[index / 64] |= bit;
        None
    }

    /// Serves no more.
    pub(super) fn close(&mut self) {
        self.stage = Stage::Closing;
    }

    /// Of a set that was given up, a cell that is free, for the pool. Without cells it is vacant.
    pub(super) fn next_out(&mut self) -> Option<Slots> {
        let word = self.free.iter().position(|word| *word != 0)?;
        let index = word * 64 + self.free[word].trailing_zeros() as usize;
        self.free[word] &= self.free[word] - 1;
        self.take_out(index)
    }

    fn take_out(&mut self, index: usize) -> Option<Slots> {
        let cell = self.cells[index].take();
        if self.cells.iter().all(Option::is_none) {
            self.vacate();
        }
        cell
    }

    /// The number of the cell in which `at` lies.
    pub(super) fn cell_around(&self, device: DeviceId, at: PhysRange) -> Option<usize> {
        if !self.is_of(device) {
            return None;
        }
        let around = |cell: &Option<Slots>| cell.as_ref().is_some_and(|c| c.data.contains(at));
        self.cells.iter().position(around)
    }

    /// The first cell for which `wanted` holds.
    pub(super) fn find(&self, wanted: impl Fn(PhysRange) -> bool) -> Option<PhysRange> {
        let mut cells = self.cells.iter().flatten().map(Slots::data);
        cells.find(|cell| wanted(*cell))
    }

    pub(super) fn usage(&self) -> Option<SetUsage> {
        let (_, device) = self.owner?;
        let cells = self.cells.iter().flatten();
        let free: u32 = self.free.iter().map(|word| word.count_ones()).sum();
        let first = cells.clone().next()?;
        Some(SetUsage {
            device,
            cells: cells.clone().count() as u32,
            used: cells.count() as u32 - free,
            max_len: self.max_len,
            slots: first.count,
        })
    }
}
