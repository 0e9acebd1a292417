//! The spare: memory that is fetched, and a place that is claimed for it, for whoever cannot wait.

use super::atomic::AtomicU8;
use core::sync::atomic::Ordering::Relaxed;
use hal::{Irq, IrqLock, RamRegion, Rank};

/// A place that is claimed, and the memory to fill it with.
pub(super) struct Spare {
    pub(super) index: usize,
    pub(super) memory: RamRegion,
}

/// The one that is kept, if any is.
pub(super) struct KeptSpare<I> {
    spare: IrqLock<Option<Spare>, I>,
    /// As the lock's contents, for a refusal, which takes no lock. Old by the time it is read, as the
    /// refusal is.
    there: AtomicU8,
}

impl<I: Irq> KeptSpare<I> {
    pub(super) fn none() -> Self {
        Self {
            spare: IrqLock::new(Rank::Layer, "spare chunk of the bounce pool", None),
            there: AtomicU8::new(0),
        }
    }

    pub(super) fn is_there(&self) -> bool {
        self.there.load(Relaxed) != 0
    }

    pub(super) fn keep(&self, spare: Spare) {
        let mut kept = self.spare.lock();
        assert!(
            kept.is_none(),
            "whoever makes one looked whether there is one"
        );
        *kept = Some(spare);
        self.there.store(1, Relaxed);
    }

    pub(super) fn take(&self) -> Option<Spare> {
        let mut kept = self.spare.lock();
        self.there.store(0, Relaxed);
        kept.take()
    }
}
