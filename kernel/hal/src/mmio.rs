//! Registers of a device block.

/// A block of 32-bit registers.
///
/// All accesses are 32 bits wide, as the chip demands. Reading takes `&mut self`, since a read may
/// change the device (FIFOs, status that clears). Accesses to one block stay in program order;
/// order between blocks, and between a block and RAM, is the caller's ([`Platform::publish`],
/// [`Platform::acquire`]).
///
/// [`Platform::publish`]: crate::Platform::publish
/// [`Platform::acquire`]: crate::Platform::acquire
pub trait Mmio: Send {
    /// Loads the register at `offset` bytes (a multiple of 4) into the block.
    fn read32(&mut self, offset: usize) -> u32;

    /// Stores `value` to the register at `offset` bytes (a multiple of 4) into the block.
    fn write32(&mut self, offset: usize, value: u32);
}

impl<M: Mmio + ?Sized> Mmio for &mut M {
    fn read32(&mut self, offset: usize) -> u32 {
        (**self).read32(offset)
    }

    fn write32(&mut self, offset: usize, value: u32) {
        (**self).write32(offset, value);
    }
}
