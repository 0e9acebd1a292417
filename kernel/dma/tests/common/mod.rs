//! A legacy master over the simulated machine, with the device's part played by hand.

// Each test file uses its own part of this.
#![allow(
    dead_code,
    unreachable_pub,
    unsafe_code,
    clippy::allow_attributes,
    reason = "shared by several test crates; launches mappings and plays the device"
)]

pub mod lists;

use dma::cells::{self, Cells};
use dma::checker::{Checker, Finding, Forbidden, Options};
use dma::swiotlb::{Grants, Pool, Usage};
use dma::trace::Line;
use dma::{
    Bouncing, Builder as DeviceBuilder, Complaint, Direction, Dma, DmaDevice, Engine, EngineId,
    Halt, InFlight, Inspector, Left, Mapping, PoolView, Quarantined, RestrictedPool, TooManyPools,
    Totals,
};
use hal::{
    DmaAddr, DmaBuffer, DmaWindow, PAGE, Pages, PhysAddr, PhysRange, Platform, RamMap, Zone,
};
use sim::{Builder, Machine};
use std::cell::Cell;
use std::ops::Deref;

/// A pool of one chunk, as at boot.
pub const POOL: (u64, u64) = (0x1020_0000, 0x20_0000);
/// A page of uncached cells.
pub const CELLS: u64 = 0x101F_F000;
/// A pool of two pages, for the smallest machine.
pub const SMALL_POOL: (u64, u64) = (0x1000_0000, 2 * PAGE);

/// What is around a device's bytes in a bounce buffer (CP-4).
pub const CANARY: u8 = 0xC9;

/// The layer, and the right to look into it.
pub struct Layer {
    dma: Dma<Machine>,
    inspector: Inspector,
}

impl Deref for Layer {
    type Target = Dma<Machine>;
    fn deref(&self) -> &Dma<Machine> {
        &self.dma
    }
}

impl Layer {
    pub fn inspector(&self) -> &Inspector {
        &self.inspector
    }

    /// Has `alarm` called when a device wrote beside what it was given.
    pub fn alarm_with(&mut self, alarm: fn()) {
        self.dma.alarm_with(alarm);
    }

    pub fn pool_usage(&self) -> Option<Usage> {
        self.inspector.pool_usage(&self.dma)
    }

    /// What a refusal leaves as it was: all but the count of refusals (INV-6).
    pub fn pool_state(&self) -> Option<Usage> {
        let usage = self.pool_usage()?;
        let refused = Usage::default().refused;
        Some(Usage { refused, ..usage })
    }

    pub fn pool_range(&self) -> Option<PhysRange> {
        self.inspector.pool_range(&self.dma)
    }

    /// Cells in use, if there are any at all.
    pub fn used_cells(&self) -> Option<u32> {
        let cells = self.inspector.cells(&self.dma);
        cells.map(|(_, cells::Usage { used, .. })| used)
    }

    /// Adds a restricted pool with slots and, if a length is given, cells at these places.
    pub fn restrict(&mut self, slots: (u64, u64), cells: Option<(u64, u64)>) -> RestrictedPool {
        let machine = self.dma.platform().clone();
        let pool = Pool::restricted([machine.take(slots.0, slots.1)]).expect("low");
        let cells = cells.map(|(start, len)| machine.take_uncached(start, len));
        let cells = cells.map(|memory| Cells::new(memory).expect("a page"));
        let added = self.dma.add_restricted("own", pool, cells);
        added.expect("room for one more")
    }

    /// Adds a restricted pool, if there is room for one more.
    pub fn try_restrict(&mut self, pool: Pool<Machine>) -> Result<RestrictedPool, TooManyPools> {
        self.dma.add_restricted("one more", pool, None)
    }

    /// Slots that a device has, and the most that it had.
    pub fn slots_of(&self, device: &DmaDevice) -> (u32, u32) {
        self.inspector.slots_of(&self.dma, device)
    }

    pub fn reset_high_water(&self) {
        self.inspector.reset_high_water(&self.dma);
    }

    /// The view of a restricted pool.
    pub fn own_pool(&self, own: RestrictedPool) -> PoolView<'_, Machine> {
        let mut pools = self.inspector.pools(&self.dma);
        let found = pools.find(|pool| pool.restricted() == Some(own));
        found.expect("added to this layer")
    }

    /// Maps wait for slots, served by `grants`.
    pub fn waiting(self, grants: &'static dyn Grants) -> Self {
        let Self { dma, inspector } = self;
        let dma = dma.with_waiting(grants);
        Self { dma, inspector }
    }

    pub fn waiters(&self) -> u32 {
        self.inspector.waiters(&self.dma)
    }

    pub fn complaint(&self) -> Option<Complaint> {
        self.inspector.complaint(&self.dma)
    }

    pub fn alarm(&self) -> Option<Complaint> {
        self.inspector.alarm(&self.dma)
    }

    pub fn tell_trace(
        &self,
        devices: &[DmaDevice],
        most: usize,
        each: impl FnMut(Line<'_>),
    ) -> u64 {
        self.inspector.tell_trace(&self.dma, devices, most, each)
    }

    /// With a checker that tells all it finds.
    pub fn checked(mut self, options: &Options, forbidden: Forbidden) -> Self {
        let checker = Checker::new(options, forbidden, || {}).expect("memory");
        let checker = checker.expect("not off");
        checker.tell(None);
        self.dma.check_with(checker);
        self
    }

    pub fn checker(&self) -> &Checker<Machine> {
        self.inspector.checker(&self.dma).expect("dma_debug is on")
    }

    /// What the checker has found since this was asked last.
    pub fn findings(&self) -> Vec<Finding> {
        std::iter::from_fn(|| self.checker().finding()).collect()
    }

    /// The one thing that it has.
    pub fn one_finding(&self) -> Finding {
        let found = self.findings();
        let [finding] = found[..] else {
            panic!("{found:?}");
        };
        finding
    }

    pub fn device_removed(&self, device: &DmaDevice) -> Left {
        self.inspector.device_removed(&self.dma, device)
    }

    pub fn totals(&self, device: &DmaDevice) -> Totals {
        self.inspector.totals(device)
    }
}

/// The layer over `machine`, with a pool at `pool`.
pub fn layer(machine: &Machine, bouncing: Bouncing, pool: (u64, u64)) -> Layer {
    let pool = match bouncing {
        Bouncing::Off => None,
        _ => Some(Pool::new(machine.take(pool.0, pool.1)).expect("a chunk")),
    };
    let layer = Dma::new(machine.clone(), bouncing, pool);
    let (dma, inspector) = layer.expect("64-byte lines");
    Layer { dma, inspector }
}

/// As [`layer`], and small objects bounce by the cells of a page at `cells`.
pub fn layer_with_cells(machine: &Machine, bouncing: Bouncing, cells: u64) -> Layer {
    let Layer { dma, inspector } = layer(machine, bouncing, POOL);
    let memory = machine.take_uncached(cells, PAGE);
    let dma = dma.with_cells(Cells::new(memory).expect("a page"));
    Layer { dma, inspector }
}

/// The smallest machine, with some more low pages than its builder gives.
pub fn small() -> Builder {
    Builder::empty()
        .bank(0x1000_0000, 6 * PAGE)
        .bank(0x4000_0000, 4 * PAGE)
}

/// A master of the legacy bus that takes any length.
pub fn legacy(machine: &Machine) -> DmaDevice {
    DmaDevice::builder("legacy")
        .windows(machine.bus().windows())
        .build(&machine.ram())
        .expect("valid")
}

/// A master of the legacy bus, of one kind or the other.
pub fn snooping_if(coherent: bool, machine: &Machine) -> DeviceBuilder {
    let builder = DmaDevice::builder("d").windows(machine.bus().windows());
    if coherent {
        builder.coherent()
    } else {
        builder
    }
}

/// A master that reaches one page of low RAM. At probe it was told of no other: of a pool elsewhere nobody
/// knew.
pub fn short() -> DmaDevice {
    let low = PhysRange::new(PhysAddr::new(0x1000_0000), PAGE).expect("valid");
    let window = DmaWindow::new(low, DmaAddr::new(0)).expect("valid");
    let told = RamMap {
        banks: &[low],
        dma_end: low.end(),
    };
    let short = DmaDevice::builder("short").windows(&[window]);
    short.build(&told).expect("valid")
}

/// As the DMA engine: whole words.
pub fn words(machine: &Machine) -> DmaDevice {
    let builder = DmaDevice::builder("words").windows(machine.bus().windows());
    builder.granule(4).build(&machine.ram()).expect("valid")
}

/// Pages in a zone with a window of `len` bytes at `offset`, filled with `fill`.
pub fn pages(machine: &Machine, zone: Zone, offset: u64, len: u64, fill: u8) -> Pages<Machine> {
    let bytes = offset + len;
    let pages = Pages::alloc(machine.clone(), bytes, zone).expect("pages");
    let mut pages = pages
        .with_window(0, bytes.next_multiple_of(PAGE))
        .expect("whole");
    pages.bytes_mut(machine).fill(fill);
    pages.with_window(offset, len).expect("inside")
}

/// One line of bytes `A5`, for cases in which every touched line multiplies the interleavings.
pub fn one_line(machine: &Machine, zone: Zone) -> Pages<Machine> {
    let mut pages = Pages::alloc(machine.clone(), 64, zone).expect("pages");
    pages.bytes_mut(machine).fill(0xA5);
    pages
}

/// A buffer that does not own the lines at its ends.
pub struct Unproven(pub Pages<Machine>);

// SAFETY: a part of pages that are owned.
unsafe impl DmaBuffer for Unproven {
    fn range(&self) -> PhysRange {
        self.0.range()
    }
    fn owned(&self) -> PhysRange {
        self.0.range()
    }
}

/// An engine that is always idle, or never confirms.
pub struct Idle(pub Cell<Halt>, EngineId);

impl Default for Idle {
    fn default() -> Self {
        Self(Cell::new(Halt::Confirmed), EngineId::new())
    }
}

// SAFETY: the device's part is played between `launch` and `end`, by the same thread.
unsafe impl Engine for &Idle {
    fn id(&self) -> EngineId {
        self.1
    }
    fn halt(&self) -> Halt {
        self.0.get()
    }
}

/// Launches, plays the device, and reads its status.
pub fn fly<'d, 'e, B: DmaBuffer, D: Direction>(
    mapping: Mapping<'d, Machine, B, D>,
    engine: &'e Idle,
    device: impl FnOnce(DmaAddr, usize),
) -> InFlight<'d, Machine, B, D, &'e Idle> {
    let machine = mapping_machine(&mapping);
    let len = mapping.device_len() as usize;
    // SAFETY: `device` uses the address before this function returns.
    let (addr, flight) = unsafe { mapping.launch(engine) };
    machine.publish();
    machine.doorbell();
    device(addr, len);
    machine.status_read();
    flight
}

fn mapping_machine<B: DmaBuffer, D: Direction>(mapping: &Mapping<'_, Machine, B, D>) -> Machine {
    mapping.layer().platform().clone()
}

/// A whole transfer.
pub fn transfer<'d, B: DmaBuffer, D: Direction>(
    mapping: Mapping<'d, Machine, B, D>,
    device: impl FnOnce(DmaAddr, usize),
) -> Mapping<'d, Machine, B, D> {
    let engine = Idle::default();
    let ended: Result<_, Quarantined> = fly(mapping, &engine, device).end();
    ended.expect("an idle engine confirms")
}

/// A recognisable sequence.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + i / 256 + 1) as u8).collect()
}

/// Nothing is lent any more and every slot is free.
pub fn assert_clean(dma: &Layer) {
    let used = dma.pool_usage().map(|usage| usage.used);
    assert!(
        matches!(used, None | Some(0)),
        "{used:?} slots are still used"
    );
    let used = dma.used_cells();
    assert!(
        matches!(used, None | Some(0)),
        "{used:?} cells are still used"
    );
}
