//! Who serves those who wait for bounce buffers: a job of the work queue.

use super::growth;
use crate::timers;
use crate::work::Work;
use arch::Timer;
use dma::swiotlb::Grants;
use hal::{Clock, Defer, Job};

/// The work queue, as the layer knows it.
pub(crate) struct Queue;

/// A job of the work queue.
fn grant(_: usize) {
    if let Some(dma) = growth::layer() {
        dma.grant();
    }
}

impl Grants for Queue {
    fn grant_soon(&self) {
        // A full queue is asked again, by the timer: what is owed is not forgotten.
        if Work.defer(Job { run: grant, arg: 0 }).is_err() {
            timers::tend_in(timers::TICK_US);
        }
    }

    /// The look after the pool sees to those who wait as well.
    fn grant_in(&self, micros: u64) {
        timers::tend_in(micros);
    }

    fn micros(&self) -> u64 {
        Timer.micros()
    }
}
