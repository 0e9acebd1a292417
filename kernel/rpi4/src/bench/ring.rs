//! Mappings in a ring: each call ends the oldest and makes a new one, so that no slot is given back just
//! after it was taken.

#![expect(
    unsafe_code,
    reason = "maps pages that it owns, for a device that is told nothing"
)]

extern crate alloc;

use super::meter::{Masked, Series};
use super::rig::{Rig, SLOTS, rig};
use super::row::Row;
use super::{Group, Stand, Trouble};
use crate::channels::RamPages;
use alloc::collections::VecDeque;
use arch::{Board, pmu};
use core::hint::black_box;
use dma::swiotlb::SLOT;
use dma::{DmaDevice, Mapping, Physical, ToDevice};
use hal::{DmaBuffer, Pages, PhysRange, Zone};

const SIZES: [u64; 4] = [64, 1500, 4096, 65_536];

pub(super) const GROUPS: &[Group] = &[("occ/fifo_ring", |stand| {
    for size in SIZES {
        let capacity = SLOTS / size.div_ceil(SLOT);
        for live in [16, 100, 1000, capacity / 2, capacity * 8 / 10] {
            count(stand, size, live)?;
        }
    }
    Ok(())
})];

type Held<'d> = Mapping<'d, Board, Physical, ToDevice>;

fn count(stand: &Stand, size: u64, live: u64) -> Result<(), Trouble> {
    let (rig, device) = (rig(stand)?, &stand.devices.plain);
    let lent: RamPages = Pages::alloc(stand.memory.zones, size, Zone::High)?;
    let mut ring = VecDeque::with_capacity(live as usize + 1);
    for _ in 0..live {
        ring.push_back(map(rig, device, lent.range())?);
    }
    // Once round, and a little.
    let times = (live + live / 4).div_ceil(256) * 256;
    let [mut maps, mut unmaps, mut pairs] = [Series::new(times); 3];
    let masked = Masked::new();
    for _ in 0..times {
        let Some(oldest) = ring.pop_front() else {
            break;
        };
        let oldest = black_box(oldest);
        let start = pmu::cycles();
        black_box(&oldest.unmap());
        let unmap = stand.meter.between(start, pmu::cycles());
        let (rig, device, block) = black_box((rig, device, lent.range()));
        let start = pmu::cycles();
        let made = map(rig, device, block);
        black_box(&made);
        let map = stand.meter.between(start, pmu::cycles());
        ring.push_back(made?);
        maps.add(map);
        unmaps.add(unmap);
        pairs.add(map + unmap);
    }
    drop(masked);
    let row = Row {
        config: stand.config,
        section: "occ",
        case: "fifo_ring",
        dir: Some(dma::Dir::ToDevice),
        size,
        live,
        place: None,
    };
    for (op, series) in [("map", maps), ("unmap", unmaps), ("pair", pairs)] {
        row.print(op, &series);
    }
    Ok(())
}

#[inline(always)]
fn map<'d>(rig: &'d Rig, device: &'d DmaDevice, block: PhysRange) -> Result<Held<'d>, Trouble> {
    // SAFETY: pages of the caller's, which nobody stores to and no device learns of.
    let buffer = unsafe { Physical::assume_lent(block) };
    let mapped = rig.fixed.map(device, buffer, ToDevice);
    mapped.map_err(|refused| Trouble::Map(refused.error))
}
