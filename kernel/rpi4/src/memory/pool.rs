//! How large the bounce pool is to be, and the memory for its floor.
//!
//! It is set aside before any allocator has a byte (KM-5), below the reach of every bus, on a
//! chunk's boundary.

use boot::CommandLine;
use dma::Bouncing;
use dma::swiotlb::{CHUNK, Options, SLOT};
use hal::{PhysAddr, RamRegion};
use log::{info, warn};
use mm::Ram;

/// The options' names.
const POOL: &str = "swiotlb";
const CEILING: &str = "swiotlb.max";
const IDLE: &str = "swiotlb.idle";
const QUOTA: &str = "swiotlb.quota";

/// Bytes of the smallest pool that is worth having (GEO-2).
const LEAST_POOL: u64 = 512 * SLOT;

/// What the command line asks for; what of it makes no sense is told.
pub(super) fn options(line: CommandLine<'_>) -> Options {
    for key in [POOL, CEILING, IDLE, QUOTA] {
        let times = line.count(key);
        if times > 1 {
            warn!("{key}= is given {times} times: the last one counts");
        }
    }
    let (mut options, mut complaints) =
        Options::parse(line.value(POOL), line.value(CEILING), line.value(IDLE));
    if let Some(quota) = line.value(QUOTA) {
        options = options.with_quota(quota, &mut complaints);
    }
    complaints.iter().for_each(|complaint| warn!("{complaint}"));
    options
}

/// Sets the pool's memory aside; half of it, and half again, where that much cannot be had.
pub(super) fn carve(ram: &mut Ram, options: &Options, below: PhysAddr) -> Option<RamRegion> {
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
