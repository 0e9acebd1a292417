//! The CPU's look at one element of a list at rest.

use super::look::Look;
use super::mapped::MappedSg;
use crate::direction::{DeviceReads, Direction};
use crate::door;
use crate::span::Span;
use crate::trace::Kind;
use crate::view::access;
use core::ops::{Deref, DerefMut};
use hal::buffer::View;
use hal::{DmaBuffer, Platform};

/// Bytes of one element, for as long as the guard lives; its drop hands them back to the device.
///
/// Writable where the device reads, as a [`CpuView`](crate::CpuView) is (PS-6). Forgetting the guard
/// is harmless: the next look, launch or unmap does its work.
pub struct SgView<'m, 'd, P: Platform, B: DmaBuffer, D: Direction> {
    mapping: &'m mut MappedSg<'d, P, B, D>,
    view: Option<View<'d, P>>,
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction> MappedSg<'d, P, B, D> {
    /// Lets the CPU look at element `index`, and write to it where the device reads. `None` if there
    /// is no such element. No other element's lines are maintained, or bytes copied.
    ///
    /// Context: any; does not wait.
    pub fn for_cpu(&mut self, index: usize) -> Option<SgView<'_, 'd, P, B, D>> {
        const {
            assert!(
                B::CPU_ACCESS,
                "shared: never the CPU's while they are mapped"
            )
        }
        let (link, held) = self.parts();
        if index >= held.table.elements.len() {
            return None;
        }
        link.end_forgotten_look::<B, D>(held);
        let span = held.table.span_of(index);
        link.sync_sg_for_cpu::<B, D>(held, span);
        held.viewed = Some(Look::Element(index));
        link.note_part_sg::<B, D>(Kind::SyncForCpu, held, span);
        let element = &held.table.elements[index];
        let whole = Span::whole(element.range().len());
        let view = Some(door::look(
            link.dma.platform(),
            element,
            whole,
            access::<D>(),
        ));
        Some(SgView {
            mapping: self,
            view,
        })
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction> Deref for SgView<'_, '_, P, B, D> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.view.as_deref().unwrap_or(&[])
    }
}

impl<P: Platform, B: DmaBuffer, D: DeviceReads> DerefMut for SgView<'_, '_, P, B, D> {
    fn deref_mut(&mut self) -> &mut [u8] {
        let view = self.view.as_mut().and_then(View::as_mut);
        view.expect("a device that reads has a view for writing")
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction> Drop for SgView<'_, '_, P, B, D> {
    fn drop(&mut self) {
        // The CPU's accesses end before the lines are cleaned.
        self.view = None;
        let (link, held) = self.mapping.parts();
        link.end_look::<B, D>(held);
    }
}
