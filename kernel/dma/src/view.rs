//! The CPU's look at a mapping at rest (`dma_sync_single_for_cpu` and `_for_device`).

use crate::direction::{DeviceReads, Direction};
use crate::door;
use crate::mapping::Mapping;
use core::ops::{Deref, DerefMut};
use hal::buffer::View;
use hal::{Access, DmaBuffer, Platform};

/// The bytes of a mapping, for as long as the guard lives; its drop hands them back to the device.
///
/// Readable in every direction. Writable where the device reads; a `FromDevice` mapping gives a
/// read-only look, since what the CPU wrote would be lost (PS-6).
///
/// Forgetting the guard is harmless: the next `launch`, `for_cpu` or `unmap` does its work.
pub struct CpuView<'m, 'd, P: Platform, B: DmaBuffer, D: Direction> {
    mapping: &'m mut Mapping<'d, P, B, D>,
    view: Option<View<'d, P>>,
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction> Mapping<'d, P, B, D> {
    /// Lets the CPU look at the buffer, and write to it where the device reads.
    ///
    /// Context: any; does not wait.
    pub fn for_cpu(&mut self) -> CpuView<'_, 'd, P, B, D> {
        let (link, held) = self.parts();
        link.end_forgotten_view(held);
        link.sync_for_cpu::<B, D>(held);
        held.viewed = Some(access::<D>());
        let view = door::look(link.dma.platform(), &held.buffer, access::<D>());
        CpuView {
            mapping: self,
            view: Some(view),
        }
    }
}

/// What a view of this direction may do.
const fn access<D: Direction>() -> Access {
    match D::DIR {
        crate::Dir::FromDevice => Access::Read,
        crate::Dir::ToDevice | crate::Dir::Bidirectional => Access::Write,
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction> CpuView<'_, '_, P, B, D> {
    fn view(&self) -> &View<'_, P> {
        self.view.as_ref().expect("taken by drop alone")
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction> Deref for CpuView<'_, '_, P, B, D> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.view()
    }
}

impl<P: Platform, B: DmaBuffer, D: DeviceReads> DerefMut for CpuView<'_, '_, P, B, D> {
    fn deref_mut(&mut self) -> &mut [u8] {
        let view = self.view.as_mut().expect("taken by drop alone");
        view.as_mut()
            .expect("a device that reads has a view for writing")
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction> Drop for CpuView<'_, '_, P, B, D> {
    fn drop(&mut self) {
        // The CPU's accesses end before the lines are cleaned.
        self.view = None;
        let (link, held) = self.mapping.parts();
        if let Some(access) = held.viewed.take() {
            link.sync_for_device(held, access);
        }
    }
}
