//! The DMA layer of this machine, its bus masters and the channels that the kernel uses.

extern crate alloc;

use crate::channels::{self, Channels};
use crate::information::Machine;
use crate::masters;
use crate::memory::{Memory, grants, growth};
use crate::{debug, firmware};
use alloc::boxed::Box;
use alloc::vec::Vec;
use arch::Board;
use boot::Handoff;
use dma::checker::Checker;
use dma::{Complaint, Dma, DmaDevice, Inspector, trace};
use spin::Once;

static INSPECTOR: Once<Inspector> = Once::new();
/// For the last words of a kernel that dies.
static CURRENT: Once<(&'static Dma<Board>, &'static [DmaDevice])> = Once::new();

/// The right to look into the layer, for reports and tests.
///
/// Panics before the layer was brought up.
pub(crate) fn inspector() -> &'static Inspector {
    INSPECTOR.get().expect("the layer was brought up")
}

/// The checker, under `dma_debug=`.
pub(crate) fn checker() -> Option<&'static Checker<Board>> {
    let (dma, _) = CURRENT.get()?;
    inspector().checker(dma)
}

/// Tells of devices that wrote beside what they were given, since this was asked last.
pub(crate) fn tell_alarms(mut each: impl FnMut(Complaint)) {
    if let (Some((dma, _)), Some(inspector)) = (CURRENT.get(), INSPECTOR.get()) {
        core::iter::from_fn(|| inspector.alarm(dma)).for_each(&mut each);
    }
}

/// Tells the last `most` calls of each core, line by line. Nothing before the layer was brought up.
///
/// Context: any; takes no lock but what `each` takes.
pub(crate) fn tell_trace(most: usize, each: impl FnMut(trace::Line<'_>)) {
    if let (Some((dma, masters)), Some(inspector)) = (CURRENT.get(), INSPECTOR.get()) {
        inspector.tell_trace(dma, masters, most, each);
    }
}

/// The layer and its masters, for as long as the kernel runs.
pub(crate) struct Layer {
    pub(crate) dma: &'static Dma<Board>,
    pub(crate) masters: &'static [DmaDevice],
    /// None where the machine has no usable channel.
    pub(crate) channels: Option<&'static Channels>,
}

impl Layer {
    /// The master by this name.
    pub(crate) fn master(&self, name: &str) -> Option<&'static DmaDevice> {
        self.masters.iter().find(|master| master.name() == name)
    }
}

/// Makes the layer over the pool that was set aside, and brings up the mailbox and, since
/// it says which are ours, the channels.
///
/// Panics on a machine whose cache lines the layer is not built for.
pub(crate) fn bring_up(handoff: &Handoff, machine: &Machine, memory: &Memory) -> Layer {
    let dma = Dma::new(Board, memory.options.bouncing, memory.take_pool());
    let (dma, inspector) = dma.unwrap_or_else(|error| panic!("{error}"));
    let dma = dma.with_waiting(&grants::Queue);
    INSPECTOR.call_once(|| inspector);
    let mut dma = match memory.take_cells() {
        Some(cells) => dma.with_cells(cells),
        None => dma,
    };
    if let Some(checker) = debug::checker(handoff, machine.command_line()) {
        dma.check_with(checker);
    }
    dma.alarm_with(debug::tell_soon);
    let pools = memory.add_restricted(&mut dma);
    let dma: &'static _ = Box::leak(Box::new(dma));
    growth::serve(dma);
    let (devices, quota) = (machine.info.devices.iter(), memory.options.quota);
    let masters: Vec<_> = devices
        .filter_map(|device| {
            masters::describe(machine.info, device, &memory.ram(), (&pools, quota))
        })
        .collect();
    let mut layer = Layer {
        dma,
        masters: Vec::leak(masters),
        channels: None,
    };
    CURRENT.call_once(|| (layer.dma, layer.masters));
    firmware::open(machine, memory, &layer);
    layer.channels = layer
        .master("dma")
        .and_then(|master| channels::bring_up(machine, memory, dma, master));
    layer
}
