//! Lists of buffers that several devices use at the same time (ATTR-5).

use super::error::SgError;
use super::map::MappedOr;
use super::mapped::HeldSg;
use super::table::SgTable;
use crate::attrs::Attrs;
use crate::device::DmaDevice;
use crate::direction::Direction;
use crate::error::MapError;
use crate::layer::Dma;
use crate::shared::Shared;
use crate::sync::Link;
use hal::{DmaBuffer, Platform};

impl<P: Platform + Clone + 'static> Dma<P> {
    /// Lends a list of shared buffers to `device`, and none of them through a bounce buffer, not even for
    /// an edge. Those that no device has had yet are handed over; for the others there is nothing to do.
    ///
    /// Each comes back as a handle. A list in which one buffer would bounce, or is shared with devices of
    /// the other kind, is refused before any device has seen anything of it.
    ///
    /// Context: any; does not wait.
    pub fn map_sg_shared<'d, B: DmaBuffer + Sync, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        mut table: SgTable<Shared<P, B>>,
        direction: D,
    ) -> MappedOr<'d, P, Shared<P, B>, D> {
        let _ = direction;
        let (coherent, link) = (device.limits().coherent, Link { dma: self, device });
        let other = |shared: &Shared<P, B>| !shared.admits(coherent);
        if let Some(index) = table.elements.iter().position(other) {
            return Err(link.refused(mixed(device, index), table, Attrs::NONE));
        }
        table.set_lines(Shared::lines);
        let mut mapping = self.lend_sg::<_, D>(device, table, Attrs::SHARED)?;
        let (_, held) = mapping.parts();
        match join::<P, B, D>(held, coherent) {
            Ok(()) => Ok(mapping),
            Err(index) => Err(link.refused(mixed(device, index), mapping.unmap(), Attrs::NONE)),
        }
    }
}

/// Notes with each buffer that it was mapped. The first of which devices of the other kind got hold
/// meanwhile is the error.
fn join<P: Platform + 'static, B: DmaBuffer + Sync, D: Direction>(
    held: &HeldSg<Shared<P, B>>,
    coherent: bool,
) -> Result<(), usize> {
    // None bounces, so each is one piece.
    for piece in held.pieces() {
        let (index, len) = (piece.element(), piece.device_side().len());
        let shared = &held.table.elements[index];
        if !shared.note(coherent, D::DIR.device_writes(), len) {
            return Err(index);
        }
    }
    Ok(())
}

fn mixed(device: &DmaDevice, index: usize) -> SgError {
    let device = device.name();
    let error = MapError::MixedCoherence { device };
    SgError::Element { index, error }
}
