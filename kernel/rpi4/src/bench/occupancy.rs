//! `map` and `unmap` of what must bounce while slots are in use: how the cost depends on how many and on
//! where they are, and what a refusal costs.

use super::fill::Mapped;
use super::map::pairs_by;
use super::meter::Masked;
use super::refused::refusals;
use super::rig::{SLOTS, rig};
use super::row::Row;
use super::shape::{Shape, any_place, rare_place};
use super::{Group, Stand, Trouble};
use crate::channels::RamPages;
use dma::swiotlb::SLOT;
use dma::{Attrs, DmaDevice, ToDevice};
use hal::{DmaBuffer, Pages, Zone};

/// A line, a frame, a page, and two lengths of storage, of which one is as long as Linux can bounce.
const SIZES: [u64; 5] = [64, 1500, 4096, 65_536, 262_144];

pub(super) const GROUPS: &[Group] = &[
    ("occ/any_place", |stand| any_place(stand, &SIZES, count)),
    ("occ/rare_place", |stand| rare_place(stand, count)),
];

/// Counts one case: pairs, or refusals where there is no room.
fn count(
    stand: &Stand,
    device: &DmaDevice,
    (case, shape): (&'static str, Shape),
    size: u64,
) -> Result<(), Trouble> {
    let rig = rig(stand)?;
    let lent: RamPages = Pages::alloc(stand.memory.zones, size, Zone::High)?;
    let calls = rig.fixed.by_address(&stand.devices.plain)?;
    let source = |len| Mapped {
        calls,
        block: lent.range().slice(0, len).unwrap_or(lent.range()),
    };
    let (same, single) = (source(size), source(1));
    let in_use = shape.of(&same, &single, SLOTS / size.div_ceil(SLOT));
    let row = Row {
        config: stand.config,
        section: "occ",
        case,
        dir: None,
        size,
        live: in_use.count(),
        place: None,
    };
    let buffer: RamPages = Pages::alloc(stand.memory.zones, size, Zone::High)?;
    match rig
        .fixed
        .map_attrs(device, buffer, ToDevice, Attrs::NO_WARN)
    {
        Ok(mapping) => {
            let buffer = mapping.unmap();
            pairs_by(stand.meter, rig.fixed, device, row, buffer, ToDevice)?;
        }
        Err(refused) => {
            let masked = Masked::new();
            refusals(stand, rig.fixed, device, row, refused.buffer);
            drop(masked);
        }
    }
    Ok(())
}
