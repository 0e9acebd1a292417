//! What stands in for a buffer: cells if it is small, else slots; and giving it back.

use super::Run;
use crate::decision::Request;
use crate::device::DmaDevice;
use crate::error::MapError;
use crate::layer::Dma;
use crate::reason::BounceReason;
use crate::stand_in::StandIn;
use hal::{DmaAddr, Platform};

impl<P: Platform> Dma<P> {
    /// What stands in for `request`, and where the device finds it.
    pub(crate) fn stand_in_for(
        &self,
        device: &DmaDevice,
        request: &Request,
        reason: BounceReason,
    ) -> Result<(StandIn, DmaAddr), MapError> {
        if let Some((run, bus)) = self.cells_for(device, request) {
            return Ok((StandIn::Cells(run), bus));
        }
        let (slots, bus) = self.slots_for(device, request, reason)?;
        Ok((StandIn::Slots(slots), bus))
    }

    /// Cells for a small object, if the device's limits allow it, some are free, and it reaches them
    /// (INV-4).
    #[inline]
    fn cells_for(&self, device: &DmaDevice, request: &Request) -> Option<(Run, DmaAddr)> {
        let most = device.limits().cells.of(request.dir);
        if request.block.len() > most {
            return None;
        }
        let (cells, cpu) = (self.cells()?, P::cpu_id());
        let len = request.extent(device)?.len();
        if len > most {
            return None;
        }
        if let Some(run) = cells.alloc(cpu, len) {
            match device.reach().reach_slots(run.data()) {
                Some(bus) => return Some((run, bus)),
                None => cells.release(cpu, run),
            }
        }
        device.counters.no_cell(cpu);
        None
    }

    /// Gives memory back to where it came from.
    pub(crate) fn release(&self, stand_in: StandIn) {
        match stand_in {
            StandIn::Slots(slots) => self.release_slots(slots),
            StandIn::Cells(run) => {
                let cells = self.cells().expect("cells come from a set");
                cells.release(P::cpu_id(), run);
            }
        }
    }
}
