//! Lists that were unmapped without sync: still the devices', for the next one to take over.

use super::error::SgRefused;
use super::mapped::MappedSg;
use super::sync::stale_part;
use super::table::{NoTable, SgTable};
use crate::attrs::Attrs;
use crate::device::DmaDevice;
use crate::direction::Direction;
use crate::door;
use crate::held::Lines;
use crate::layer::Dma;
use crate::owned::{DeviceOwned, direct_lines_after};
use crate::span::Span;
use crate::trace::Kind;
use core::fmt;
use hal::{DmaBuffer, Platform};

/// A list between two devices, given by [`MappedSg::unmap_skip_sync`], or made of single buffers that
/// devices own, and taken by [`Dma::map_sg_device_owned`]. No CPU access.
///
/// Each element is what a [`DeviceOwned`] is. Dropping the list, as [`reclaim`](Self::reclaim), makes the
/// bytes the CPU's again first.
pub struct DeviceOwnedSg<'d, P: Platform, B: DmaBuffer> {
    dma: &'d Dma<P>,
    /// With a state of the caches for each element.
    table: Option<SgTable<B>>,
}

impl<'d, P: Platform, B: DmaBuffer> DeviceOwnedSg<'d, P, B> {
    /// An empty list with room for so many elements, which may become so many segments.
    ///
    /// Context: thread; allocates.
    pub fn with_capacity(
        dma: &'d Dma<P>,
        elements: usize,
        segments: usize,
    ) -> Result<Self, NoTable> {
        let table = SgTable::with_capacity(elements, segments)?;
        Ok(Self::new(dma, table))
    }

    fn new(dma: &'d Dma<P>, table: SgTable<B>) -> Self {
        let table = Some(table);
        Self { dma, table }
    }

    fn table(&mut self) -> &mut SgTable<B> {
        let table = self.table.as_mut();
        table.expect("taken only by calls that end the value")
    }

    /// Adds a buffer. Gives it back if there is no room: nothing is allocated.
    pub fn push(&mut self, owned: DeviceOwned<'d, P, B>) -> Result<(), DeviceOwned<'d, P, B>> {
        let (dma, table) = (self.dma, self.table());
        let (buffer, lines) = owned.apart();
        match table.push(buffer) {
            // There is room: as much as for elements.
            Ok(()) => table.lines.push(lines),
            Err(buffer) => return Err(DeviceOwned::new(dma, buffer, lines)),
        }
        Ok(())
    }

    /// Takes the last buffer out, as it is.
    pub fn pop(&mut self) -> Option<DeviceOwned<'d, P, B>> {
        let (dma, table) = (self.dma, self.table());
        let (buffer, lines) = (table.elements.pop()?, table.lines.pop()?);
        Some(DeviceOwned::new(dma, buffer, lines))
    }

    /// Bytes of all buffers.
    pub fn bytes(&self) -> u64 {
        self.table.as_ref().map_or(0, SgTable::bytes)
    }

    /// Makes the buffers the CPU's again: it finds what the last device wrote. One barrier for all.
    ///
    /// Context: any; does not wait.
    pub fn reclaim(mut self) -> SgTable<B> {
        let table = self.bring_home();
        table.expect("taken only by calls that end the value")
    }

    fn bring_home(&mut self) -> Option<SgTable<B>> {
        let mut table = self.table.take()?;
        let platform = &self.dma.told();
        let mut waits = false;
        for (element, lines) in table.elements.iter_mut().zip(&table.lines) {
            if let Lines::Stale(extent) = *lines {
                door::drop_stale(platform, element, extent);
                waits = true;
            }
        }
        if waits {
            platform.complete();
        }
        table.lines.clear();
        Some(table)
    }
}

impl<P: Platform, B: DmaBuffer> Drop for DeviceOwnedSg<'_, P, B> {
    fn drop(&mut self) {
        drop(self.bring_home());
    }
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction> MappedSg<'d, P, B, D> {
    /// Ends the mapping and leaves the buffers to the devices (`DMA_ATTR_SKIP_CPU_SYNC` on unmap): no
    /// cache operation for those that are mapped where they lie. Of one that bounced, be it by its edges,
    /// all bytes come home now.
    ///
    /// Context: any. Never fails, never waits (save for the pool's lock).
    pub fn unmap_skip_sync(self) -> DeviceOwnedSg<'d, P, B> {
        const {
            assert!(
                B::CPU_ACCESS,
                "shared buffers are the devices' anyway: `unmap`"
            )
        }
        let (link, mut held) = self.dismantle();
        link.end_forgotten_look::<B, D>(&mut held);
        let whole = Span::whole(held.table.bytes());
        link.bring_home_of::<B, D>(&mut held, whole, |piece, element| !piece.is_all_of(element));
        link.inspect_sg::<B, D>(&held);
        link.note_sg::<B, D>(Kind::UnmapSkipSync, &held);
        let SgTable {
            elements,
            pieces,
            lines,
            ..
        } = &mut held.table;
        for piece in pieces.iter() {
            let (element, lines) = (&elements[piece.element()], &mut lines[piece.element()]);
            *lines = if piece.is_all_of(element) {
                let all = Span::whole(piece.block().len());
                direct_lines_after::<D>(*lines, stale_part(piece, all, *lines), link.device)
            } else {
                // What came home is in the caches.
                Lines::Dirty
            };
        }
        link.release_all(&mut held.table);
        DeviceOwnedSg::new(link.dma, held.table)
    }
}

impl<P: Platform> Dma<P> {
    /// Lends to `device` a list that other devices had: without a cache operation, and never through a
    /// bounce buffer, not even for an edge (ATTR-2). Refused, it comes back as it was.
    ///
    /// Context: any; does not wait.
    pub fn map_sg_device_owned<'d, B: DmaBuffer, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        mut owned: DeviceOwnedSg<'d, P, B>,
        direction: D,
    ) -> Result<MappedSg<'d, P, B, D>, SgRefused<DeviceOwnedSg<'d, P, B>>> {
        let _ = direction;
        let table = owned.table.take();
        let table = table.expect("taken only by calls that end the value");
        let lent = self.lend_sg(device, table, Attrs::ALREADY_DEVICE_OWNED);
        lent.map_err(|SgRefused { error, table }: SgRefused<SgTable<B>>| {
            let table = DeviceOwnedSg::new(owned.dma, table);
            SgRefused::<_> { error, table }
        })
    }
}

impl<P: Platform, B: DmaBuffer> fmt::Debug for DeviceOwnedSg<'_, P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elements = self.table.as_ref().map_or(0, |table| table.elements.len());
        write!(f, "DeviceOwnedSg({elements} elements)")
    }
}
