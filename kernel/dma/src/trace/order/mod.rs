//! The order in which calls may come (13.17), held against what a trace says.
//!
//! | event | wants the mapping |
//! |---|---|
//! | `map`, `bounce` | not to exist, unless it is shared; its memory not to be in quarantine |
//! | `launch`, `expose` | at rest |
//! | `for_cpu`, `for_device` | at rest or exposed, the part inside it |
//! | `end` | launched |
//! | `settle` | exposed |
//! | `unmap`, `skip` | at rest |
//! | `quarantine` | launched or exposed |
//! | `free` | in quarantine |
//!
//! Maintenance, where the trace has it (CM-7): what was cleaned, or copied into the pool, has been
//! waited for before its mapping is made, given (back) to the device or launched; and what was dropped,
//! before bytes are copied out of the pool or shown to the CPU. The wait is the same core's.
//!
//! In a trace of all maintenance (`dma_debug=trace`) none may be missing: lines of a device that does not
//! snoop are clean before it is told, since the CPU had them (CM-1), and dropped before the CPU looks, since the
//! device had them (CM-2).
//!
//! Of a list the address of its first piece is known, and the sum of its bytes: for the rest a list's
//! maintenance is not followed.

mod disorder;
mod lines;
mod live;
mod merge;
mod owed;
#[cfg(test)]
mod tests;

extern crate alloc;

pub use disorder::{Disorder, State};
pub use merge::merge;

use super::event::{Event, Kind};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use hal::{DmaAddr, DmaWindow};
use lines::{Lines, Mapping};
use live::{Key, Mapped};
use owed::Owed;

/// All that an event may depend on.
#[derive(Debug, Default)]
pub struct Order {
    live: BTreeMap<Key, Mapped>,
    quarantined: BTreeMap<Key, u64>,
    windows: Vec<(u16, DmaWindow)>,
    owed: Owed,
    lines: Lines,
    /// Devices that look into the caches.
    snooping: Vec<u16>,
    /// All maintenance is told of.
    maintenance: bool,
    /// Events before the first may be missing: a mapping that is unknown was made then.
    incomplete: bool,
}

impl Order {
    /// Nothing is mapped. Where events are missing, what is unknown is taken as it comes.
    pub fn new(incomplete: bool) -> Self {
        Self {
            incomplete,
            ..Self::default()
        }
    }

    /// A device finds RAM here.
    pub fn window(&mut self, device: u16, window: DmaWindow) {
        self.windows.push((device, window));
    }

    /// A device looks into the caches.
    pub fn snoops(&mut self, device: u16) {
        self.snooping.push(device);
    }

    /// All maintenance is in the trace: what is missing there was not made.
    pub fn follow_maintenance(&mut self) {
        self.maintenance = true;
    }

    /// The next event, and what is wrong about it. A wrong event changes nothing.
    pub fn step(&mut self, core: usize, event: &Event) -> Result<(), Disorder> {
        match event.kind {
            Kind::CopyOut => self.owed.waited(event, event.addr, event.len),
            _ if event.kind.is_maintenance() => {
                self.maintained(core, event);
                Ok(())
            }
            _ => {
                self.waited_on_bus(event)?;
                let of = self.lines_of(event);
                if self.maintenance {
                    self.lines.agree(event, of, !self.incomplete)?;
                }
                self.call(event)?;
                self.lines.called(event, of);
                Ok(())
            }
        }
    }

    /// Maintenance is never wrong by itself.
    fn maintained(&mut self, core: usize, event: &Event) {
        match event.kind {
            Kind::Complete => self.owed.pay(core),
            Kind::Publish => self.owed.publish(core),
            Kind::Acquire | Kind::Take | Kind::CopyOut => {}
            _ => {
                self.owed.add(core, event);
                self.lines.maintained(event);
            }
        }
    }

    fn lines_of(&self, event: &Event) -> Mapping {
        Mapping {
            start: self.to_phys(event.device, event.addr),
            snoops: self.snooping.contains(&event.device),
        }
    }

    fn call(&mut self, event: &Event) -> Result<(), Disorder> {
        use State::{AtRest, Exposed, InFlight};
        match event.kind {
            Kind::Map | Kind::Bounce => self.map(event),
            Kind::Launch => self.moves(event, AtRest, Some(InFlight)),
            Kind::Expose => self.moves(event, AtRest, Some(Exposed)),
            Kind::End => self.moves(event, InFlight, Some(AtRest)),
            Kind::Settle => self.moves(event, Exposed, Some(AtRest)),
            Kind::Unmap | Kind::UnmapSkipSync => self.moves(event, AtRest, None),
            Kind::SyncForCpu | Kind::SyncForDevice => self.sync(event),
            Kind::Quarantine => self.quarantine(event),
            Kind::Free => self.free(event),
            _ => Ok(()),
        }
    }

    /// The next event of a time for which others are missing: believed, whatever was known before.
    pub fn believe(&mut self, core: usize, event: &Event) {
        if event.kind.is_maintenance() {
            // Owed or paid; a wait that is missing would be told, and may just be lost.
            return self.maintained(core, event);
        }
        let is = match event.kind {
            Kind::Map | Kind::Bounce | Kind::End | Kind::Settle => State::AtRest,
            Kind::Launch => State::InFlight,
            Kind::Expose => State::Exposed,
            Kind::Unmap | Kind::UnmapSkipSync | Kind::Quarantine | Kind::Free => {
                return self.forget(event);
            }
            _ => return,
        };
        self.forget(event);
        self.adopt(event, is);
    }

    /// Maintenance that is missing, if it was to be seen, is no longer waited for.
    pub fn forgive(&mut self) {
        self.owed = Owed::default();
        self.lines = Lines::default();
    }

    /// Mappings that were not ended.
    pub fn live(&self) -> usize {
        let counts = self.live.values().map(Mapped::all);
        counts.sum::<u32>() as usize
    }

    /// No maintenance is owed to the memory of a mapping.
    fn waited_on_bus(&self, event: &Event) -> Result<(), Disorder> {
        let len = if event.list { 1 } else { event.len };
        let start = self.to_phys(event.device, event.addr);
        self.owed.waited(event, start, len)
    }

    fn to_phys(&self, device: u16, addr: u64) -> u64 {
        let mut windows = self.windows.iter().filter(|(of, _)| *of == device);
        let found = windows.find_map(|(_, window)| window.to_phys(DmaAddr::new(addr)));
        found.map_or(addr, |phys| phys.get())
    }
}
