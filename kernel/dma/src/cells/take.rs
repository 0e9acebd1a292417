//! What stands in for a buffer: cells if it is small, else slots; and giving it back.

use super::Run;
use crate::bounce::NotAtOnce;
use crate::decision::Request;
use crate::device::DmaDevice;
use crate::direction::{Direction, Fill};
use crate::door;
use crate::error::MapError;
use crate::layer::Dma;
use crate::reason::BounceReason;
use crate::stand_in::StandIn;
use crate::swiotlb::Terms;
use hal::{DmaAddr, DmaBuffer, Platform};

impl<P: Platform> Dma<P> {
    /// What stands in for `request`, and where the device finds it.
    pub(crate) fn stand_in_for(
        &self,
        device: &DmaDevice,
        request: &Request,
        reason: BounceReason,
    ) -> Result<(StandIn, DmaAddr), MapError> {
        if let Some(len) = self.cell_len(device, request) {
            if let Some((run, bus)) = self.take_cells(device, len) {
                return Ok((StandIn::Cells(run), bus));
            }
            device.counters.no_cell(P::cpu_id());
        }
        let (slots, bus) = self.slots_for(device, request, reason)?;
        Ok((StandIn::Slots(slots), bus))
    }

    /// Cells for `request`, if it is small enough, and some are free.
    pub(crate) fn cells_for(
        &self,
        device: &DmaDevice,
        request: &Request,
    ) -> Option<(Run, DmaAddr)> {
        let len = self.cell_len(device, request)?;
        self.take_cells(device, len)
    }

    /// Lends `buffer`, which must bounce, by cells for `len` bytes, which is what it bounces by: without the rest
    /// of the decision, and of its errors, which would take longer than the copy.
    #[inline(never)]
    pub(crate) fn by_cell<B: DmaBuffer, D: Direction>(
        &self,
        device: &DmaDevice,
        buffer: &B,
        len: u64,
        reason: BounceReason,
    ) -> Result<(StandIn, DmaAddr), NotAtOnce> {
        let (run, bus) = self.take_cells(device, len).ok_or(NotAtOnce::Look)?;
        match D::FILL {
            Fill::Copy => door::fill_cells(self.platform(), buffer, &run),
            Fill::Scrub => {
                door::scrub_cells(self.platform(), &run);
                device.counters.scrubbed::<P>(buffer.range().len());
            }
        }
        let stand_in = StandIn::Cells(run);
        let counters = &device.counters;
        counters.mapped_bounced::<P>(reason, &stand_in, buffer.range().len());
        Ok((stand_in, bus))
    }

    /// Bytes of cells that `request` takes, if there are any and the device's limits allow it.
    #[inline]
    pub(crate) fn cell_len(&self, device: &DmaDevice, request: &Request) -> Option<u64> {
        let limits = device.limits();
        let most = limits.cells.of(request.dir);
        if request.block.len() > most || self.cells_of(device).is_none() {
            return None;
        }
        // Granules are powers of two up to a line, and limits short: nothing overflows.
        let grain = limits.granule - 1;
        let len = (request.block.len() + grain) & !grain;
        (len <= most).then_some(len)
    }

    /// Cells for `len` bytes, if some are free and the device reaches them (INV-4).
    #[inline]
    fn take_cells(&self, device: &DmaDevice, len: u64) -> Option<(Run, DmaAddr)> {
        let (cells, cpu) = (self.cells_of(device)?, P::cpu_id());
        let run = cells.alloc(cpu, len)?;
        match reach(device, &run) {
            Some(bus) => Some((run, bus)),
            None => {
                cells.release(cpu, run);
                None
            }
        }
    }

    /// Gives cells back.
    #[inline]
    pub(crate) fn release_cells(&self, run: Run) {
        let cells = self.cells_at(run.pool()).expect("cells come from a set");
        cells.release(P::cpu_id(), run);
    }

    /// Gives memory back to where it came from.
    pub(crate) fn release(&self, terms: &Terms, stand_in: StandIn) {
        match stand_in {
            StandIn::Slots(slots) => self.release_slots(terms, slots),
            StandIn::Cells(run) => self.release_cells(run),
        }
    }
}

/// Where the device finds a run. The stretch that it sees plainly is asked first, for most see it there.
#[inline]
fn reach(device: &DmaDevice, run: &Run) -> Option<DmaAddr> {
    let plain = device.plain().addr_of_slots(run.data());
    plain.or_else(|| device.reach().reach_slots(run.data()))
}
