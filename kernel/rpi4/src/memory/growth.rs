//! What the bounce pool grows by: pages of zone `Dma`, the work queue, and a timer to shrink by.

use crate::timers;
use crate::work::Work;
use arch::{Board, Timer};
use dma::Dma;
use dma::swiotlb::{BadRegion, Growth, Options, Pool, Supply};
use hal::{Clock, Defer, Job, PageSource, RamRegion, Zone};
use mm::Zones;
use spin::Once;

/// The layer whose pool is looked after.
static LAYER: Once<&'static Dma<Board>> = Once::new();
static LOW: Once<Low> = Once::new();

/// Zone `Dma`: below the reach of every bus, by its end.
struct Low(&'static Zones<Board>);

/// The pool over `memory`, with all of zone `Dma` to grow into.
pub(super) fn pool(
    memory: RamRegion,
    options: &Options,
    zones: &'static Zones<Board>,
) -> Result<Pool<Board>, BadRegion> {
    let growth = Growth {
        supply: LOW.call_once(|| Low(zones)),
        ceiling: options.ceiling_chunks(),
        idle_us: u64::from(options.idle_ms) * 1000,
    };
    Pool::growing(memory, growth, options.areas as usize)
}

/// Has the pool of `dma` looked after from now on.
pub(crate) fn serve(dma: &'static Dma<Board>) {
    LAYER.call_once(|| dma);
}

/// A job of the work queue.
fn tend(_: usize) {
    if let Some(dma) = layer() {
        dma.tend_pool();
        dma.grant();
    }
}

/// The layer, once it is there.
pub(super) fn layer() -> Option<&'static Dma<Board>> {
    LAYER.get().copied()
}

/// Queues the job. A full queue is asked again: what is owed is not forgotten.
pub(crate) fn tend_soon() {
    if Work.defer(Job { run: tend, arg: 0 }).is_err() {
        timers::tend_in(timers::TICK_US);
    }
}

impl Supply for Low {
    fn take(&self, bytes: u64, align: u64) -> Option<RamRegion> {
        self.0.alloc(bytes, align, Zone::Dma).ok()
    }

    fn give_back(&self, region: RamRegion) {
        self.0.free(region);
    }

    fn frees(&self) -> Option<u64> {
        Some(self.0.dma_frees())
    }

    fn micros(&self) -> u64 {
        Timer.micros()
    }

    fn tend_soon(&self) {
        tend_soon();
    }

    fn tend_in(&self, micros: u64) {
        timers::tend_in(micros);
    }
}
