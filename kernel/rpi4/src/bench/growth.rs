//! A pool that grows under a burst, and what its size costs afterwards.

#![expect(
    unsafe_code,
    reason = "maps pages that it owns, for a device that is told nothing"
)]

extern crate alloc;

use super::map::pairs_by;
use super::meter::Series;
use super::rig::{Rig, rig};
use super::row::{Config, Row};
use super::{Group, Stand, Trouble};
use crate::channels::RamPages;
use alloc::vec::Vec;
use arch::{Board, pmu};
use core::hint::black_box;
use dma::{Dir, DmaDevice, Mapping, Physical, ToDevice};
use hal::{DmaBuffer, Pages, PhysRange, Zone};

pub(super) const GROUPS: &[Group] = &[("dyn/burst", |stand| Burst::new(stand)?.run())];

const SIZE: u64 = 4096;

/// Calls that are told together, where the rows begin and where they end.
const STEP: u64 = 256;
const WITHOUT_WORKER: u64 = 4096;
const ALL: u64 = 5120;
const RELEASED: u64 = 512;

type Held<'d> = Mapping<'d, Board, Physical, ToDevice>;

struct Burst<'s> {
    stand: &'s Stand<'s>,
    rig: &'static Rig,
    device: &'s DmaDevice,
    lent: RamPages,
    held: Vec<Held<'s>>,
}

impl<'s> Burst<'s> {
    fn new(stand: &'s Stand<'s>) -> Result<Self, Trouble> {
        Ok(Self {
            stand,
            rig: rig(stand)?,
            device: &stand.devices.plain,
            lent: Pages::alloc(stand.memory.zones, SIZE, Zone::High)?,
            held: Vec::with_capacity(ALL as usize),
        })
    }

    /// Interrupts are on: `map` itself takes a chunk when it must.
    fn run(mut self) -> Result<(), Trouble> {
        self.maps("burst_no_worker", STEP, WITHOUT_WORKER)?;
        self.rig.growing.tend_pool();
        self.maps("after_worker_ran", STEP, ALL)?;
        self.release();
        self.rig.later();
        while (self.held.len() as u64) < WITHOUT_WORKER {
            self.maps("paced_500ms", RELEASED, self.held.len() as u64 + RELEASED)?;
            self.rig.growing.tend_pool();
        }
        self.pairs("pairs_beside_live", Zone::High)?;
        self.pairs("direct_pairs", Zone::Dma)?;
        self.release();
        self.pairs("pairs_empty_pools", Zone::High)?;
        self.rig.later();
        Ok(())
    }

    fn row(&self, case: &'static str) -> Row {
        Row {
            config: Config::Growing,
            section: "dyn",
            case,
            dir: Some(Dir::ToDevice),
            size: SIZE,
            live: self.held.len() as u64,
            place: None,
        }
    }

    fn maps(&mut self, case: &'static str, step: u64, until: u64) -> Result<(), Trouble> {
        while (self.held.len() as u64) < until {
            let (row, mut series) = (self.row(case), Series::new(step));
            for _ in 0..step {
                let (rig, device, block) = black_box((self.rig, self.device, self.lent.range()));
                let start = pmu::cycles();
                let made = map(rig, device, block);
                black_box(&made);
                series.add(self.stand.meter.between(start, pmu::cycles()));
                self.held.push(made?);
            }
            row.print("map", &series);
        }
        Ok(())
    }

    /// Ends all mappings, the oldest first. Rows count up, as those that they stand beside.
    fn release(&mut self) {
        let mut series = Series::new(RELEASED);
        let mut ended = 0;
        for oldest in core::mem::take(&mut self.held) {
            let oldest = black_box(oldest);
            let start = pmu::cycles();
            black_box(&oldest.unmap());
            series.add(self.stand.meter.between(start, pmu::cycles()));
            ended += 1;
            if ended % RELEASED == 0 {
                let live = ended - RELEASED;
                let row = Row {
                    live,
                    ..self.row("release")
                };
                row.print("unmap", &series);
                series = Series::new(RELEASED);
            }
        }
    }

    fn pairs(&self, case: &'static str, zone: Zone) -> Result<(), Trouble> {
        let pages: RamPages = Pages::alloc(self.stand.memory.zones, SIZE, zone)?;
        let (meter, row) = (self.stand.meter, self.row(case));
        pairs_by(meter, self.rig.growing, self.device, row, pages, ToDevice)?;
        Ok(())
    }
}

#[inline(always)]
fn map<'d>(rig: &'d Rig, device: &'d DmaDevice, block: PhysRange) -> Result<Held<'d>, Trouble> {
    // SAFETY: pages of the caller's, which nobody stores to and no device learns of.
    let buffer = unsafe { Physical::assume_lent(block) };
    let mapped = rig.growing.map(device, buffer, ToDevice);
    mapped.map_err(|refused| Trouble::Map(refused.error))
}
