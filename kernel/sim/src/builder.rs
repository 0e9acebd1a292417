//! How a machine is put together.

use crate::adversary::Mind;
use crate::memory::Memory;
use crate::pages::PageMap;
use crate::walk::Walker;
use crate::world::World;
use crate::{Adversary, BusView, Machine, Oracle};
use hal::{GIB, MIB, PAGE, PhysAddr, PhysRange, RamMap};

/// A machine to be: RAM, bus, adversary, strictness.
#[derive(Clone, Debug)]
pub struct Builder {
    banks: Vec<PhysRange>,
    dma_limit: PhysAddr,
    bus: BusView,
    adversary: Adversary,
    strict: bool,
}

impl Default for Builder {
    /// 4 MiB of RAM at `1000_0000`, 2 MiB at `4000_0000` (above the reach of legacy masters), the
    /// legacy bus, a quiet cache, strict.
    fn default() -> Self {
        Self::empty().bank(0x1000_0000, 4 * MIB).bank(GIB, 2 * MIB)
    }
}

impl Builder {
    /// A machine without RAM; otherwise as the default.
    pub fn empty() -> Self {
        Self {
            banks: Vec::new(),
            dma_limit: PhysAddr::new(GIB),
            bus: BusView::legacy(),
            adversary: Adversary::Quiet,
            strict: true,
        }
    }

    /// The smallest machine of use: 4 pages at `1000_0000` and 4 at `4000_0000`. For
    /// [`explore`](crate::explore) and for Miri.
    pub fn small() -> Self {
        Self::empty()
            .bank(0x1000_0000, 4 * PAGE)
            .bank(GIB, 4 * PAGE)
    }

    /// Adds `len` bytes of RAM at `start`. Panics unless they are whole pages that no other bank
    /// has.
    #[must_use]
    pub fn bank(mut self, start: u64, len: u64) -> Self {
        let bank = PhysRange::new(PhysAddr::new(start), len).expect("the caller's constants");
        assert!(bank.is_aligned(PAGE), "bank {bank} is not whole pages");
        let taken = self.banks.iter().any(|other| other.overlaps(bank));
        assert!(!taken, "bank {bank} overlaps another");
        self.banks.push(bank);
        self
    }

    /// Where zone `Dma` ends: 1 GiB unless told otherwise.
    #[must_use]
    pub fn dma_limit(mut self, limit: u64) -> Self {
        self.dma_limit = PhysAddr::new(limit);
        self
    }

    /// What [`Machine::bus`] tells: the view of the master under test.
    #[must_use]
    pub fn bus(mut self, bus: BusView) -> Self {
        self.bus = bus;
        self
    }

    /// How the cache behaves.
    #[must_use]
    pub fn adversary(mut self, adversary: Adversary) -> Self {
        self.adversary = adversary;
        self
    }

    /// Violations are recorded instead of panicking.
    #[must_use]
    pub fn collect_violations(mut self) -> Self {
        self.strict = false;
        self
    }

    /// The machine.
    pub fn build(&self) -> Machine {
        self.assemble(self.adversary.clone().into())
    }

    /// The machine, with an adversary that asks `oracle`.
    pub fn build_with_oracle(&self, oracle: Box<dyn Oracle>) -> Machine {
        self.assemble(Mind::Oracle(oracle))
    }

    /// The machine, with an adversary that is a part of a search.
    pub(crate) fn build_with_walker(&self, walker: Walker) -> Machine {
        self.assemble(Mind::Walker(walker))
    }

    fn assemble(&self, mind: Mind) -> Machine {
        let memory = Memory::new(&self.banks);
        let pages = PageMap::new(self.banks.clone(), self.dma_limit);
        let world = World::new(memory, pages, mind, self.strict);
        let ram = RamMap {
            banks: &self.banks,
            dma_end: self.dma_limit,
        };
        Machine::new(world, self.bus.clone(), ram)
    }
}
