//! What the calls of the DMA layer cost, counted: the rows of `tools/bench/linux-baseline.csv` that this
//! layer has calls for, in that file's columns and names.
//!
//! | file | rows |
//! |---|---|
//! | `base` | a plain copy, a lock taken and given back |
//! | `map` | `map` and `unmap`, direct and bounced, with and without maintenance |
//! | `address` | the same for drivers that keep a bus address alone |
//! | `heap` | the same for objects of the heap |
//! | `sync` | `for_cpu` and the end of the view on a mapping at rest |
//! | `slots` | slots taken and given back, and nothing else |
//! | `occupancy`, `ring` | `map` and `unmap` of what bounces while slots are in use; refusals |
//! | `growth`, `refused` | a burst into a pool that grows, and what it costs that it cannot |
//! | `cores` | several cores at once |
//! | `rig`, `fill`, `shape` | pools of the benchmark's own, and how full they are |
//! | `devices` | the masters that all of this is done for |
//! | `meter`, `row` | the counter, and how a row is printed |
//!
//! It is the shipped code that is measured, as a driver would call it: generic calls inlined or not as
//! the compiler likes, their arguments hidden from it. Interrupts are masked while a row is counted,
//! and what an empty measurement counts is taken off. The unit is that of [`arch::pmu`].

mod address;
mod base;
mod cores;
mod devices;
mod fill;
mod growth;
mod heap;
mod map;
mod meter;
mod occupancy;
mod refused;
mod rig;
mod ring;
mod row;
mod shape;
mod slots;
mod sync;

use crate::console::say;
use crate::layer::Layer;
use crate::layer::inspector;
use crate::memory::Memory;
use crate::selftest::Reason;
use crate::shell::input::stopped;
use boot::CommandLine;
use devices::Devices;
use dma::swiotlb::{BadRegion, NoOrigins};
use dma::{Bouncing, MapError};
use hal::NoPages;
use meter::Meter;
use row::Config;

/// Why a row could not be counted.
enum Trouble {
    Map(MapError),
    Pages(NoPages),
    Notes(NoOrigins),
    Region(BadRegion),
    Cores(Reason),
}

impl From<BadRegion> for Trouble {
    fn from(error: BadRegion) -> Self {
        Self::Region(error)
    }
}

impl From<NoOrigins> for Trouble {
    fn from(error: NoOrigins) -> Self {
        Self::Notes(error)
    }
}

impl From<NoPages> for Trouble {
    fn from(error: NoPages) -> Self {
        Self::Pages(error)
    }
}

impl core::fmt::Display for Trouble {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Map(error) => error.fmt(f),
            Self::Pages(error) => error.fmt(f),
            Self::Notes(error) => error.fmt(f),
            Self::Region(error) => error.fmt(f),
            Self::Cores(reason) => reason.fmt(f),
        }
    }
}

/// What a group of rows has to work with.
struct Stand<'a> {
    layer: &'a Layer,
    memory: &'a Memory,
    devices: &'a Devices,
    meter: Meter,
    config: Config,
}

/// Rows that are counted together: `section/case` of all of them, and what counts them.
type Group = (&'static str, fn(&Stand) -> Result<(), Trouble>);

/// At least one row could not be counted.
pub(crate) struct Failed;

/// The pattern of `carom.bench=PATTERN`, if the command line has it: `all`, or a part of `section/case`.
pub(crate) fn wanted<'a>(line: &CommandLine<'a>) -> Option<&'a str> {
    let pattern = line.value("carom.bench")?;
    Some(if pattern == "all" { "" } else { pattern })
}

/// Counts the rows with `pattern` in their `section/case`. Stops between groups on Ctrl-C.
pub(crate) fn run(layer: &Layer, memory: &Memory, pattern: &str) -> Result<(), Failed> {
    let devices = Devices::describe(&memory.ram()).map_err(|error| {
        say!("bench: {error}");
        Failed
    })?;
    let stand = Stand {
        layer,
        memory,
        devices: &devices,
        meter: Meter::start(),
        config: match inspector().bouncing(layer.dma) {
            Bouncing::Forced => Config::Forced,
            Bouncing::AsNeeded | Bouncing::Off => Config::Usual,
        },
    };
    say!("{}", row::HEADER);
    let mut result = Ok(());
    let groups = [
        base::GROUPS,
        map::GROUPS,
        address::GROUPS,
        heap::GROUPS,
        sync::GROUPS,
    ];
    // Their pools are their own, whatever `swiotlb=` says of the kernel's.
    let own = [
        slots::GROUPS,
        occupancy::GROUPS,
        ring::GROUPS,
        growth::GROUPS,
        refused::GROUPS,
        cores::GROUPS,
    ];
    let own = matches!(stand.config, Config::Usual).then_some(own);
    let groups = groups.into_iter().chain(own.into_iter().flatten());
    let wanted = |group: &&Group| group.0.contains(pattern);
    for (name, count) in groups.flatten().filter(wanted) {
        if stopped() {
            break;
        }
        if let Err(trouble) = count(&stand) {
            say!("bench: {name}: {trouble}");
            result = Err(Failed);
        }
    }
    result
}
