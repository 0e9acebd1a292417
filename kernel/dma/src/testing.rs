//! What unit tests have in common.

use hal::{GIB, PhysAddr, PhysRange, RamMap};

const RAM: PhysRange = match PhysRange::new(PhysAddr::new(0), 2 * GIB) {
    Ok(range) => range,
    Err(_) => unreachable!(),
};

/// A board with 2 GiB, of which legacy masters see one.
pub(crate) const BOARD: RamMap<'static> = RamMap {
    banks: &[RAM],
    dma_end: PhysAddr::new(GIB),
};
