//! What a refusal costs where the pool could grow, and cannot now: at its ceiling, without memory, and with
//! interrupts masked.

extern crate alloc;

use super::meter::{Masked, Series, times};
use super::rig::{Rig, rig};
use super::row::{Config, Row};
use super::{Group, Stand, Trouble};
use crate::channels::RamPages;
use alloc::vec::Vec;
use arch::{Board, pmu};
use core::hint::black_box;
use dma::{Attrs, Dma, DmaDevice, Mapping, ToDevice};
use hal::{DmaBuffer, KIB, Pages, Zone};

pub(super) const GROUPS: &[Group] = &[("dyn/refused", |stand| refused(stand))];

/// Refused, and served by the last slot.
const SIZES: [u64; 2] = [64, 4096];
/// What the pool is filled with.
const FILL: u64 = 256 * KIB;

type Held<'d> = Mapping<'d, Board, RamPages, ToDevice>;

fn refused(stand: &Stand) -> Result<(), Trouble> {
    let rig = rig(stand)?;
    // The floor is full, and there would be more: with interrupts masked nobody fetches it.
    let masked = Masked::new();
    let few = fill(stand, rig)?;
    drop(masked);
    rows(stand, rig, ("refused_masked", &few), true)?;
    rig.set_drought(true);
    rows(stand, rig, ("refused_without_memory", &few), false)?;
    rig.set_drought(false);
    let rest = fill(stand, rig)?;
    rows(stand, rig, ("refused_at_ceiling", &rest), false)?;
    for mapping in few.into_iter().chain(rest) {
        drop(mapping.unmap());
    }
    rig.later();
    rig.later();
    Ok(())
}

/// Takes what there is to be had, by long mappings and then by those of a slot.
fn fill<'s>(stand: &'s Stand, rig: &'static Rig) -> Result<Vec<Held<'s>>, Trouble> {
    let mut held = Vec::new();
    for len in [FILL, SIZES[1], SIZES[0]] {
        loop {
            let pages: RamPages = Pages::alloc(stand.memory.zones, len, Zone::High)?;
            match map(rig.growing, &stand.devices.plain, pages) {
                Ok(mapping) => held.push(mapping),
                Err(_) => break,
            }
        }
    }
    Ok(held)
}

fn map<'d>(
    dma: &'d Dma<Board>,
    device: &'d DmaDevice,
    pages: RamPages,
) -> Result<Held<'d>, dma::Refused<RamPages>> {
    dma.map_attrs(device, pages, ToDevice, Attrs::NO_WARN)
}

fn rows(
    stand: &Stand,
    rig: &Rig,
    (case, held): (&'static str, &[Held<'_>]),
    masked: bool,
) -> Result<(), Trouble> {
    for size in SIZES {
        let row = Row {
            config: Config::Growing,
            section: "dyn",
            case,
            dir: Some(dma::Dir::ToDevice),
            size,
            live: held.len() as u64,
            place: None,
        };
        let pages: RamPages = Pages::alloc(stand.memory.zones, size, Zone::High)?;
        let masked = masked.then(Masked::new);
        refusals(stand, rig.growing, &stand.devices.plain, row, pages);
        drop(masked);
    }
    Ok(())
}

/// Counts refusals.
pub(super) fn refusals<B: DmaBuffer>(
    stand: &Stand,
    dma: &'static Dma<Board>,
    device: &DmaDevice,
    row: Row,
    mut buffer: B,
) {
    let mut series = Series::new(times(row.size));
    for _ in 0..times(row.size) {
        let (dma, device, lent) = black_box((dma, device, buffer));
        let start = pmu::cycles();
        let refused = dma.map_attrs(device, lent, ToDevice, Attrs::NO_WARN);
        black_box(&refused);
        series.add(stand.meter.between(start, pmu::cycles()));
        buffer = match refused {
            Ok(mapping) => mapping.unmap(),
            Err(refused) => refused.buffer,
        };
    }
    let dir = Some(dma::Dir::ToDevice);
    Row { dir, ..row }.print("map_fails", &series);
}
