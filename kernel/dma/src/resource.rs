//! Registers as the target of a device (`dma_map_resource`): peers on the bus, never RAM.
//!
//! They have a list of windows of their own (TR-5, HW-9), take no cache work and never bounce, whatever
//! `swiotlb=force` says (RES-2 to RES-4).

use crate::attrs::Attrs;
use crate::device::DmaDevice;
use crate::error::MapError;
use crate::layer::Dma;
use hal::{DmaAddr, PhysRange, Platform};

/// Registers that a device may be pointed at. Dropping it is all there is to an unmap.
#[derive(Debug)]
pub struct Resource<'d> {
    device: &'d DmaDevice,
    block: PhysRange,
    bus: DmaAddr,
}

impl<'d> Resource<'d> {
    /// The device that they were mapped for.
    pub fn device(&self) -> &'d DmaDevice {
        self.device
    }

    /// The registers, as the CPU finds them.
    pub fn block(&self) -> PhysRange {
        self.block
    }

    /// Where the device finds them.
    ///
    /// # Safety
    /// The address, and as many bytes as there are registers, are given to [`device`](Self::device)
    /// alone, for accesses that the owner of the registers agrees with.
    #[expect(
        unsafe_code,
        reason = "a device may do with registers what their driver may"
    )]
    pub unsafe fn addr(&self) -> DmaAddr {
        self.bus
    }
}

impl<P: Platform> Dma<P> {
    /// Shows the registers at `block` to `device`.
    ///
    /// Context: any; does not wait, and touches neither cache nor pool.
    pub fn map_resource<'d>(
        &'d self,
        device: &'d DmaDevice,
        block: PhysRange,
    ) -> Result<Resource<'d>, MapError> {
        if device.is_ram(block) {
            return Err(self.refuse(device, MapError::IsRam { block }, Attrs::NONE));
        }
        let Some(bus) = device.register_addr(block) else {
            let error = MapError::PeerUnseen {
                block,
                device: device.name(),
            };
            return Err(self.refuse(device, error, Attrs::NONE));
        };
        Ok(Resource { device, block, bus })
    }
}
