//! Restricted pools: memory that the tree sets aside for some devices, and all that these may have (RP).
//!
//! A device that is bound to one bounces everything through it, for whatever reason, forced or not; it
//! is never given a slot or a cell of the shared pool, nor a buffer where that lies. A pool that is full
//! refuses, and does not grow. Several devices may be bound to the same one. `swiotlb=noforce` takes the
//! shared pool away, and none of these.
//!
//! Without an IOMMU this confines honest devices alone. What it does for all: bytes of a restricted device
//! and of others are never in one page, so that no mapping shows it a stranger's.
//!
//! Pools are added before the layer is shared, and devices bound as they are made; neither ends.

extern crate alloc;

use crate::cells::Cells;
use crate::device::DmaDevice;
use crate::layer::Dma;
use crate::swiotlb::Pool;
use alloc::boxed::Box;
use core::fmt;
use hal::{PhysRange, Platform};

/// Restricted pools of a layer, at most.
pub const MAX_RESTRICTED: usize = 8;

/// Which pool of its layer: 0 is the one that is everybody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolNumber(u8);

impl PoolNumber {
    /// The pool of all devices that are bound to none.
    pub(crate) const SHARED: Self = Self(0);

    /// Is it the pool of all devices that are bound to none?
    #[inline]
    pub(crate) const fn is_shared(self) -> bool {
        self.0 == 0
    }
}

/// A restricted pool of a layer, by name, for [`Builder::restricted`](crate::Builder::restricted).
/// Nothing is done with it but binding devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestrictedPool {
    number: PoolNumber,
    name: &'static str,
    region: PhysRange,
}

impl RestrictedPool {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The memory from its first byte to its last.
    pub fn region(&self) -> PhysRange {
        self.region
    }

    pub(crate) fn number(&self) -> PoolNumber {
        self.number
    }
}

/// A layer has as many restricted pools as it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyPools {
    /// How many that are.
    pub max: usize,
}

impl fmt::Display for TooManyPools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let max = self.max;
        write!(
            f,
            "there are {max} restricted pools already: give several devices the same one"
        )
    }
}

/// What the devices of one pool bounce by.
pub(crate) struct Restricted<P: Platform> {
    pub(crate) handle: RestrictedPool,
    pub(crate) pool: Box<Pool<P>>,
    pub(crate) cells: Option<Cells>,
}

impl<P: Platform> Dma<P> {
    /// Adds a pool for the devices that will be bound to it, with cells of its own or without.
    ///
    /// Context: thread; allocates.
    pub fn add_restricted(
        &mut self,
        name: &'static str,
        pool: Pool<P>,
        cells: Option<Cells>,
    ) -> Result<RestrictedPool, TooManyPools> {
        let grants = self.grants;
        let pools = &mut self.restricted;
        if pools.len() >= MAX_RESTRICTED {
            return Err(TooManyPools {
                max: MAX_RESTRICTED,
            });
        }
        let number = PoolNumber(pools.len() as u8 + 1);
        let mut pool = pool.numbered(number);
        if let Some(grants) = grants {
            pool.serve_by(grants);
        }
        let handle = RestrictedPool {
            number,
            name,
            region: region(pool.range(), cells.as_ref().map(Cells::range)),
        };
        pools.push(Restricted {
            handle,
            pool: Box::new(pool),
            cells: cells.map(|cells| cells.numbered(number)),
        });
        Ok(handle)
    }

    /// What `device` bounces through, if anything.
    #[inline]
    pub(crate) fn pool_of(&self, device: &DmaDevice) -> Option<&Pool<P>> {
        self.pool_at(device.pool_number())
    }

    /// What small objects of `device` bounce by, if there are cells.
    #[inline]
    pub(crate) fn cells_of(&self, device: &DmaDevice) -> Option<&Cells> {
        self.cells_at(device.pool_number())
    }

    /// The pool of this number.
    #[inline]
    pub(crate) fn pool_at(&self, number: PoolNumber) -> Option<&Pool<P>> {
        if number.is_shared() {
            return self.pool();
        }
        self.restricted_at(number).map(|own| &*own.pool)
    }

    /// The cells of the pool of this number.
    #[inline]
    pub(crate) fn cells_at(&self, number: PoolNumber) -> Option<&Cells> {
        if number.is_shared() {
            return self.cells();
        }
        self.restricted_at(number)?.cells.as_ref()
    }

    // Most devices are bound to none.
    #[cold]
    fn restricted_at(&self, number: PoolNumber) -> Option<&Restricted<P>> {
        self.restricted.get(usize::from(number.0).checked_sub(1)?)
    }
}

/// From the first byte of slots and cells to the last.
fn region(slots: PhysRange, cells: Option<PhysRange>) -> PhysRange {
    let cells = cells.unwrap_or(slots);
    let start = slots.start().min(cells.start());
    let end = slots.end().max(cells.end());
    PhysRange::between(start, end).expect("longer than either")
}
