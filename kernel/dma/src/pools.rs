//! The pools of a layer, one by one, for reports and tests.

use crate::cells;
use crate::device::DmaDevice;
use crate::inspect::Inspector;
use crate::layer::Dma;
use crate::reason::Bouncing;
use crate::restricted::RestrictedPool;
use crate::swiotlb::{CHUNKS, ChunkUsage, Extent, Pool, Usage};
use core::fmt;
use hal::{PhysRange, Platform};

/// The name of the pool of all devices that are bound to none.
const SHARED: &str = "shared";

/// One pool, at the moments at which it is asked.
pub struct PoolView<'a, P: Platform> {
    handle: Option<RestrictedPool>,
    pool: &'a Pool<P>,
    cells: Option<&'a cells::Cells>,
}

impl<'a, P: Platform> PoolView<'a, P> {
    /// The pool's name: a restricted one's is the tree's.
    pub fn name(&self) -> &'static str {
        self.handle.map_or(SHARED, |handle| handle.name())
    }

    /// The restricted pool that it is, if it is not the one of all other devices.
    pub fn restricted(&self) -> Option<RestrictedPool> {
        self.handle
    }

    /// Where its first memory is: of a restricted pool all there is, cells aside.
    pub fn range(&self) -> PhysRange {
        self.pool.range()
    }

    /// Occupancy.
    pub fn usage(&self) -> Usage {
        self.pool.usage()
    }

    /// How large it is and may become.
    pub fn extent(&self) -> Extent {
        self.pool.extent()
    }

    /// Its chunks, one by one.
    pub fn chunks(&self) -> impl Iterator<Item = ChunkUsage> + use<'a, P> {
        let pool = self.pool;
        (0..CHUNKS).filter_map(|index| pool.chunk_usage(index))
    }

    /// Where its cells are, and how many are in use, if it has any.
    pub fn cells(&self) -> Option<(PhysRange, cells::Usage)> {
        self.cells.map(|cells| (cells.range(), cells.usage()))
    }
}

impl Inspector {
    /// All pools of a layer: the shared one first, if there is one.
    pub fn pools<'a, P: Platform>(
        &self,
        dma: &'a Dma<P>,
    ) -> impl Iterator<Item = PoolView<'a, P>> + use<'a, P> {
        let shared = dma.pool().map(|pool| PoolView {
            handle: None,
            pool,
            cells: dma.cells(),
        });
        let restricted = dma.restricted.iter().map(|own| PoolView {
            handle: Some(own.handle),
            pool: &own.pool,
            cells: own.cells.as_ref(),
        });
        shared.into_iter().chain(restricted)
    }

    /// The pool that `device` bounces through, if there is one.
    pub fn pool_of<'a, P: Platform>(
        &self,
        dma: &'a Dma<P>,
        device: &DmaDevice,
    ) -> Option<PoolView<'a, P>> {
        let own = device.restricted_pool();
        self.pools(dma).find(|view| view.handle == own)
    }

    /// Slots that a device has right now, of whichever pool, and the most that it had at one moment
    /// since the mark was reset (ST-1). What it reserved counts as a whole.
    pub fn slots_of<P: Platform>(&self, dma: &Dma<P>, device: &DmaDevice) -> (u32, u32) {
        dma.users.of(device.id())
    }

    /// Lets the high-water marks of all pools and devices start anew (ST-1).
    pub fn reset_high_water<P: Platform>(&self, dma: &Dma<P>) {
        let pools = dma.restricted.iter().map(|own| &*own.pool);
        pools.chain(dma.pool()).for_each(Pool::reset_high_water);
        dma.users.reset();
    }

    /// What of `device` bounces: of one with a restricted pool everything, whatever the command line says.
    pub fn bouncing_of<P: Platform>(&self, dma: &Dma<P>, device: &DmaDevice) -> Bouncing {
        match device.restricted_pool() {
            Some(_) => Bouncing::Forced,
            None => dma.bouncing(),
        }
    }

    /// The restricted pool that `device` is bound to, if any.
    pub fn restricted_pool(&self, device: &DmaDevice) -> Option<RestrictedPool> {
        device.restricted_pool()
    }
}

impl<P: Platform> fmt::Debug for PoolView<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PoolView({})", self.name())
    }
}
