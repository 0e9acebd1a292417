//! RAM, from banks to a heap, in the one order that works: the bounce pool is set aside before any
//! allocator has a byte, and the heap's alignment follows from whether there is one (KM-5).

#![expect(
    unsafe_code,
    reason = "takes possession of RAM and of the memory for page tables"
)]

use crate::file::{self, File};
use crate::information::Machine;
use arch::Board;
use boot::{Handoff, Image, Rights};
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use dma::Bouncing;
use dma::swiotlb::{CHUNK, Options, Pool, SLOT};
use hal::layout::{LINEAR_BASE, PERIPHERALS};
use hal::{PAGE, PhysAddr, PhysRange, RamRegion};
use log::{info, warn};
use mm::tables::{self, Kind, Plan, TableMemory};
use mm::{Claim, ClaimKind, Floor, Heap, LinearMap, MemoryMap, Ram, Reserve, Zones};
use spin::Once;

#[global_allocator]
static HEAP: Heap<Board> = Heap::new();
static ZONES: Once<Zones<Board>> = Once::new();

/// Pages of the image that become page tables; the largest board takes 20.
const TABLE_PAGES: usize = 64;

#[repr(C, align(4096))]
struct Tables(UnsafeCell<[u8; TABLE_PAGES * PAGE as usize]>);

// SAFETY: `bring_up` hands the contents to the MMU, once; Rust never looks at them again.
unsafe impl Sync for Tables {}

static TABLES: Tables = Tables(UnsafeCell::new([0; TABLE_PAGES * PAGE as usize]));

/// Smallest pool that is worth having (GEO-2).
const LEAST_POOL: u64 = 512 * SLOT;
/// Page 0: the firmware's cores wait there for their release (words at D8 to F0).
const PARKING: (u64, u64) = (0, PAGE);

/// What there is.
pub(crate) struct Memory {
    pub(crate) map: MemoryMap,
    pub(crate) zones: &'static Zones<Board>,
    pub(crate) heap: &'static Heap<Board>,
    pub(crate) image: PhysRange,
    pub(crate) options: Options,
    pub(crate) pool: Option<PhysRange>,
    pub(crate) file: File,
    pool_memory: hal::IrqLock<Option<RamRegion>, Board>,
}

impl Memory {
    /// The pool over the memory that was set aside. The first call has it.
    pub(crate) fn take_pool(&self) -> Option<Pool> {
        let memory = self.pool_memory.lock().take()?;
        Some(Pool::new(memory).expect("carved on a chunk's boundary, at most a chunk long"))
    }
}

/// Brings memory up.
///
/// Panics where the machine has no usable RAM: there is nothing to go on with.
pub(crate) fn bring_up(handoff: &Handoff, machine: &Machine) -> Memory {
    let image = boot::image(handoff);
    let line = machine.command_line();
    let (options, file) = (pool_options(machine), File::find(machine.info, line));
    let map = MemoryMap::new(&machine.banks, claims(machine, &image, file));
    let map = map.unwrap_or_else(|error| panic!("memory map: {error}"));
    // SAFETY: the only call; image, tree, RAM disk, parking page and everything that the tree
    // reserves were claimed.
    let mut ram = unsafe { Ram::new(map) };
    let dma_end = dma_end(machine);
    let pool = carve_pool(&mut ram, &options, dma_end);
    let total = machine.banks.iter().map(|bank| bank.len()).sum();
    let anywhere = machine
        .banks
        .last()
        .map_or(PhysAddr::new(0), |bank| bank.end());
    let reserve = ram.carve(
        "frame metadata",
        Reserve::<Board>::bytes_for(total),
        PAGE,
        anywhere,
    );
    let reserve = reserve.unwrap_or_else(|error| panic!("frame metadata: {error}"));
    switch_tables(&ram, &image);
    // SAFETY: the tables that were just switched to map all RAM but the image there, and whatever
    // `Ram` owns is no part of the image.
    let linear = unsafe { LinearMap::new(LINEAR_BASE) };
    HEAP.reserve().init(reserve, linear);
    let zones = ZONES.call_once(|| Zones::new(dma_end, HEAP.reserve()));
    let (regions, map) = ram.into_regions();
    regions.for_each(|region| zones.add(region));
    if let Some(range) = file.range() {
        // SAFETY: claimed in the map above, mapped linearly just now; this is the only call.
        unsafe { file::own(range, &map) };
    }
    let floor = Floor::for_pool(pool.is_some());
    if let Err(error) = HEAP.start(zones, linear, floor) {
        warn!("{error}");
    }
    Memory {
        map,
        zones,
        heap: &HEAP,
        image: image.phys(),
        options,
        pool: pool.as_ref().map(RamRegion::range),
        file,
        pool_memory: hal::IrqLock::new(pool),
    }
}

/// Bytes for the heap before there are zones.
const EARLY_HEAP: usize = 64 * 1024;

struct EarlyHeap(UnsafeCell<[MaybeUninit<u8>; EARLY_HEAP]>);

// SAFETY: `early_heap` hands the contents to the heap, once.
unsafe impl Sync for EarlyHeap {}

/// Gives the heap a static of the image, for the time until there are zones. Called once.
pub(crate) fn early_heap() {
    static REGION: EarlyHeap = EarlyHeap(UnsafeCell::new([MaybeUninit::uninit(); EARLY_HEAP]));
    // SAFETY: the only use of the static, by the boot core, alone.
    HEAP.init_early(unsafe { &mut *REGION.0.get() });
}

fn pool_options(machine: &Machine) -> Options {
    let line = machine.command_line();
    if line.count("swiotlb") > 1 {
        warn!(
            "swiotlb= is given {} times: the last one counts",
            line.count("swiotlb")
        );
    }
    let Some(value) = line.value("swiotlb") else {
        return Options::default();
    };
    let (options, complaints) = Options::parse(value);
    complaints.iter().for_each(|complaint| warn!("{complaint}"));
    options
}

/// Everything in RAM that is not for the allocator.
fn claims<'a>(
    machine: &'a Machine,
    image: &Image,
    file: File,
) -> impl Iterator<Item = Claim<'a>> + use<'a> {
    let loaded = |name, range| Claim {
        name,
        range,
        kind: ClaimKind::Loaded,
    };
    let parking = PhysRange::new(PhysAddr::new(PARKING.0), PARKING.1).expect("a page");
    let own = [
        Some(Claim {
            name: "parked cores",
            range: parking,
            kind: ClaimKind::Reserved,
        }),
        Some(Claim {
            name: "kernel image",
            range: image.phys(),
            kind: ClaimKind::Image,
        }),
        machine.tree.map(|range| loaded("device tree", range)),
        file.range().map(|range| loaded("initial RAM disk", range)),
    ];
    let reserved = machine.info.reservations.iter().map(|reservation| Claim {
        name: &reservation.name,
        range: reservation.range,
        kind: if reservation.no_map {
            ClaimKind::NoMap
        } else {
            ClaimKind::Reserved
        },
    });
    own.into_iter().flatten().chain(reserved)
}

/// Where zone `Dma` ends: below the smallest reach of any bus.
fn dma_end(machine: &Machine) -> PhysAddr {
    let buses = machine.info.buses().iter().map(|bus| bus.dma.windows());
    mm::dma_zone_end(buses, &machine.banks)
}

/// Sets the pool's memory aside; half of it, and half again, where that much cannot be had.
fn carve_pool(ram: &mut Ram, options: &Options, below: PhysAddr) -> Option<RamRegion> {
    if options.bouncing == Bouncing::Off {
        info!("swiotlb=noforce: no bounce pool");
        return None;
    }
    let mut size = u64::from(options.slots) * SLOT;
    loop {
        match ram.carve("bounce pool", size, CHUNK, below) {
            Ok(region) => return Some(region),
            Err(error) if size / 2 < LEAST_POOL => {
                warn!("no bounce pool: {error}");
                return None;
            }
            Err(error) => warn!("bounce pool: {error}; trying half"),
        }
        size /= 2;
    }
}

/// Maps the image as it is, RAM linearly, registers as such, and nothing else.
fn switch_tables(ram: &Ram, image: &Image) {
    let plan = plan(ram, image).unwrap_or_else(|error| panic!("page tables: {error}"));
    let start = NonNull::new(TABLES.0.get().cast::<u8>()).expect("a static has an address");
    let phys = image
        .to_phys(start.addr().get() as u64)
        .expect("a static is part of the image");
    let phys = PhysRange::new(phys, TABLE_PAGES as u64 * PAGE).expect("statics do not wrap");
    // SAFETY: the static, mapped write-back in the image, used here alone.
    let memory = unsafe { TableMemory::new(phys, start) };
    let root = tables::build(&plan, memory).unwrap_or_else(|error| panic!("page tables: {error}"));
    // SAFETY: the plan maps every part of the image where it is now, with the rights that it has,
    // and the registers that are in use; the window on the tree is not read any more.
    unsafe { arch::cpu::switch_tables(root) };
}

fn plan(ram: &Ram, image: &Image) -> Result<Plan, tables::PlanError> {
    let mut plan = Plan::new();
    for part in image.parts() {
        let kind = match part.rights {
            Rights::Text => Kind::Text,
            Rights::ReadOnly => Kind::ReadOnly,
            Rights::ReadWrite => Kind::Data,
        };
        plan.add_image(part.virt, part.phys, kind)?;
    }
    let linear = ram
        .map()
        .linear()
        .unwrap_or_else(|error| panic!("memory map: {error}"));
    linear
        .into_iter()
        .try_for_each(|range| plan.add_ram(range))?;
    plan.add_device(PERIPHERALS)?;
    Ok(plan)
}
