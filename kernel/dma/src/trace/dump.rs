//! The rings, told line by line: for the prompt, and for the last words of a kernel that dies.

use super::line::Line;
use crate::device::DmaDevice;
use crate::inspect::Inspector;
use crate::layer::Dma;
use hal::{CpuId, MAX_CPUS, Platform};

impl Inspector {
    /// Tells the last `most` events of each core, with what a reader has to know of `devices`. Counts
    /// the events that it told.
    ///
    /// Context: any; takes no lock. `each` is called in between, with none held.
    pub fn tell_trace<P: Platform>(
        &self,
        dma: &Dma<P>,
        devices: &[DmaDevice],
        most: usize,
        mut each: impl FnMut(Line<'_>),
    ) -> u64 {
        let maintenance = dma.traces_maintenance();
        each(Line::Begin { maintenance });
        for device in devices {
            tell_device(device, &mut each);
        }
        let mut events = 0;
        for core in (0..MAX_CPUS).filter_map(CpuId::new) {
            let recorded = dma.trace().of(core, most);
            let (core, lost) = (core.index(), recorded.lost());
            each(Line::Core { core, lost });
            for event in recorded {
                each(Line::Event { core, event });
                events += 1;
            }
        }
        each(Line::End { events });
        events
    }
}

fn tell_device(described: &DmaDevice, each: &mut impl FnMut(Line<'_>)) {
    let (device, name) = (described.id().number() as u16, described.name());
    let snoops = described.limits().coherent;
    each(Line::Device {
        device,
        name,
        snoops,
    });
    for window in described.reach().windows() {
        let window = *window;
        each(Line::Window { device, window });
    }
}
