//! Bus masters of the device tree as device descriptions.
//!
//! Reach is data: windows come from the `dma-ranges` of the buses above a device. What the tree does
//! not tell is what the block itself can emit, and what lengths it can do.

use crate::memory::Pools;
use boot::tree::{BootInfo, Device, Kind, Name, Region};
use core::fmt;
use dma::{DmaDevice, DmaMask, RestrictedPool};
use hal::RamMap;
use log::warn;

/// Places that a list may have, for masters that take lists: two such lists fit into a page of control
/// blocks.
const LIST: u32 = 32;
/// Bytes that the DMA engine moves at a time.
const WORD: u64 = 4;
/// The longest of these places: what one control block moves, in whole lines.
const LONGEST: u64 = 0x3FFF_FFC0;

/// What the tree does not say about a kind of master.
struct Traits {
    name: &'static str,
    /// Bits of address that its registers hold.
    bits: u32,
    /// Lengths are multiples of this.
    granule: u64,
    /// Does it take a list of places for one transfer?
    lists: bool,
    /// Does it master the bus that it opens, not the one it is on?
    bridge: bool,
}

/// The masters that this kernel describes. Blocks that move data through a DMA channel (SDHOST, the
/// UARTs) are none: the channel's limits count for them.
fn traits(kind: Kind) -> Option<Traits> {
    let master = |name, bits| Traits {
        name,
        bits,
        granule: 1,
        lists: false,
        bridge: false,
    };
    Some(match kind {
        // The engine moves whole words, and has a control block for each place.
        Kind::Dma => Traits {
            granule: 4,
            lists: true,
            ..master("dma", 32)
        },
        Kind::Dma40 => master("dma40", 40),
        Kind::Mailbox => master("mailbox", 32),
        Kind::Emmc1 => master("emmc1", 32),
        Kind::Emmc2 => master("emmc2", 32),
        // Believed to write whole words.
        Kind::Usb => Traits {
            granule: 4,
            ..master("dwc2", 32)
        },
        Kind::Genet => master("genet", 40),
        Kind::Pcie => Traits {
            bridge: true,
            ..master("pcie", 64)
        },
        _ => return None,
    })
}

/// The description of `device`, if it is a bus master that can exist. `quota`: slots of its bounce pool
/// that it may have at a time.
///
/// One that is to have a restricted pool, and cannot, is refused: it gets no other memory instead (RP-2).
pub(crate) fn describe(
    info: &BootInfo,
    device: &Device,
    ram: &RamMap<'_>,
    (pools, quota): (&Pools, Option<u32>),
) -> Option<DmaDevice> {
    let traits = traits(device.kind)?;
    let bus = if traits.bridge {
        device.below?
    } else {
        device.bus
    };
    let bus = info.bus(bus);
    // A bus without any window is not one without translation.
    if bus.dma.windows().is_some_and(<[_]>::is_empty) {
        warn!("{}: its bus {} shows no RAM", device.name, bus.name);
        return None;
    }
    let mut builder = DmaDevice::builder(traits.name)
        .windows(bus.dma.windows().unwrap_or(&[]))
        .register_windows(bus.registers.windows().unwrap_or(&[]))
        .mask(DmaMask::bits(traits.bits))
        .granule(traits.granule);
    if traits.lists {
        builder = builder.segments(LIST, WORD).max_seg_size(LONGEST);
    }
    if device.coherent {
        builder = builder.coherent();
    }
    if let Some(quota) = quota {
        builder = builder.quota(quota);
    }
    if let Some(pool) = told(device, pool_of(info, device, pools))? {
        builder = builder.restricted(pool);
    }
    told(device, builder.build(ram))
}

/// The restricted pool that the device is to have, if any.
fn pool_of(
    info: &BootInfo,
    device: &Device,
    pools: &Pools,
) -> Result<Option<RestrictedPool>, NoRegion> {
    match device.region {
        Region::None => Ok(None),
        Region::Nowhere { phandle } => Err(NoRegion::Nowhere { phandle }),
        Region::Pool { index, of } => {
            let name = info.pools[index].name;
            if of > 1 {
                warn!("{}: {of} restricted pools, {name} counts", device.name);
            }
            pools[index].map(Some).ok_or(NoRegion::Refused { name })
        }
    }
}

/// Why a device that is to have a restricted pool has none.
enum NoRegion {
    /// Nothing is where its node says.
    Nowhere { phandle: u32 },
    /// The pool makes no sense.
    Refused { name: Name },
}

impl fmt::Display for NoRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere { phandle } => write!(
                f,
                "refused: no reserved memory has the phandle {phandle:#x} of its memory-region"
            ),
            Self::Refused { name } => {
                write!(f, "refused: its restricted pool {name} is of no use")
            }
        }
    }
}

/// What was asked for, or a warning.
fn told<T>(device: &Device, result: Result<T, impl fmt::Display>) -> Option<T> {
    result
        .map_err(|error| warn!("{}: {error}", device.name))
        .ok()
}
