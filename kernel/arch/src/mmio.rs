//! Register blocks of devices, by pointer.
//!
//! Device-nGnRE memory keeps accesses to one block in program order; no reference to a register is
//! ever made.

#![expect(unsafe_code, reason = "registers are reached by raw pointers")]

use core::fmt;
use hal::layout::{DEVICE_BASE, PHYS_SPACE};
use hal::{Mmio, PhysRange};

/// Why a block cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MmioError {
    /// Start or length is not a multiple of 4.
    Misaligned(PhysRange),
    /// Not within the physical space that the device map shows.
    OutOfReach(PhysRange),
}

impl fmt::Display for MmioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misaligned(block) => write!(f, "registers at {block} are not words"),
            Self::OutOfReach(block) => {
                write!(f, "registers at {block} end above {PHYS_SPACE:#x}")
            }
        }
    }
}

/// A block of 32-bit registers in the device map.
///
/// # Invariants
/// `base` and `len` are multiples of 4; the block is mapped as Device memory for good.
#[derive(Debug)]
pub struct MmioRegion {
    base: usize,
    len: usize,
}

impl MmioRegion {
    /// The registers at `block`.
    ///
    /// # Safety
    /// `block` is a device's registers, mapped in the device map from now on, and nobody else
    /// drives them while the value lives.
    pub const unsafe fn new(block: PhysRange) -> Result<Self, MmioError> {
        if !block.is_aligned(4) {
            return Err(MmioError::Misaligned(block));
        }
        if block.end().get() > PHYS_SPACE {
            return Err(MmioError::OutOfReach(block));
        }
        Ok(Self {
            base: (DEVICE_BASE + block.start().get()) as usize,
            len: block.len() as usize,
        })
    }

    /// Virtual address of the block, for a foreign driver that takes one.
    pub const fn base(&self) -> usize {
        self.base
    }

    /// Bytes of the block.
    pub const fn size(&self) -> usize {
        self.len
    }

    /// Address of the register at `offset`. Panics on one outside: offsets are a driver's
    /// constants, so that is our own bug.
    #[inline]
    fn register(&self, offset: usize) -> *mut u32 {
        let inside = offset < self.len && offset.is_multiple_of(4);
        assert!(inside, "register {offset:#x} of a block of {:#x}", self.len);
        core::ptr::with_exposed_provenance_mut(self.base + offset)
    }
}

impl Mmio for MmioRegion {
    #[inline]
    fn read32(&mut self, offset: usize) -> u32 {
        let register = self.register(offset);
        // SAFETY: `register` lies in the block, which `new`'s caller vouched for.
        unsafe { register.read_volatile() }
    }

    #[inline]
    fn write32(&mut self, offset: usize, value: u32) {
        let register = self.register(offset);
        // SAFETY: as in `read32`.
        unsafe { register.write_volatile(value) };
    }
}
