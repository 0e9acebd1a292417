//! Pools of the benchmark's own, whose slots nobody else takes: how full they are is for a case to say.
//!
//! They are made when a case first wants them, and stay: 130 MiB of zone `Dma`.

extern crate alloc;

use super::{Stand, Trouble};
use alloc::boxed::Box;
use arch::Board;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use dma::swiotlb::{CHUNK, CHUNKS, Growth, Pool, SLOT, Supply};
use dma::{Bouncing, Dma};
use hal::{PAGE, PageSource, RamRegion, Zone};
use mm::Zones;
use spin::Once;

/// Slots of a pool of fixed size: as many as Linux has by default, so that rows of both are about the same
/// number in use.
pub(super) const SLOTS: u64 = 32_768;
/// Where the pool that grows begins, as Linux's in the rows that ours are held against.
const FLOOR: u64 = CHUNK;
/// Microseconds for which a chunk stays empty before it goes, by the clock of [`Rig::later`].
const IDLE_US: u64 = 1_000;

/// See the module. None of the layers has cells: what bounces takes slots.
pub(super) struct Rig {
    /// Over a pool of [`SLOTS`].
    pub(super) fixed: &'static Dma<Board>,
    /// Over a pool that grows when it must, and is looked after when a case says so.
    pub(super) growing: &'static Dma<Board>,
    /// Slots alone, [`SLOTS`] of them.
    pub(super) pool: &'static Pool<Board>,
}

/// What the growing pool grows by.
struct Low {
    zones: &'static Zones<Board>,
    now: AtomicU64,
    /// There is no memory.
    drought: AtomicBool,
}

static LOW: Once<Low> = Once::new();
static RIG: Once<Rig> = Once::new();

/// The rig. Allocates when it is first asked for.
pub(super) fn rig(stand: &Stand) -> Result<&'static Rig, Trouble> {
    RIG.try_call_once(|| make(stand.memory.zones))
}

fn make(zones: &'static Zones<Board>) -> Result<Rig, Trouble> {
    Ok(Rig {
        fixed: layer(fixed(zones)?),
        growing: layer(growing(zones)?),
        pool: Box::leak(Box::new(fixed(zones)?)),
    })
}

#[inline(never)]
fn fixed(zones: &'static Zones<Board>) -> Result<Pool<Board>, Trouble> {
    Ok(Pool::new(zones.alloc(SLOTS * SLOT, CHUNK, Zone::Dma)?)?)
}

#[inline(never)]
fn growing(zones: &'static Zones<Board>) -> Result<Pool<Board>, Trouble> {
    let (now, drought) = (AtomicU64::new(0), AtomicBool::new(false));
    let growth = Growth {
        supply: LOW.call_once(|| Low {
            zones,
            now,
            drought,
        }),
        ceiling: CHUNKS,
        idle_us: IDLE_US,
    };
    Ok(Pool::growing(
        zones.alloc(FLOOR, CHUNK, Zone::Dma)?,
        growth,
        1,
    )?)
}

/// A layer is larger than a stack should have twice.
#[inline(never)]
fn layer(pool: Pool<Board>) -> &'static Dma<Board> {
    let made = Dma::new(Board, Bouncing::AsNeeded, Some(pool));
    // The right to look into it is not used.
    let (layer, _) = made.expect("the kernel's own layer was made for the same lines");
    Box::leak(Box::new(layer))
}

impl Rig {
    /// Looks after the growing pool, at a time when what has been idle since the last such look may go.
    pub(super) fn later(&self) {
        if let Some(low) = LOW.get() {
            low.now.fetch_add(2 * IDLE_US, Ordering::Relaxed);
        }
        self.growing.tend_pool();
    }

    /// Whether there is no memory for the growing pool from now on. When there is again, some came back.
    pub(super) fn set_drought(&self, drought: bool) {
        if let Some(low) = LOW.get() {
            low.drought.store(drought, Ordering::Relaxed);
            if let Ok(page) = low.zones.alloc(PAGE, PAGE, Zone::Dma) {
                low.zones.free(page);
            }
        }
    }
}

impl Supply for Low {
    fn take(&self, bytes: u64, align: u64) -> Option<RamRegion> {
        if self.drought.load(Ordering::Relaxed) {
            return None;
        }
        self.zones.alloc(bytes, align, Zone::Dma).ok()
    }

    fn give_back(&self, region: RamRegion) {
        self.zones.free(region);
    }

    fn frees(&self) -> Option<u64> {
        Some(self.zones.dma_frees())
    }

    fn micros(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    /// A case looks after it itself.
    fn tend_soon(&self) {}

    fn tend_in(&self, _: u64) {}
}
