//! One, two and four cores that map and unmap at the same time: how much all of them get done.
//!
//! Where the emulator counts instructions, cores take turns: together they do as much in a second as one
//! alone unless they wait for each other. On the board they do it at once.

extern crate alloc;

use super::rig::{Rig, rig};
use super::row::{Config, Row};
use super::{Group, Stand, Trouble};
use crate::channels::RamPages;
use crate::selftest::{Reason, reason, together};
use arch::{Board, Timer};
use core::hint::black_box;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use dma::{Dir, DmaDevice, DmaMask, ToDevice};
use hal::{Clock, CpuId, DmaBuffer, Pages, Zone};
use mm::Zones;
use spin::Once;

pub(super) const GROUPS: &[Group] = &[("smp/cores", |stand| at_once(stand, rig(stand)?))];

// Not where the rig is made, which takes much of the stack already.
#[inline(never)]
fn at_once(stand: &Stand, rig: &'static Rig) -> Result<(), Trouble> {
    let shared = Shared {
        rig,
        zones: stand.memory.zones,
        device: device(stand),
    };
    SHARED.call_once(|| shared);
    for (case, what) in [("alu_control", 0), ("bounce_4096", 1), ("direct_4096", 2)] {
        WHAT.store(what, Ordering::Relaxed);
        for cores in [1, 2, 4] {
            count(case, cores)?;
        }
    }
    Ok(())
}

const SIZE: u64 = 4096;
/// Rounds of each core.
const ROUNDS: u64 = 4000;
/// Instructions, about, of a round that touches nothing.
const ALU: u64 = 4000;

/// What the cores share.
struct Shared {
    rig: &'static Rig,
    zones: &'static Zones<Board>,
    device: DmaDevice,
}

static SHARED: Once<Shared> = Once::new();
static WHAT: AtomicUsize = AtomicUsize::new(0);
/// How many cores have something to do.
static CORES: AtomicUsize = AtomicUsize::new(0);
/// When the first began and the last ended, in ticks.
static BEGAN: AtomicU64 = AtomicU64::new(0);
static ENDED: AtomicU64 = AtomicU64::new(0);

/// One that lives as long as the cores may look at it.
fn device(stand: &Stand) -> DmaDevice {
    let builder = DmaDevice::builder("bench-cores").mask(DmaMask::bits(30));
    builder
        .build(&stand.memory.ram())
        .expect("one like it was made before")
}

fn count(case: &'static str, cores: u64) -> Result<(), Trouble> {
    CORES.store(cores as usize, Ordering::Relaxed);
    BEGAN.store(u64::MAX, Ordering::Relaxed);
    ENDED.store(0, Ordering::Relaxed);
    together(part).map_err(Trouble::Cores)?;
    let ticks = ENDED.load(Ordering::Relaxed) - BEGAN.load(Ordering::Relaxed);
    let row = Row {
        config: Config::Cores,
        section: "smp",
        case,
        dir: Some(Dir::ToDevice),
        size: SIZE,
        live: cores,
        place: None,
    };
    let rounds = ROUNDS * cores;
    row.print_value("iter_per_s", rounds, rounds * Timer.hz() / ticks.max(1));
    Ok(())
}

/// A core's part.
fn part(core: CpuId) -> Result<(), Reason> {
    let missing = || reason(format_args!("nothing is shared"));
    let shared = SHARED.get().ok_or_else(missing)?;
    if core.index() >= CORES.load(Ordering::Relaxed) {
        return Ok(());
    }
    let zone = match WHAT.load(Ordering::Relaxed) {
        0 => return spin(),
        1 => Zone::High,
        _ => Zone::Dma,
    };
    let mut pages: RamPages =
        Pages::alloc(shared.zones, SIZE, zone).map_err(|error| reason(format_args!("{error}")))?;
    begin();
    for _ in 0..ROUNDS {
        let mapped = shared.rig.fixed.map(&shared.device, pages, ToDevice);
        let mapping = mapped.map_err(|refused| reason(format_args!("{}", refused.error)))?;
        pages = mapping.unmap();
    }
    end();
    black_box(pages.range());
    Ok(())
}

fn spin() -> Result<(), Reason> {
    begin();
    for _ in 0..ROUNDS * ALU / 2 {
        black_box(());
    }
    end();
    Ok(())
}

fn begin() {
    BEGAN.fetch_min(Timer.ticks(), Ordering::Relaxed);
}

fn end() {
    ENDED.fetch_max(Timer.ticks(), Ordering::Relaxed);
}
