//! The handle: what a test does to a machine, and what it asks of it.

use crate::cache::Event;
use crate::lines::{line_of, pieces_of};
use crate::world::World;
use crate::{Adversary, Builder, BusView, Counters, LineState, Op, Violation, Who};
use hal::{Cpu, PhysAddr, PhysRange, RamMap, RamRegion};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A simulated machine. Clones are handles to the same one; all may be used from any thread.
///
/// Implements every seam of `hal`: [`Platform`](hal::Platform), [`PageSource`](hal::PageSource),
/// [`Clock`](hal::Clock), [`Defer`](hal::Defer).
#[derive(Clone)]
pub struct Machine(Arc<Shared>);

struct Shared {
    world: Mutex<World>,
    banks: Vec<PhysRange>,
    dma_limit: PhysAddr,
    bus: BusView,
}

impl Default for Machine {
    /// The default [`Builder`]'s machine.
    fn default() -> Self {
        Builder::default().build()
    }
}

impl Machine {
    pub(crate) fn new(world: World, bus: BusView, ram: RamMap<'_>) -> Self {
        let world = Mutex::new(world);
        Self(Arc::new(Shared {
            world,
            banks: ram.banks.to_vec(),
            dma_limit: ram.dma_end,
            bus,
        }))
    }

    /// Starts a machine of its own making.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The state. A test that panicked in here left nothing half done that later calls rely on.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        let world = self.0.world.lock();
        world.unwrap_or_else(PoisonError::into_inner)
    }

    /// The bus view that the builder was given.
    pub fn bus(&self) -> &BusView {
        &self.0.bus
    }

    /// Where RAM is.
    pub fn ram(&self) -> RamMap<'_> {
        RamMap {
            banks: &self.0.banks,
            dma_end: self.0.dma_limit,
        }
    }

    /// Changes the adversary from here on.
    pub fn set_adversary(&self, adversary: Adversary) {
        self.world().mind = adversary.into();
    }

    /// Takes possession of `len` bytes at `start`: the way to RAM at a place of the test's choice.
    /// Panics unless they are whole pages that nobody owns. Contents are unspecified, and dirty.
    /// [`PageSource::free`](hal::PageSource::free) takes the region back.
    pub fn take(&self, start: u64, len: u64) -> RamRegion {
        let range = PhysRange::new(PhysAddr::new(start), len).expect("the test's constants");
        let mut world = self.world();
        world.pages.take(range);
        world.hand_over(range);
        crate::services::own(range)
    }

    /// Bytes that somebody owns. Zero at the end of a test means that nothing leaked.
    pub fn live_bytes(&self) -> u64 {
        self.world().pages.live_bytes()
    }

    /// Where the newest bytes of the line at `addr` are.
    pub fn line_state(&self, addr: PhysAddr) -> LineState {
        self.world().memory.state(line_of(addr))
    }

    /// What the CPU finds at `range` (a load: fetches absent lines).
    pub fn cpu_read(&self, range: PhysRange) -> Vec<u8> {
        let mut world = self.world();
        world.check_owned(Who::Cpu, range);
        let mut bytes = Vec::new();
        for piece in pieces_of(range) {
            bytes.extend(world.cpu_load(piece));
        }
        bytes
    }

    /// Stores `bytes` at `start`, as the CPU does.
    pub fn cpu_write(&self, start: PhysAddr, bytes: &[u8]) {
        let Ok(range) = PhysRange::new(start, bytes.len() as u64) else {
            return;
        };
        let mut world = self.world();
        world.check_owned(Who::Cpu, range);
        let mut rest = bytes;
        for piece in pieces_of(range) {
            let (now, later) = rest.split_at(piece.len() as usize);
            world.cpu_store(Self::cpu_id(), piece.start(), now);
            rest = later;
        }
    }

    /// What RAM holds at `range`, past the cache and unnoticed by the adversary.
    pub fn peek_ram(&self, range: PhysRange) -> Vec<u8> {
        let mut bytes = vec![0; range.len() as usize];
        self.world().memory.ram_read(range.start(), &mut bytes);
        bytes
    }

    /// Runs `prepare` with the adversary asleep, then [settles](Self::settle): what a test needs
    /// before its interesting part, without the interleavings of it.
    pub fn set_up<T>(&self, prepare: impl FnOnce() -> T) -> T {
        self.world().asleep = true;
        let prepared = prepare();
        self.world().asleep = false;
        self.settle();
        prepared
    }

    /// Ends the set-up of a test: all maintenance is done, everything is written back and dropped,
    /// and the adversary forgets the lines that were used so far.
    pub fn settle(&self) {
        self.world().settle();
    }

    /// The adversary writes the line at `addr` back and drops it.
    pub fn evict(&self, addr: PhysAddr) {
        self.world().memory.apply(line_of(addr), Event::Evict);
    }

    /// The adversary fetches the line at `addr`.
    pub fn prefetch(&self, addr: PhysAddr) {
        self.world().memory.apply(line_of(addr), Event::Fetch);
    }

    /// The latest requests, oldest first.
    pub fn trace(&self) -> Vec<Op> {
        self.world().journal.ops()
    }

    /// Forgets the requests so far.
    pub fn clear_trace(&self) {
        self.world().journal.clear();
    }

    /// All counts.
    pub fn counters(&self) -> Counters {
        self.world().journal.counters
    }

    /// Sets all counts to zero.
    pub fn reset_counters(&self) {
        self.world().journal.counters = Counters::default();
    }

    /// Rules broken so far.
    pub fn violations(&self) -> Vec<Violation> {
        self.world().violations.clone()
    }
}
