//! A device description in the making: collects limits and refuses those that no device can have.

use crate::device::DmaDevice;
use crate::limits::Limits;
use crate::reach::{DmaMask, MAX_WINDOWS, Reach};
use crate::swiotlb::CHUNK;
use arrayvec::ArrayVec;
use core::fmt;
use hal::{DmaWindow, LINE};

/// A limit that no device can have. Reported at probe, before any mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitError {
    /// More windows than [`MAX_WINDOWS`].
    TooManyWindows {
        /// How many the bus has.
        found: usize,
    },
    /// The alignment mask is not of the form 2^n - 1 (DEV-1), or wider than a pool's chunk.
    AlignMask {
        /// The mask given.
        mask: u64,
    },
    /// The segment boundary mask is not of the form 2^n - 1.
    SegmentBoundary {
        /// The mask given.
        mask: u64,
    },
    /// The length granule is no power of two, or longer than a cache line.
    Granule {
        /// The granule given, in bytes.
        bytes: u64,
    },
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyWindows { found } => {
                write!(f, "{found} windows, at most {MAX_WINDOWS} fit")
            }
            Self::AlignMask { mask } => {
                write!(
                    f,
                    "alignment mask {mask:#x} is not 2^n - 1 below {CHUNK:#x}"
                )
            }
            Self::SegmentBoundary { mask } => {
                write!(f, "segment boundary {mask:#x} is not 2^n - 1")
            }
            Self::Granule { bytes } => {
                write!(
                    f,
                    "length granule of {bytes} bytes is no power of two up to {LINE}"
                )
            }
        }
    }
}

/// Collects a device's limits; [`build`](Self::build) checks them. There is no setter afterwards
/// (DEV-2).
#[derive(Clone, Debug)]
pub struct Builder {
    name: &'static str,
    windows: ArrayVec<DmaWindow, MAX_WINDOWS>,
    registers: ArrayVec<DmaWindow, MAX_WINDOWS>,
    windows_found: usize,
    mask: DmaMask,
    bus_limit: DmaMask,
    limits: Limits,
}

impl Builder {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            windows: ArrayVec::new(),
            registers: ArrayVec::new(),
            windows_found: 0,
            mask: DmaMask::bits(32),
            bus_limit: DmaMask::bits(64),
            limits: Limits {
                coherent: false,
                granule: 1,
                min_align_mask: 0,
                seg_boundary_mask: u64::MAX,
            },
        }
    }

    /// The windows onto RAM (`dma-ranges` of every bus above it). None: identity.
    pub fn windows(mut self, windows: &[DmaWindow]) -> Self {
        self.windows_found = self.windows_found.max(windows.len());
        self.windows = windows.iter().copied().take(MAX_WINDOWS).collect();
        self
    }

    /// The windows onto registers (`ranges` of every bus above it).
    pub fn register_windows(mut self, windows: &[DmaWindow]) -> Self {
        self.windows_found = self.windows_found.max(windows.len());
        self.registers = windows.iter().copied().take(MAX_WINDOWS).collect();
        self
    }

    /// The highest address the device itself can emit.
    pub fn mask(mut self, mask: DmaMask) -> Self {
        self.mask = mask;
        self
    }

    /// The highest address that every bridge above it passes.
    pub fn bus_limit(mut self, limit: DmaMask) -> Self {
        self.bus_limit = limit;
        self
    }

    /// The device snoops the caches.
    pub fn coherent(mut self) -> Self {
        self.limits.coherent = true;
        self
    }

    /// Lengths are multiples of `bytes`.
    pub fn granule(mut self, bytes: u64) -> Self {
        self.limits.granule = bytes;
        self
    }

    /// Address bits that bouncing must keep.
    pub fn min_align_mask(mut self, mask: u64) -> Self {
        self.limits.min_align_mask = mask;
        self
    }

    /// Addresses that no segment crosses.
    pub fn seg_boundary_mask(mut self, mask: u64) -> Self {
        self.limits.seg_boundary_mask = mask;
        self
    }

    /// The device, if such a device can exist.
    pub fn build(self) -> Result<DmaDevice, LimitError> {
        self.check()?;
        let reach = Reach {
            windows: self.windows,
            mask: self.mask,
            bus_limit: self.bus_limit,
        };
        Ok(DmaDevice::new(
            self.name,
            reach,
            self.registers,
            self.limits,
        ))
    }

    fn check(&self) -> Result<(), LimitError> {
        let Limits {
            granule,
            min_align_mask,
            seg_boundary_mask,
            ..
        } = self.limits;
        if self.windows_found > MAX_WINDOWS {
            return Err(LimitError::TooManyWindows {
                found: self.windows_found,
            });
        }
        if !is_low_mask(min_align_mask) || min_align_mask >= CHUNK {
            return Err(LimitError::AlignMask {
                mask: min_align_mask,
            });
        }
        if !is_low_mask(seg_boundary_mask) {
            return Err(LimitError::SegmentBoundary {
                mask: seg_boundary_mask,
            });
        }
        if !granule.is_power_of_two() || granule > LINE {
            return Err(LimitError::Granule { bytes: granule });
        }
        Ok(())
    }
}

/// Is `mask` 2^n - 1?
const fn is_low_mask(mask: u64) -> bool {
    mask & mask.wrapping_add(1) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use hal::{DmaAddr, PhysAddr, PhysRange};

    fn window(phys: u64, bus: u64, len: u64) -> DmaWindow {
        let phys = PhysRange::new(PhysAddr::new(phys), len).expect("valid");
        DmaWindow::new(phys, DmaAddr::new(bus)).expect("valid")
    }

    #[test]
    fn dev_1_masks_that_are_not_all_ones_from_the_bottom_are_refused() {
        let refused = DmaDevice::builder("d").min_align_mask(0xF0F).build();
        assert_eq!(refused.err(), Some(LimitError::AlignMask { mask: 0xF0F }));
        let refused = DmaDevice::builder("d").seg_boundary_mask(0x1000).build();
        assert_eq!(
            refused.err(),
            Some(LimitError::SegmentBoundary { mask: 0x1000 })
        );
        assert!(
            DmaDevice::builder("d")
                .min_align_mask(0xFFF)
                .build()
                .is_ok()
        );
    }

    #[test]
    fn a_granule_must_be_a_power_of_two_within_a_line() {
        for bytes in [0, 3, 128] {
            let refused = DmaDevice::builder("d").granule(bytes).build();
            assert_eq!(refused.err(), Some(LimitError::Granule { bytes }));
        }
    }

    #[test]
    fn too_many_windows_are_refused_not_cut() {
        let many = [window(0, 0, 1); MAX_WINDOWS + 1];
        let refused = DmaDevice::builder("d").windows(&many).build();
        assert_eq!(
            refused.err(),
            Some(LimitError::TooManyWindows {
                found: MAX_WINDOWS + 1
            })
        );
    }

    #[test]
    fn tr_5_registers_are_found_through_their_own_windows() {
        let device = DmaDevice::builder("d")
            .windows(&[window(0, 0xC000_0000, 0x4000_0000)])
            .register_windows(&[window(0xFE00_0000, 0x7E00_0000, 0x180_0000)])
            .build()
            .expect("valid");
        let fifo = PhysRange::new(PhysAddr::new(0xFE20_2000), 4).expect("valid");
        assert_eq!(device.register_addr(fifo), Some(DmaAddr::new(0x7E20_2000)));
        let ram = PhysRange::new(PhysAddr::new(0x1000), 4).expect("valid");
        assert_eq!(device.register_addr(ram), None);
    }
}
