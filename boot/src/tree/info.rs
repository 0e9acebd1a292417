//! What the kernel learns from the tree: plain values that outlive the blob.

use super::{Kind, MAX_POOLS, ParkedCpu, PoolNode, Region, Translation, TreeError};
use arrayvec::{ArrayString, ArrayVec};
use hal::{MAX_CPUS, PhysRange};

/// Banks of RAM, at most.
pub const MAX_BANKS: usize = 8;
/// Reservations, at most.
pub const MAX_RESERVATIONS: usize = 16;
/// Devices of interest, at most.
pub const MAX_DEVICES: usize = 24;
/// Buses with such devices, at most.
pub const MAX_BUSES: usize = 8;

/// A node's name with its unit address, cut off where it is longer.
pub type Name = ArrayString<40>;

/// RAM in ascending order, neither overlapping nor touching.
pub type Banks = ArrayVec<PhysRange, MAX_BANKS>;

/// RAM that is not for the general allocator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Who wants it.
    pub name: Name,
    /// The bytes, not necessarily whole pages.
    pub range: PhysRange,
    /// Must not be mapped at all, lest the CPU fetch from it on its own.
    pub no_map: bool,
    /// May be lent out as long as its owner has no use for it.
    pub reusable: bool,
    /// A restricted pool: set aside for us.
    pub pool: bool,
}

/// Index of a bus in its [`BootInfo`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusId(pub(super) u8);

/// A bus, as a master on it sees the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bus {
    /// Its node.
    pub name: Name,
    /// How a master on it addresses RAM: its `dma-ranges`, composed up to the root.
    pub dma: Translation,
    /// How a master on it addresses registers: its `ranges`, composed up to the root (TR-5).
    pub registers: Translation,
}

/// A device that the kernel knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its node.
    pub name: Name,
    /// What it is.
    pub kind: Kind,
    /// Its registers, where the CPU finds them.
    pub registers: ArrayVec<PhysRange, 4>,
    /// Its interrupts as the interrupt controller numbers them, in the order of the node.
    pub interrupts: ArrayVec<u16, 16>,
    /// DMA channels that the firmware leaves to us, one bit each, if the node says so.
    pub channel_mask: Option<u32>,
    /// Does it snoop the CPU's caches? (Nothing on this chip does.)
    pub coherent: bool,
    /// The bus it is on.
    pub bus: BusId,
    /// The bus it opens for devices behind it (PCIe), if it describes one.
    pub below: Option<BusId>,
    /// The restricted pool that it is to have (`memory-region`).
    pub region: Region,
}

/// All that the tree tells.
///
/// Some 11 KiB: keep it in a `static` and have it filled in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootInfo {
    /// The board by its own words.
    pub model: ArrayString<64>,
    /// Revision code of the board, if the tree has it.
    pub revision: Option<u32>,
    /// RAM.
    pub banks: Banks,
    /// RAM that is spoken for.
    pub reservations: ArrayVec<Reservation, MAX_RESERVATIONS>,
    /// Restricted pools, in the order of the tree.
    pub pools: ArrayVec<PoolNode, MAX_POOLS>,
    /// Command line.
    pub bootargs: ArrayString<2048>,
    /// Initial RAM disk.
    pub initrd: Option<PhysRange>,
    /// Path of the console's node, without options.
    pub stdout: ArrayString<64>,
    /// Cores that wait to be started, in the order of the tree.
    pub cpus: ArrayVec<ParkedCpu, MAX_CPUS>,
    /// Devices of interest.
    pub devices: ArrayVec<Device, MAX_DEVICES>,
    pub(super) buses: ArrayVec<Bus, MAX_BUSES>,
}

impl BootInfo {
    /// Nothing known yet.
    pub const fn new() -> Self {
        Self {
            model: ArrayString::new_const(),
            revision: None,
            banks: Banks::new_const(),
            reservations: ArrayVec::new_const(),
            pools: ArrayVec::new_const(),
            bootargs: ArrayString::new_const(),
            initrd: None,
            stdout: ArrayString::new_const(),
            cpus: ArrayVec::new_const(),
            devices: ArrayVec::new_const(),
            buses: ArrayVec::new_const(),
        }
    }

    /// Forgets everything, field by field: a whole one on the stack would be too large.
    pub(super) fn clear(&mut self) {
        let Self {
            model,
            revision,
            banks,
            reservations,
            pools,
            bootargs,
            initrd,
            stdout,
            cpus,
            devices,
            buses,
        } = self;
        model.clear();
        stdout.clear();
        bootargs.clear();
        (*revision, *initrd) = (None, None);
        banks.clear();
        reservations.clear();
        pools.clear();
        cpus.clear();
        devices.clear();
        buses.clear();
    }

    /// The bus with this number.
    pub fn bus(&self, id: BusId) -> &Bus {
        &self.buses[usize::from(id.0)]
    }

    /// All buses that have a device of interest.
    pub fn buses(&self) -> &[Bus] {
        &self.buses
    }

    /// Devices of this kind, in the order of the tree.
    pub fn devices_of(&self, kind: Kind) -> impl Iterator<Item = &Device> {
        self.devices
            .iter()
            .filter(move |device| device.kind == kind)
    }

    /// The first device of this kind.
    pub fn device(&self, kind: Kind) -> Option<&Device> {
        self.devices_of(kind).next()
    }

    /// Adds RAM that the tree does not reserve itself: the tree's own blob, the initial RAM disk,
    /// the image.
    pub fn reserve(&mut self, name: &str, range: PhysRange) -> Result<(), TreeError> {
        push(
            &mut self.reservations,
            Reservation {
                name: shortened(name),
                range,
                no_map: false,
                reusable: false,
                pool: false,
            },
            "reservations",
        )
    }
}

impl Default for BootInfo {
    fn default() -> Self {
        Self::new()
    }
}

/// Adds `item`, or says that there are too many of them.
pub(super) fn push<T, const N: usize>(
    list: &mut ArrayVec<T, N>,
    item: T,
    what: &'static str,
) -> Result<(), TreeError> {
    list.try_push(item)
        .map_err(|_| TreeError::TooMany { what, max: N })
}

/// As much of `text` as fits.
pub(super) fn shortened<const N: usize>(text: &str) -> ArrayString<N> {
    let mut short = ArrayString::new();
    for letter in text.chars() {
        if short.try_push(letter).is_err() {
            break;
        }
    }
    short
}
