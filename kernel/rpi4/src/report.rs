//! The boot report: what a user wants to know, and what a bug report needs.

use crate::console::say;
use crate::firmware;
use crate::information::Machine;
use crate::layer::{Layer, inspector};
use crate::memory::Memory;
use boot::Handoff;
use boot::tree::Source;
use core::fmt;
use dma::swiotlb::SLOT;
use dma::{Bouncing, DmaDevice};
use hal::{KIB, MIB, PAGE, PhysAddr, PhysRange, Zone};

/// Prints all of it.
pub(crate) fn print(handoff: &Handoff, machine: &Machine, memory: &Memory, layer: &Layer) {
    print_board(handoff, machine);
    firmware::print();
    print_memory(machine, memory);
    print_pool(memory);
    print_restricted(layer);
    print_masters(machine, layer);
}

fn print_board(handoff: &Handoff, machine: &Machine) {
    say!("carom {} (build {})", env!("CARGO_PKG_VERSION"), BuildId);
    say!(
        "  board      {} (revision {})",
        machine.info.model,
        Revision(machine.revision)
    );
    let source = match machine.source {
        Source::Firmware => "from the loader",
        Source::BuiltIn => "built-in",
    };
    say!("  tree       {source}, x0 = {:#x}", handoff.x0);
    say!(
        "  entry      EL{} at {:#x}, kernel at EL1",
        handoff.entry_el,
        handoff.load
    );
    say!(
        "  core       MIDR {:#010x}, timer {} Hz",
        handoff.midr,
        handoff.cntfrq
    );
    say!("  arguments  {}", machine.command_line().0);
    handoff
        .findings()
        .for_each(|finding| say!("  note       {finding}"));
}

/// Banks, what is taken, zones, heap.
pub(crate) fn print_memory(machine: &Machine, memory: &Memory) {
    say!("memory");
    machine.banks.iter().for_each(|bank| row(*bank, "RAM"));
    for named in memory.map.named() {
        row(named.range, &named.name);
    }
    if let Some(videocore) = videocore(machine) {
        row(videocore, "VideoCore");
    }
    let end = memory.zones.dma_end();
    for (zone, name, place) in [
        (Zone::Dma, "Dma", "below"),
        (Zone::Normal, "Normal", "from"),
    ] {
        let free = memory.zones.counters(zone).free;
        let (mib, pages) = (free / MIB, free / PAGE);
        say!("  zone {name:<6} {place} {end}: {mib} MiB free, {pages} pages");
    }
    let floor = memory.heap.floor().map_or(0, |floor| floor.bytes());
    say!("  heap       objects aligned to {floor} bytes");
}

/// What lies between the end of low RAM and 1 GiB.
fn videocore(machine: &Machine) -> Option<PhysRange> {
    let low = machine.banks.first()?;
    PhysRange::between(low.end(), PhysAddr::new(hal::GIB)).ok()
}

fn row(range: PhysRange, name: &str) {
    say!("  {range}  {:>9} KiB  {name}", range.len().div_ceil(1024));
}

/// The pool and what it is for.
pub(crate) fn print_pool(memory: &Memory) {
    let bouncing = match memory.options.bouncing {
        Bouncing::AsNeeded => "only what must",
        Bouncing::Forced => "everything (swiotlb=force)",
        Bouncing::Off => "nothing (swiotlb=noforce)",
    };
    match memory.pool {
        Some(pool) => {
            let most = u64::from(memory.options.ceiling) * SLOT / MIB;
            say!("bounce pool {pool}, grows to {most} MiB, bounces {bouncing}");
        }
        None => say!("bounce pool none, bounces {bouncing}"),
    }
}

/// The pools that some devices have for themselves.
pub(crate) fn print_restricted(layer: &Layer) {
    for view in inspector().pools(layer.dma) {
        if view.restricted().is_some() {
            let kib = u64::from(view.usage().total) * SLOT / KIB;
            let cells = match view.cells() {
                Some(_) => "and",
                None => "no",
            };
            say!(
                "restricted pool {}: {kib} KiB of slots, {cells} cells",
                view.name()
            );
        }
    }
}

/// Every master, its reach and windows.
pub(crate) fn print_masters(machine: &Machine, layer: &Layer) {
    say!("bus masters");
    layer
        .masters
        .iter()
        .for_each(|master| print_master(machine, master));
    if let Some(channels) = layer.channels {
        let ids = channels
            .channels
            .iter()
            .map(|(_, channel)| channel.id().number());
        say!("  DMA channels of ours: {}", Numbers(ids));
    }
}

fn print_master(machine: &Machine, master: &DmaDevice) {
    let mask = master.mask().last();
    say!(
        "  {:<8} mask {mask}, {}",
        master.name(),
        Need { machine, master }
    );
    match inspector().reach(master).windows() {
        [] => say!("           sees RAM at its own address"),
        windows => windows.iter().for_each(|window| {
            say!("           sees {} at {}", window.phys(), window.bus());
        }),
    }
}

/// Whether a master must bounce, in words.
struct Need<'a> {
    machine: &'a Machine,
    master: &'a DmaDevice,
}

impl fmt::Display for Need<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(own) = inspector().restricted_pool(self.master) {
            return write!(f, "all of it through {}", own.name());
        }
        let reach = inspector().reach(self.master);
        let Some(last) = reach.last_reachable() else {
            return f.write_str("reaches no RAM");
        };
        let hidden = self
            .machine
            .banks
            .iter()
            .find(|bank| reach.reach(**bank).is_none());
        match hidden {
            Some(_) => write!(f, "reaches RAM up to {last}: bounces above"),
            None => f.write_str("reaches all RAM: bounces shared lines alone"),
        }
    }
}

struct BuildId;

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        boot::build_id()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

struct Revision(Option<u32>);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(code) => write!(f, "{code:x}"),
            None => f.write_str("unknown"),
        }
    }
}

struct Numbers<I>(I);

impl<I: Iterator<Item = u32> + Clone> fmt::Display for Numbers<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, number) in self.0.clone().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{number}")?;
        }
        Ok(())
    }
}
